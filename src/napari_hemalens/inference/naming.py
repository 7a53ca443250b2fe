"""The classes of detected cells: a classifier looks at each nucleated cell, at a fixed scale.

A detector finds cells in images of laboratories that it has never seen, and misnames them; a crop of one cell holds
more than the detector pools of it, and is learned from more laboratories.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.classifier import NetworkClassifier, batch_size, calibrated, name_and_embed
from napari_hemalens.inference.crops import cut
from napari_hemalens.models.novelty import Novelty
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.renaming import is_asked_about, with_names
from napari_hemalens.slides.slide import Slide

_FLOOR = 0.05  # probability from which a class is a hypothesis


def name_cells_steps(
    slide: Slide, found: Detections, classifier: NetworkClassifier, recipe: DetectionRecipe, *, pixel_size_um: float
) -> Steps[Detections]:
    """Name the nucleated cells among detected ones; yields after every batch.

    Red cells and platelets, kinds that the classifier does not know, and the score of every cell stay those of the
    detector.

    Parameters
    ----------
    slide : Slide
        The image.
    found : Detections
        Its cells, each once.
    classifier : NetworkClassifier
        Ready to run; its crops are in micrometres.
    recipe : DetectionRecipe
        Its tissue and tissue prior are used.
    pixel_size_um : float
        Micrometres a level-0 pixel.
    """
    rows, naming = asked_about(found, classifier.card.classes, recipe)
    windows, done = windows_of(found.take(rows), classifier.card.crop, pixel_size_um), 0
    for which, probabilities, novelty in look_at(slide, windows, classifier):
        naming.probabilities[rows[which]] = probabilities
        naming.novelty[rows[which]] = novelty
        done += len(which)
        yield Progress(done, len(rows), f"naming cell {done:,} of {len(rows):,}")
    return with_names(found, naming)


def asked_about(found: Detections, known: Sequence[str], recipe: DetectionRecipe) -> tuple[NDArray[np.int64], Naming]:
    """Return the rows (M,) of cells that a classifier of `known` classes is asked about, and what is said of none yet.

    Probabilities and novelty are written into the latter; see `name_cells_steps` for the rest.
    """
    asked = np.array([is_asked_about(name, known) for name in found.names], dtype=np.bool_)
    rows = np.flatnonzero(asked[found.classes])
    return rows, replace(Naming.none(known, len(found)), tissue=recipe.tissue if recipe.tissue_prior else None)


def windows_of(found: Detections, crop: CropRecipe, pixel_size_um: float) -> NDArray[np.float64]:
    """Return the squares (N, 4) that a classifier sees of cells: y0, x0, y1, x1 in level-0 pixels."""
    half = crop.width / pixel_size_um / 2
    centres = found.centres.astype(np.float64)
    return np.concatenate([centres - half, centres + half], axis=1)


def look_at(
    slide: Slide, windows: NDArray[np.float64], classifier: NetworkClassifier
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]]:
    """Yield rows (n,) of the windows (M, 4) of cells, the cells' probabilities (n, K) and their novelty (n,).

    Cells of one block of the slide (`crops.blocks_of`) are looked at together, with nothing of other blocks.
    """
    side = classifier.card.crop.side
    for which, pixels in classifier.ahead(cut(slide, windows, side=side, batch=batch_size(classifier.device))):
        yield which, *look(classifier, pixels)


def look(classifier: NetworkClassifier, pixels: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return probabilities (n, K) and novelty (n,) of crops (n, 3, side, side) uint8; NaN where it is not measured."""
    logits, embeddings = name_and_embed(classifier, pixels)
    probabilities: NDArray[np.float32] = calibrated(logits, classifier.card).cpu().numpy()
    novelty: Novelty | None = classifier.novelty
    if novelty is None:
        return probabilities, np.full(len(pixels), np.nan, dtype=np.float32)
    return probabilities, novelty.distance(embeddings).cpu().numpy()


def hypotheses(found: Detections) -> Detections:
    """Return each named cell under every class that is likely enough, its score times their probability.

    What average precision of all hypotheses is about; see `merging.one_class_per_cell` for what is counted.
    """
    if found.naming is None:
        return found
    asked = found.naming.asked
    index = np.array([found.names.index(name) for name in found.naming.names])
    probabilities = np.nan_to_num(found.naming.posterior)
    rows, of = np.nonzero(probabilities >= _FLOOR)
    others = found.take(~asked)
    scores = found.scores[rows] * probabilities[rows, of]
    return Detections.from_arrays(
        np.concatenate([others.boxes, found.boxes[rows]]),
        np.concatenate([others.scores, scores]),
        np.concatenate([others.classes, index[of]]),
        names=found.names,
        recognised=found.recognised,
        image_shape=found.image_shape,
        provenance=found.provenance,
    )


def rank(found: Detections) -> Detections:
    """Return the same cells, the score of each named one times the probability of its likeliest class."""
    if found.naming is None:
        return found
    certainty = np.where(found.naming.asked, found.naming.posterior.max(axis=1), 1)
    return replace(found, scores=(found.scores * certainty).astype(np.float32))
