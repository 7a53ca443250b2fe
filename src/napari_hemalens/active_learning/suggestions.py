"""The cells of images that a person should name next, by what a classifier makes of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.active_learning.acquisition import Pool, margins, order
from napari_hemalens.config.active_learning import SuggestionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.inference.classifier import (
    NetworkClassifier,
    batch_size,
    calibrated,
    check_same_image,
    name_and_embed,
)
from napari_hemalens.inference.crops import crop_width, crops
from napari_hemalens.progress import Progress, Steps, counted
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.slide import Slide


@dataclass(frozen=True, slots=True, eq=False)
class LookedCells:
    """The cells of one image, and what a classifier makes of them.

    Attributes
    ----------
    ids : (N,) int64
        Their numbers in the label image.
    centres : (N, 2) float64
        y, x in level-0 pixels.
    width : float
        Of their crops, in level-0 pixels.
    probabilities : (N, K) float32
        In 0-1, calibrated.
    embeddings : (N, D) float32
        What is seen of each.
    """

    ids: NDArray[np.int64]
    centres: NDArray[np.float64]
    width: float
    probabilities: NDArray[np.float32]
    embeddings: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Suggestions:
    """Cells to name, those to begin with first.

    Attributes
    ----------
    images : (n,) int64
        Which of the images each lies in.
    rows : (n,) int64
        Which of the cells of that image it is.
    ids : (n,) int64
        Its number in the label image.
    centres : (n, 2) float64
        y, x in level-0 pixels.
    classes : (n,) int64
        The likeliest class.
    scores, margins : (n,) float32
        Its probability, and by how much it leads the second, in 0-1.
    """

    images: NDArray[np.int64]
    rows: NDArray[np.int64]
    ids: NDArray[np.int64]
    centres: NDArray[np.float64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float32]
    margins: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ids)


def look_steps(
    slide: Slide, cells: CellMap, classifier: NetworkClassifier, *, pixel_size_um: float | None
) -> Steps[LookedCells]:
    """Look at all cells of an image; yields after every batch.

    Parameters
    ----------
    slide : Slide
        The image.
    cells : CellMap
        Its cells, at least one.
    classifier : NetworkClassifier
        Ready to run.
    pixel_size_um : float, optional
        Micrometres a level-0 pixel; needed where crops are in micrometres.

    Raises
    ------
    ImageError
        If labels and image differ in shape, or the pixel size is needed and not known.
    """
    check_same_image(slide, cells)
    width = crop_width(cells, classifier.card.crop, pixel_size_um)
    said: dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    for which, pixels in crops(slide, cells, classifier.card.crop, width=width, batch=batch_size(classifier.device)):
        for row, *found in zip(which.tolist(), *_said(classifier, pixels), strict=True):
            said[row] = (found[0], found[1])
        yield Progress(len(said), len(cells), f"cell {len(said):,} of {len(cells):,}")
    probabilities, embeddings = (np.stack([said[row][part] for row in range(len(cells))]) for part in (0, 1))
    return LookedCells(cells.ids.astype(np.int64), cells.centres, width, probabilities, embeddings)


def _said(classifier: NetworkClassifier, pixels: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    logits, embeddings = name_and_embed(classifier, pixels)
    return calibrated(logits, classifier.card).cpu().numpy(), embeddings.cpu().numpy()


def suggest(looked: Sequence[LookedCells], named: Sequence[NDArray[np.int64]], recipe: SuggestionRecipe) -> Suggestions:
    """Return the cells to name next, of all images together.

    Parameters
    ----------
    looked : sequence of LookedCells
        One for each image.
    named : sequence of (m,) int64
        For each image, the numbers of the cells that have a name already.
    recipe : SuggestionRecipe
        Strategy and number.

    Raises
    ------
    AnnotationError
        If no cell is left.
    """
    cells = sum(map(len, looked))
    left = cells - sum(int(np.isin(of.ids, known).sum()) for of, known in zip(looked, named, strict=True))
    if not left:
        there = f"{counted(cells, 'cell')} in {counted(len(looked), 'image')}"
        raise AnnotationError(f"No cell is left to name: {f'all {there} have a name' if cells else there}.")
    images = np.repeat(np.arange(len(looked)), [len(of) for of in looked])
    rows = np.concatenate([np.arange(len(of)) for of in looked])
    has_name = np.concatenate([np.isin(of.ids, known) for of, known in zip(looked, named, strict=True)])
    probabilities = np.concatenate([of.probabilities for of in looked])
    embeddings = np.concatenate([of.embeddings for of in looked])
    pool = Pool(embeddings, probabilities, has_name, seed=recipe.seed)
    chosen = order(recipe.strategy, pool, recipe.first)
    return Suggestions(
        images=images[chosen].astype(np.int64),
        rows=rows[chosen].astype(np.int64),
        ids=np.concatenate([of.ids for of in looked])[chosen],
        centres=np.concatenate([of.centres for of in looked])[chosen],
        classes=probabilities[chosen].argmax(axis=1).astype(np.int64),
        scores=probabilities[chosen].max(axis=1),
        margins=margins(probabilities[chosen]).astype(np.float32),
    )
