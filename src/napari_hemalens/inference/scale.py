"""How large a pixel is, read off the red cells.

Size is what a detector trips over, and few images carry it.
A red cell of a smear is 7.2 um across (Turgeon, Clinical Hematology: 6-8 um); detectors see it at
any size within their zoom. The slide is looked at as if a pixel were this large, then that; the
guess that agrees with the red cells found under it is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

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
    """

    pixel_size_um: float
    weight: float


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

    Yields before each guess and after each of its tiles, so that whoever stops it waits for one tile at most.
    """
    guesses, count = [], len(_GUESSES_UM)
    quick = recipe.model_copy(update={"score_threshold": _SURE, "tile": _SIDE, "batch": 1})
    for i, size in enumerate(_GUESSES_UM):
        region = middle(slide.shape, round(_SIDE * detector.card.pixel_size_um / size))
        origin = Provenance(pixel_size_um=size)
        words = f"reading the pixel size off the red cells: {size:g} µm?"
        yield Progress(i, count, words)
        looking = detect_steps(slide, detector, quick, provenance=origin, region=region)
        found = yield from _saying(words, stage(looking, i / count, (i + 1) / count))
        guesses.append(judge_guess(found, size, region))
    return best(guesses)


def _saying(words: str, steps: Steps[Detections]) -> Steps[Detections]:
    """Tell of steps in other words, and without the cells so far: at a wrong size, they are none."""
    while True:
        try:
            step = next(steps)
        except StopIteration as ended:
            return ended.value  # type: ignore[no-any-return]
        yield replace(step, message=words, partial=None)


def middle(shape: tuple[int, int], side: int) -> tuple[int, int, int, int]:
    """Return a square of `side` pixels in the middle of an image, or all of it."""
    height, width = shape
    y0, x0 = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return y0, x0, min(height, y0 + side), min(width, x0 + side)


def judge_guess(found: Detections, guess_um: float, region: Region) -> Guess:
    """Judge a guess by the red cells found under it in a region; those that its edge cuts have no size."""
    red = found.take(found.class_names == "erythrocyte")
    y0, x0, y1, x1 = region
    inside = np.concatenate([red.boxes[:, :2] - (y0, x0), (y1, x1) - red.boxes[:, 2:]], axis=1)  # to the four edges
    whole = (inside > _EDGE * np.sqrt(red.areas)[:, None]).all(axis=1)
    if not whole.any():
        return Guess(guess_um, 0.0)
    diameters = np.sqrt(red.areas[whole])
    implied = RED_CELL_UM / float(np.median(diameters))
    agreement = float(np.exp(-4 * np.log(implied / guess_um) ** 2))
    return Guess(implied, agreement * float(red.areas.sum()) / ((y1 - y0) * (x1 - x0)))


def best(guesses: Sequence[Guess]) -> float | None:
    """Return the pixel size that most speaks for, None where nothing does."""
    winner = max(guesses, key=lambda guess: guess.weight)
    return winner.pixel_size_um if winner.weight > 0 else None
