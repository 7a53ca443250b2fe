"""What finds the cells of a slide: a detector, and where there is one, a classifier that names the nucleated cells."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import torch

from napari_hemalens._version import __version__
from napari_hemalens.config.options import BY_DETECTOR, DetectionRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.inference.detection import detect_steps
from napari_hemalens.inference.naming import hypotheses, name_cells_steps
from napari_hemalens.inference.scale import pixel_size_steps
from napari_hemalens.models.cards import ClassifierCard, DetectorCard
from napari_hemalens.models.detector_protocol import Detector, NetworkDetector
from napari_hemalens.models.runtimes import Runtime, TorchRuntime, run_on_steps
from napari_hemalens.models.storage import load_detector
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import Steps, stage
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.region import Region
from napari_hemalens.slides.slide import Slide

_DETECTING = 0.8  # of the time; naming takes the rest where a field has as many nucleated cells as marrow has


@dataclass(frozen=True, slots=True)
class CellFinder:
    """A detector and what names its cells.

    Attributes
    ----------
    detector : Detector
        Ready to run.
    namer : NetworkClassifier or None
        Names nucleated cells; None: the detector does.
    runtime : Runtime
        What computes both.
    """

    detector: Detector
    namer: NetworkClassifier | None = None
    runtime: Runtime = field(default_factory=TorchRuntime)

    @classmethod
    def load_steps(cls, card: DetectorCard, recipe: DetectionRecipe, device: torch.device) -> Steps[Self]:
        """Load a detector, and the classifier that the recipe or the card names; yields where that takes time.

        Raises
        ------
        WeightsError
            If weights are missing, or the classifier's crops are not such as a detected cell has.
        DeviceError
            If the recipe's runtime cannot compute them here.
        """
        return (yield from run_on_steps(recipe, device, cls.load(card, recipe, device).on_steps))

    @classmethod
    def load(cls, card: DetectorCard, recipe: DetectionRecipe, device: torch.device) -> Self:
        """Return the same as it was trained; see `load_steps`."""
        named_by = naming_card(card, recipe)
        namer = None if named_by is None else NetworkClassifier.load(named_by, device)
        return cls(NetworkDetector(load_detector(card, device), card), namer)

    def on_steps(self, runtime: Runtime) -> Steps[Self]:
        """Return the same on a runtime; yields where that takes time."""
        detector: Any = self.detector
        namer = None if self.namer is None else (yield from self.namer.on_steps(runtime))
        fast = yield from runtime.detector_steps(detector.network)
        return replace(
            self,
            detector=replace(detector, network=fast, precision=runtime.torch_precision),
            namer=namer,
            runtime=runtime,
        )

    def find_steps(
        self, slide: Slide, recipe: DetectionRecipe, *, provenance: Provenance, region: Region | None = None
    ) -> Steps[Detections]:
        """Find the cells of a slide, and name them; see `detection.detect_steps`.

        Without `recipe.one_class_per_cell`, a cell is returned under every class that is likely enough.
        """
        if self.namer is None:
            return (yield from detect_steps(slide, self.detector, recipe, provenance=provenance, region=region))
        each_once = recipe.model_copy(update={"one_class_per_cell": True})
        detection = detect_steps(slide, self.detector, each_once, provenance=provenance, region=region)
        found = yield from stage(detection, 0, _DETECTING)
        size = provenance.pixel_size_um or self.detector.card.pixel_size_um
        names = name_cells_steps(slide, found, self.namer, recipe, pixel_size_um=size)
        named = yield from stage(names, _DETECTING, 1)
        return named if recipe.one_class_per_cell else hypotheses(named)


def origin_steps(finder: CellFinder, slide: Slide, recipe: DetectionRecipe) -> Steps[Provenance]:
    """Return where the cells of a slide will be from, its pixel size with it; yields where that is estimated."""
    size, source = yield from pixel_size_steps(slide, finder.detector, recipe)
    card, namer = finder.detector.card, None if finder.namer is None else finder.namer.card
    return Provenance(
        image=slide.name,
        pixel_size_um=size,
        pixel_size_source=source,
        weights=card.name,
        sha256=card.sha256,
        recipe=recipe.model_dump(mode="json"),
        versions={"napari-hemalens": __version__, **finder.runtime.versions},
        licences={each.name: each.terms for each in (card, namer) if each is not None},
        naming={} if namer is None else {namer.name: namer.sha256},
        frame=slide.frame,
    )


def naming_card(card: DetectorCard, recipe: DetectionRecipe) -> ClassifierCard | None:
    """Return the card of the classifier that names what a detector finds; None: the detector does.

    Raises
    ------
    WeightsError
        If there is no such card, or its crops are not such as a detected cell has.
    """
    name = recipe.naming or card.naming
    if name is None or name == BY_DETECTOR:
        return None
    namer = classifier_card(name)
    if namer.crop.needs_labels:
        raise WeightsError(
            f"The weights {namer.name} do not name detected cells, since their crops need labels; weights of the task "
            "nucleated do."
        )
    return namer.seeing(recipe.views)
