"""The classes of the cells of one label image: crops in, probabilities out."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_hemalens.errors import DeviceError, ImageError
from napari_hemalens.inference.crops import CropSource, crop_width
from napari_hemalens.inference.device import moved
from napari_hemalens.inference.forward_passes import ForwardPasses
from napari_hemalens.inference.reading_ahead import read_ahead
from napari_hemalens.models.cards import ClassifierCard, ModelCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.novelty import Novelty
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.runtimes import Runtime, RuntimeOptions, TorchRuntime, run_on_steps
from napari_hemalens.models.storage import load_classifier, load_novelty
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.slides.slide import Slide

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NetworkClassifier:
    """A network that names crops, and its card.

    Attributes
    ----------
    network : CellClassifier
        In evaluation, on its device; maps normalised crops (N, C, side, side) to logits (N, K).
    card : ClassifierCard
        What it was trained for.
    novelty : Novelty or None
        Where its training cells lie in its embedding; None: not measured.
    passes : ForwardPasses
        How it is run.
    runtime : Runtime
        What computes it.
    """

    network: CellClassifier
    card: ClassifierCard
    novelty: Novelty | None = None
    passes: ForwardPasses = field(default_factory=ForwardPasses)
    runtime: Runtime = field(default_factory=TorchRuntime)

    @classmethod
    def load(cls, card: ClassifierCard, device: torch.device) -> Self:
        """Return the classifier of a model card as it was trained; see `storage.load_classifier` for errors."""
        return cls(load_classifier(card, device), card, load_novelty(card, device))

    @classmethod
    def load_steps(cls, card: ClassifierCard, recipe: RuntimeOptions, device: torch.device) -> Steps[Self]:
        """Return the classifier of a model card on the runtime of a recipe; yields where that takes time.

        It names alike, and faster; gradients need that of `load`.

        Raises
        ------
        WeightsError
            As `load`.
        DeviceError
            If the recipe's runtime cannot compute it here; or int8 is asked for, which detectors alone have.
        """
        if recipe.precision == "int8":
            raise DeviceError(
                "Precision int8 is for detectors, whose classifier is in 32 bits as well, since it names too few cells "
                "right in 8: choose single."
            )
        return (yield from run_on_steps(recipe, device, cls.load(card, device).on_steps))

    def on_steps(self, runtime: Runtime) -> Steps[Self]:
        """Return the same on a runtime; yields where that takes time."""
        network = yield from runtime.classifier_steps(self.network)
        return replace(self, network=network, passes=ForwardPasses(runtime.torch_precision), runtime=runtime)

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return next(self.network.parameters()).device

    def ahead(self, crops: Generator[T, None, None]) -> Generator[T, None, None]:
        """Return crops for the network, cut on a thread while it computes; see `reading_ahead`.

        Not where torch computes on the processor: cutting is torch's, too, and a second thread has threads of its own,
        which take the cores from those of the network.
        """
        alone = isinstance(self.runtime, TorchRuntime) and self.device.type == "cpu"
        return crops if alone else read_ahead(crops)


def classify_steps(
    slide: Slide, cells: CellMap, classifier: NetworkClassifier, *, provenance: Provenance, embed: bool = False
) -> Steps[Classified]:
    """Name the cells of a label image; yields after every batch, with the cells so far as `partial`.

    Parameters
    ----------
    slide : Slide
        The image.
    cells : CellMap
        Its cells, in level-0 pixels of the slide.
    classifier : NetworkClassifier
        Ready to run.
    provenance : Provenance
        Of the result; its pixel size is needed where crops are in micrometres.
    embed : bool
        Whether the embedding of each cell is kept.

    Raises
    ------
    ImageError
        If labels and image differ in shape.
    """
    check_same_image(slide, cells)
    card = classifier.card
    probabilities = np.full((len(cells), len(card.classes)), np.nan, dtype=np.float32)
    embeddings: NDArray[np.float32] | None = None
    done = 0
    if len(cells):
        source = CropSource.of(slide, cells, card.crop, width=crop_width(cells, card.crop, provenance.pixel_size_um))
        for which, said, seen in name_crops(source, np.arange(len(cells)), classifier, embed=embed):
            probabilities[which] = said
            if seen is not None:
                embeddings = np.empty((len(cells), seen.shape[1]), np.float32) if embeddings is None else embeddings
                embeddings[which] = seen
            done += len(which)
            partial = record_classes(cells, probabilities, card, provenance)
            yield Progress(done, len(cells), f"cell {done:,} of {len(cells):,}", partial)
    return replace(record_classes(cells, probabilities, card, provenance), embeddings=embeddings)


def name_crops(
    source: CropSource, rows: NDArray[np.int64], classifier: NetworkClassifier, *, embed: bool
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32] | None]]:
    """Yield which (n,) of some cells, probabilities (n, K) of their classes, and their embeddings (n, D) if wanted.

    Cells of one block of `source` are looked at together, with nothing of other blocks.
    """
    for which, pixels in classifier.ahead(source.crops(rows, batch=batch_size(classifier.device))):
        if embed:
            logits, seen = name_and_embed(classifier, pixels)
            yield which, calibrated(logits, classifier.card).cpu().numpy(), seen.cpu().numpy()
        else:
            yield which, _probabilities(classifier, pixels), None


def check_same_image(slide: Slide, cells: CellMap) -> None:
    """Refuse labels that are not as large as the image.

    Raises
    ------
    ImageError
        If labels and image differ in shape.
    """
    if cells.labels.shape != slide.shape:
        raise ImageError(
            f"The labels are {' x '.join(map(str, cells.labels.shape))} pixels, {slide} is "
            f"{' x '.join(map(str, slide.shape))}: they have to be of one image, at the same scale."
        )


def _probabilities(classifier: NetworkClassifier, pixels: Tensor) -> NDArray[np.float32]:
    at = moved(pixels, classifier.device)
    parts = classifier.passes.run(at, lambda some: probabilities_of(classifier.network, some, classifier.card))
    found: NDArray[np.float32] = torch.cat(parts).cpu().numpy()
    return found


def name_and_embed(classifier: NetworkClassifier, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return logits (N, K) and embeddings (N, D), float32, of crops (N, C, side, side) uint8 on any device."""

    @torch.inference_mode()
    def one_pass(some: Tensor) -> tuple[Tensor, Tensor]:
        return classifier.network.name_and_embed(prepared(some))

    parts = classifier.passes.run(moved(pixels, classifier.device), one_pass)
    logits, embeddings = (torch.cat(each).float() for each in zip(*parts, strict=True))
    return logits, embeddings


