"""The form of int8 of a detector: fitted to images of the user's, measured with what names its cells, kept.

It is kept only where little is lost on annotated images: average precision, and cells of known class named right.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.evaluation.detection import (
    count_once,
    detect_all_steps,
    detect_in,
    map_to_taxonomy,
    measure_precision,
    shared_taxonomy,
)
from napari_hemalens.evaluation.known_cells import find_known_steps
from napari_hemalens.formats import AnnotatedPart
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.inference.naming import hypotheses
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.converted import parts_of, quantised_file
from napari_hemalens.models.int8_cards import AP, LOSSES, NAMED, Int8Card, Measured, folder_of
from napari_hemalens.models.quantised import Given, quantise, recording
from napari_hemalens.models.runtimes import OpenVinoRuntime, forget
from napari_hemalens.progress import Progress, Steps, counted
from napari_hemalens.records.taxonomy import taxonomy as taxonomy_called
from napari_hemalens.slides.open import open_image


@dataclass(frozen=True, slots=True, eq=False)
class Yardsticks:
    """What a form is measured on, besides the images that it is fitted to.

    Attributes
    ----------
    data : AnnotatedPart or None
        Images whose cells are all annotated, for average precision.
    taxonomy : str or None
        By which classes; None: those that detector and images share (`detection.shared_taxonomy`).
    cells : CellTable or None
        Cells of known class in images whose other cells may be unlabelled.
    """

    data: AnnotatedPart | None = None
    taxonomy: str | None = None
    cells: CellTable | None = None

    def steps(self, finder: CellFinder, recipe: DetectionRecipe) -> Steps[dict[str, tuple[str, float]]]:
        """Return of each measure what it is on, and its value."""
        found: dict[str, tuple[str, float]] = {}
        if self.data is not None:
            truth = self.data.read()
            cells = yield from detect_all_steps(truth, finder, recipe)
            by = taxonomy_called(self.taxonomy) if self.taxonomy else shared_taxonomy(truth, cells[0].recognised)
            precision = measure_precision(
                [map_to_taxonomy(hypotheses(each), by) for each in cells],
                [each.to_taxonomy(by) for each in count_once(cells)],
                [each.to_taxonomy(by) for each in truth],
                threshold=finder.detector.card.score_threshold,
            )
            on = f"{self.data.path.name}, {self.data.split}, {counted(len(truth), 'image')}"
            found[AP] = on, float(precision.overall["AP"])
        if self.cells is not None:
            known = yield from find_known_steps(self.cells, finder, recipe)
            found[NAMED] = f"{counted(len(known), 'cell')} of known class", known.named_right()
        return found


def quantise_steps(images: Sequence[Path], recipe: DetectionRecipe, yardsticks: Yardsticks) -> Steps[Int8Card]:
    """Make, measure and keep a form; see `workflows.quantise_weights_steps`."""
    card, cpu = weights.detector_card(recipe.weights), device.choose("cpu")
    single_recipe = recipe.model_copy(update={"device": "cpu", "precision": "single", "runtime": "openvino"})
    single = yield from CellFinder.load_steps(card, single_recipe, cpu)
    given = yield from _given_steps(single, images, single_recipe)
    calibration = _digest(given)
    with tempfile.TemporaryDirectory() as made:
        for at, (part, calls) in enumerate(given.items()):
            yield Progress(at, len(given), "rounding to 8 bits")
            quantise(part, calls, {"calibration": calibration}).write(quantised_file(Path(made), part.key))
        runtime = OpenVinoRuntime("int8", Path(made))
        int8 = yield from CellFinder.load(card, single_recipe, cpu).on_steps(runtime)
        measured = yield from _measured_steps(yardsticks, {"single": single, "int8": int8}, single_recipe)
        _refuse(card, measured)
        form = Int8Card(
            weights={card.name: card.sha256},
            calibration=calibration,
            images=tuple(str(image) for image in images),
            measured=measured,
            versions={**runtime.versions, "nncf": version("nncf")},
        )
        _keep(form, card, made)
    return form


def _given_steps(finder: CellFinder, images: Sequence[Path], recipe: DetectionRecipe) -> Steps[Given]:
    """Return what the parts of a detector are called with on images."""
    detector: Any = finder.detector
    alone = replace(finder, namer=None)  # which stays in 32 bits
    with recording(parts_of(detector.network)) as given:
        for at, image in enumerate(images):
            with open_image(image, pixel_size_um=recipe.pixel_size_um) as slide:
                detect_in(slide, alone, recipe)
            yield Progress(at + 1, len(images), image.name)
    return given


def _measured_steps(
    yardsticks: Yardsticks, finders: Mapping[str, CellFinder], recipe: DetectionRecipe
) -> Steps[tuple[Measured, ...]]:
    single = yield from yardsticks.steps(finders["single"], recipe)
    int8 = yield from yardsticks.steps(finders["int8"], recipe)
    return tuple(Measured(of, on, value, int8[of][1]) for of, (on, value) in single.items())


def _refuse(card: DetectorCard, measured: Sequence[Measured]) -> None:
    """Raise if more is lost than may be."""
    lost = [each.sentence for each in measured if each.too_much]
    if lost:
        raise WeightsError(
            f"The form of int8 of {card.name} loses too much and is not kept: {'; '.join(lost)}. Less than "
            f"{LOSSES[AP]} of AP and {LOSSES[NAMED]} of the cells named right may be lost; give more, or more typical "
            "images."
        )


def _digest(given: Given) -> str:
    digest = hashlib.sha256()
    for part, calls in given.items():
        digest.update(part.key.encode())
        for images in calls:
            for image in images:
                digest.update(image.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _keep(form: Int8Card, card: DetectorCard, made: str) -> None:
    """Take the files of a form into the user's cache folder, and its card last."""
    for file in sorted(Path(made).iterdir()):
        with writing(folder_of() / file.name) as whole:
            shutil.copyfile(file, whole)
    form.write(card.sha256)
    forget("int8")
