"""Training of a detector on annotated images: pretraining, training, choice of the threshold, weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.errors import AnnotationError, TrainingError
from napari_hemalens.evaluation.detection import fill_pixel_size
from napari_hemalens.evaluation.tuning import choose_threshold_steps, write_card
from napari_hemalens.formats import read_annotations
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detectors import CellDetector, build_detector
from napari_hemalens.models.preprocess import Preprocess
from napari_hemalens.models.storage import known_to, save_network, start_body_from, start_from
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import CELL_CLASSES, known_as
from napari_hemalens.training.classification_pretraining import CellNamer, SingleCells, pretraining_recipe
from napari_hemalens.training.datasets import TrainingFields
from napari_hemalens.training.fit import fit_steps
from napari_hemalens.training.refinement_alone import RefinementAlone
from napari_hemalens.training.run_folder import data_hash, keep_recipe, plot_losses


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Annotated images to train on and to choose the score threshold on, and the classes of both."""

    train: tuple[Detections, ...]
    val: tuple[Detections, ...]
    classes: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """A hash of the annotations, and of names and sizes of the images."""
        fields = (*self.train, *self.val)
        sizes = np.array([field.provenance.pixel_size_um or 0.0 for field in fields])
        known = [array for field in fields for array in (field.boxes, field.class_names)]
        return data_hash([field.provenance.image for field in fields], sizes, *known)


def train_steps(
    data: Sequence[str | Path],
    recipe: DetectionTraining,
    new: weights.NewWeights,
    *,
    pixel_size_um: float | None,
    classes: Mapping[str, str] | None = None,
) -> Steps[DetectorCard]:
    """Train a detector; see `workflows.train_detection_steps`."""
    fields = read_data(data, pixel_size_um, classes)
    fields = replace(fields, classes=learned_classes(fields, recipe))
    recipe = recipe.for_few(len(fields.train))
    normalised = Preprocess(recipe.network.pixel_size_um).normalised
    keep_recipe(recipe, new.folder, fields.sha256)
    network = yield from initialise_steps(fields, recipe, new.folder)
    images = TrainingFields(fields.train, fields.classes, recipe)
    learner = network if recipe.learn == "all" else RefinementAlone(network)
    yield from fit_steps(learner, images, recipe, new.folder, normalised=normalised)
    plot_losses(new.folder)
    yield Progress(0, 0, "choosing the score threshold")
    return (yield from pack_steps(network, fields, recipe, new))


def initialise_steps(fields: TrainingData, recipe: DetectionTraining, out: Path) -> Steps[CellDetector]:
    """Build a detector and initialise it: from weights, by classification pretraining in `out`, or at random."""
    torch.manual_seed(recipe.seed)
    network = build_detector(recipe.network, len(fields.classes))
    if recipe.start is not None and recipe.start_with == "body":
        start_body_from(network, weights.detector_card(recipe.start), recipe.network)
    elif recipe.start is not None:
        start_from(network, weights.detector_card(recipe.start), recipe.network, fields.classes)
    elif recipe.pretraining_epochs:
        cells = SingleCells(fields.train, fields.classes, recipe)
        namer, quick = CellNamer(network, len(fields.classes)), pretraining_recipe(recipe, len(cells))
        normalised = Preprocess(recipe.network.pixel_size_um).normalised
        yield from fit_steps(namer, cells, quick, out / "pretraining", normalised=normalised)
    return network


def read_data(
    data: Sequence[str | Path], pixel_size_um: float | None, classes: Mapping[str, str] | None = None
) -> TrainingData:
    """Read the parts 'train' and 'val' of every folder, classes called as told; a folder may lack 'val'."""
    train: list[Detections] = []
    val: list[Detections] = []
    for folder in data:
        train += fill_pixel_size(read_annotations(folder, split="train", classes=classes), pixel_size_um)
        try:
            val += fill_pixel_size(read_annotations(folder, split="val", classes=classes), pixel_size_um)
        except AnnotationError:
            continue
    if not val:
        raise TrainingError(f"No part 'val' in {', '.join(map(str, data))}: the score threshold is chosen on it.")
    return TrainingData(tuple(train), tuple(val), sort_classes({n for f in train for n in f.names}))


def learned_classes(fields: TrainingData, recipe: DetectionTraining) -> tuple[str, ...]:
    """Return the classes that have a cell to learn from, and those that the weights at the start know.

    A file may list classes that none of its cells has. Weights that took these for theirs would count 0 of what they
    never saw.

    Raises
    ------
    TrainingError
        If no class is left.
    """
    starts = recipe.start is not None and recipe.start_with != "body"
    known = weights.detector_card(str(recipe.start)).classes if starts else ()
    boxed = {str(name) for field in fields.train for name in np.unique(field.class_names)}
    kept = tuple(name for name in fields.classes if name in boxed or known_as(name, known))
    if not kept:
        raise TrainingError("The images to train on have no annotated cell.")
    return kept


def sort_classes(names: set[str]) -> tuple[str, ...]:
    """Return classes in the order of a report; unknown ones come last, by name."""
    ours = tuple(c.name for c in CELL_CLASSES if c.name in names)
    return ours + tuple(sorted(names - set(ours)))


def pack_steps(
    network: CellDetector,
    fields: TrainingData,
    recipe: DetectionTraining,
    new: weights.NewWeights,
) -> Steps[DetectorCard]:
    """Save a trained network, and measure the saved weights on the validation images."""
    unmeasured = save_weights(network, fields.classes, recipe, new)
    card = yield from choose_threshold_steps(unmeasured, fields.val, DetectionRecipe())
    write_card(card)
    return card


def save_weights(
    network: CellDetector,
    classes: Sequence[str],
    recipe: DetectionTraining,
    new: weights.NewWeights,
) -> DetectorCard:
    """Write the file of trained weights, and return their model card without measures.

    Where only box refinement was trained, on top of packed weights, the file holds only what those lack.
    """
    base = None
    if recipe.learn == "refinement" and recipe.start in weights.packed(DetectorCard):
        start = weights.detector_card(recipe.start)
        base = start if set(classes) <= set(start.classes) else None
    save_network(network, new.file, but=() if base is None else known_to(base, recipe.network))
    card = untuned_card(classes, recipe, new, sha256=weights.sha256(new.file))
    return card if base is None else card.model_copy(update={"base": base.name, "base_sha256": base.sha256})


def untuned_card(
    classes: Sequence[str], recipe: DetectionTraining, new: weights.NewWeights, *, sha256: str = ""
) -> DetectorCard:
    """Return the model card of weights before anything is measured, with a score threshold of 0.5."""
    preprocess = Preprocess(recipe.network.pixel_size_um)
    return DetectorCard(
        name=new.name,
        description=new.about.get("description", recipe.network.network),
        network=recipe.network,
        classes=tuple(classes),
        mean=preprocess.mean,
        std=preprocess.std,
        score_threshold=0.5,
        metrics={},
        data=new.about.get("data", ""),
        licence=new.about.get("licence", ""),
        training=recipe.model_dump(mode="json"),
        sha256=sha256,
        folder=new.folder,
    )
