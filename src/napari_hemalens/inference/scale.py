"""How large a pixel is, read off the red cells.

Size is what a detector trips over, and few images carry it.
A red cell of a smear is 7.2 um across (Turgeon, Clinical Hematology: 6-8 um); detectors see it at
any size within their zoom. The slide is looked at as if a pixel were this large, then that; the
guess that agrees with the red cells found under it is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.detection import detect_steps
from napari_hemalens.models.detector_protocol import Detector
from napari_hemalens.progress import Progress, Steps, stage
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.region import Region
from napari_hemalens.slides.slide import Slide

RED_CELL_UM = 7.2
_GUESSES_UM = (0.05, 0.075, 0.11, 0.165, 0.25, 0.37)
_SIDE = 640  # network pixels of the part that is looked at
_EDGE = 0.05  # of its diameter: how far from the edge of what is looked at a red cell is whole
_SURE = 0.7  # score threshold of a red cell that counts
_PLACES = ((0.5, 0.5), (0.25, 0.25), (0.75, 0.75), (0.25, 0.75), (0.75, 0.25))  # of height and width, one by one
_ENOUGH = 5  # whole red cells; of fewer, the check of images concludes nothing either


FoundIn: TypeAlias = tuple[Detections, Region]
"""What was found in a region, as if pixels were of some size."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One guess, and what speaks for it.

    Attributes
    ----------
    pixel_size_um : float
        As read off the red cells found.
    weight : float
        Share of the part looked at that sure red cells cover, less where they are of the wrong
        size for the guess.
    cells : int
        Whole red cells that it rests on.
    """

    pixel_size_um: float
    weight: float
    cells: int = 0


def pixel_size_steps(slide: Slide, detector: Detector, recipe: DetectionRecipe) -> Steps[tuple[float | None, str]]:
    """Return micrometres a level-0 pixel and where that is from: given, the image, or estimated."""
    if recipe.pixel_size_um is not None:
        return recipe.pixel_size_um, "given"
    if slide.pixel_size_um is not None:
        return slide.pixel_size_um, "image"
    estimate = yield from estimate_pixel_size_steps(slide, detector, recipe)
    return estimate, "unknown" if estimate is None else "estimated"


def estimating_share(slide: Slide, recipe: DetectionRecipe, region: Region | None = None) -> float:
    """Return what part of the time of a run, in 0-1, estimating the pixel size takes; 0 where it is known."""
    if recipe.pixel_size_um is not None or slide.pixel_size_um is not None:
        return 0.0
    y0, x0, y1, x1 = region or (0, 0, *slide.shape)
    looked_at = len(_GUESSES_UM) * _SIDE**2
    return looked_at / (looked_at + (y1 - y0) * (x1 - x0))


def estimate_pixel_size_steps(slide: Slide, detector: Detector, recipe: DetectionRecipe) -> Steps[float | None]:
    """Estimate micrometres a level-0 pixel; None where no red cell is seen at any size.

    The middle of the image is looked at and, until there are enough whole red cells, those of its quarters: one part of
    a large image may hold none, or a few that are unlike the rest.
    Yields before each guess and after each of its tiles, so that whoever stops it waits for one tile at most.
    """
    looks: dict[float, list[FoundIn]] = {size: [] for size in _GUESSES_UM}
    quick = recipe.model_copy(update={"score_threshold": _SURE, "tile": _SIDE, "batch": 1})
    roomy = [size for size in _GUESSES_UM if 2 * _side(detector, size) <= min(slide.shape)]
    done = 0.0
    for place in _PLACES if roomy else _PLACES[:1]:
        sizes = [size for size in _GUESSES_UM if size in roomy or not looks[size]]
        for i, size in enumerate(sizes):
            region = square(slide.shape, _side(detector, size), place)
            origin = Provenance(pixel_size_um=size)
            looking = detect_steps(slide, detector, quick, provenance=origin, region=region)
            words = f"reading the pixel size off the red cells: {size:g} µm?"
            share = done + (1 - done) * (0.5 if roomy else 1) * np.array([i, i + 1]) / len(sizes)
            yield Progress(0, 0, words, at=float(share[0]))
            looks[size].append(((yield from _saying(words, stage(looking, *share.tolist()))), region))
        done += (1 - done) / 2  # how many places it takes is not known
        guesses = [judge_guess(found, size) for size, found in looks.items()]
        if max(guesses, key=_weight).cells >= _ENOUGH:
            break
    return best(guesses)


def _side(detector: Detector, size: float) -> int:
    """Return how many pixels of an image are looked at, along each side, if they were of a size in micrometres."""
    return round(_SIDE * detector.card.pixel_size_um / size)


def _saying(words: str, steps: Steps[Detections]) -> Steps[Detections]:
    """Tell of steps in other words, and without the cells so far: at a wrong size, they are none."""
    while True:
        try:
            step = next(steps)
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]
        yield replace(step, message=words, partial=None)


def square(shape: tuple[int, int], side: int, place: tuple[float, float] = (0.5, 0.5)) -> Region:
    """Return a square of `side` pixels about a place, in shares of height and width, as far as it is in the image."""
    height, width = shape
    y0, x0 = (max(0, int(length * share) - side // 2) for length, share in zip(shape, place, strict=True))
    return y0, x0, min(height, y0 + side), min(width, x0 + side)


def judge_guess(looks: Sequence[FoundIn], guess_um: float) -> Guess:
    """Judge a guess by the red cells found under it in some regions; those that an edge cuts have no size."""
    diameters, covered, seen = [np.zeros(0)], 0.0, 0
    for found, (y0, x0, y1, x1) in looks:
        red = found.take(found.class_names == "erythrocyte")
        diameters.append(np.sqrt(red.areas[are_whole(red, (y0, x0, y1, x1))]))
        covered, seen = covered + float(red.areas.sum()), seen + (y1 - y0) * (x1 - x0)
    every = np.concatenate(diameters)
    if not len(every):
        return Guess(guess_um, 0.0)
    implied = RED_CELL_UM / float(np.median(every))
    agreement = float(np.exp(-4 * np.log(implied / guess_um) ** 2))
    return Guess(implied, agreement * covered / seen, len(every))


def are_whole(cells: Detections, region: Region) -> NDArray[np.bool_]:
    """Return which cells (N,) no edge of what was looked at cuts: only those show how large they are."""
    y0, x0, y1, x1 = region
    inside = np.concatenate([cells.boxes[:, :2] - (y0, x0), (y1, x1) - cells.boxes[:, 2:]], axis=1)  # to the edges
    return np.asarray((inside > _EDGE * np.sqrt(cells.areas)[:, None]).all(axis=1))


def best(guesses: Sequence[Guess]) -> float | None:
    """Return the pixel size that most speaks for, None where nothing does."""
    winner = max(guesses, key=_weight)
    return winner.pixel_size_um if winner.weight > 0 else None


def _weight(guess: Guess) -> float:
    return guess.weight