def prepared(pixels: Tensor) -> Tensor:
    """Return crops (N, C, side, side) uint8 as networks take them: normalised float32, channels last in memory."""
    return normalised(pixels).contiguous(memory_format=torch.channels_last)


def batch_size(device: torch.device) -> int:
    """Return how many crops go through the network at once; on a processor as many as its cache holds."""
    return 8 if device.type == "cpu" else 512


@torch.inference_mode()
def probabilities_of(network: nn.Module, pixels: Tensor, card: ClassifierCard) -> Tensor:
    """Return probabilities (N, K) in 0-1 for crops (N, C, side, side) uint8, calibrated by the card's temperature."""
    return calibrated(network(prepared(pixels)), card)


def calibrated(logits: Tensor, card: ClassifierCard) -> Tensor:
    """Return probabilities (N, K) in 0-1 for logits (N, K), by the card's temperature."""
    return (logits.float() / card.temperature).softmax(dim=1)


def record_classes(
    cells: CellMap, probabilities: NDArray[np.float32], card: ModelCard, provenance: Provenance
) -> Classified:
    """Return the record of the cells that were named so far: those whose probabilities (N, K) are numbers."""
    seen = np.flatnonzero(~np.isnan(probabilities[:, 0]))
    named = cells.take(seen)
    return Classified(
        ids=named.ids,
        probabilities=probabilities[seen],
        classes=card.decide(probabilities[seen]),
        names=card.classes,
        centres=named.centres,
        areas=named.areas,
        image_shape=cells.labels.shape,
        provenance=provenance,
    )
