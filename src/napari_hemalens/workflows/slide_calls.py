"""What a worker of a cluster does for a slide: a first look, tiles, names of cells. Each call opens what it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.cluster.worker import Kept
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder, origin_steps
from napari_hemalens.inference.image_check import with_notes
from napari_hemalens.inference.naming import look_at
from napari_hemalens.inference.tile_plan import TilePlan, plan_tiles
from napari_hemalens.inference.tile_runner import RawDetections, run_tiles
from napari_hemalens.models.weights import detector_card
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.colours import choose_colours
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.same_run import SameRun, check_packages

_MANY = 8  # tiles from which an image is shared among workers: reading it again in each then costs little

_FINDERS = Kept(1)
_SLIDES = Kept(2, Slide.close)  # the one at hand, and the one before, whose last tiles may still come

Named = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]
"""Rows (n,) of some cells, probabilities (n, K) of their classes, and novelty (n,)."""


@dataclass(frozen=True, slots=True)
class SlideJob:
    """A slide, and how its cells are found.

    Attributes
    ----------
    same : SameRun
        What every worker needs to have.
    path : Path
        The file.
    recipe : DetectionRecipe
        How.
    """

    same: SameRun
    path: Path
    recipe: DetectionRecipe

    def slide(self) -> Slide:
        """Return the slide, which stays open for calls to come."""
        status = self.path.stat() if self.path.exists() else None  # if it is not there, opening it says so
        changed = None if status is None else (status.st_size, status.st_mtime_ns)
        of = (self.same.folder, self.path, self.recipe.frame, self.recipe.channel, changed)
        return _SLIDES.get(of, lambda: choose_colours(self.open(), self.recipe.channel))

    def open(self) -> Slide:
        """Open the file, at the frame of the recipe."""
        return open_image(self.path, frame=self.recipe.frame or ())

    def finder(self) -> CellFinder:
        """Return what finds the cells, loaded by the first call."""
        recipe = self.recipe
        of = (self.same, recipe.weights, recipe.naming, recipe.device, recipe.precision, recipe.runtime)
        return _FINDERS.get(of, self._load)

    def _load(self) -> CellFinder:
        card = detector_card(self.recipe.weights)
        return finish(CellFinder.load_steps(card, self.recipe, device.choose(self.recipe.device)))


def look_first(job: SlideJob) -> Detections | Provenance:
    """Return the cells of an image of few tiles; of another, its pixel size and what else is known beforehand."""

    def look() -> Detections | Provenance:
        slide, finder = job.slide(), job.finder()
        origin = finish(origin_steps(finder, slide, job.recipe))
        card = finder.detector.card
        if len(plan_tiles(slide, card, job.recipe, pixel_size_um=origin.pixel_size_um).tiles) >= _MANY:
            return origin
        return with_notes(slide, finish(finder.find_steps(slide, job.recipe, provenance=origin)), card)

    return job.same.run(look)


def find_in_tiles(job: SlideJob, share: TilePlan, origin: Provenance) -> Sequence[RawDetections]:
    """Return what the detector finds in some tiles, in the order of their plan.

    Raises
    ------
    ClusterError
        If this worker would compute by other packages than the one that looked at the slide first.
    """

    def find() -> Sequence[RawDetections]:
        finder = job.finder()
        check_packages(finder.runtime.versions, origin.versions)
        batches = run_tiles(job.slide(), share, finder.detector, job.recipe)
        found = {raw.tile: raw for batch in batches for raw in batch.found}
        return [found[tile] for tile in share.tiles]

    return job.same.run(find)


def name_cells(job: SlideJob, rows: NDArray[np.int64], windows: NDArray[np.float64], origin: Provenance) -> list[Named]:
    """Return what the classifier says of cells: their rows (M,), and the squares (M, 4) that show them.

    Raises
    ------
    ClusterError
        As `find_in_tiles`.
    ImageError
        If there is no classifier.
    """

    def name() -> list[Named]:
        finder = job.finder()
        check_packages(finder.runtime.versions, origin.versions)
        if finder.namer is None:
            raise ImageError(f"The cells of {job.path} have no classifier to name them.")
        said = look_at(job.slide(), windows, finder.namer)
        return [(rows[which], probabilities, novelty) for which, probabilities, novelty in said]

    return job.same.run(name)
