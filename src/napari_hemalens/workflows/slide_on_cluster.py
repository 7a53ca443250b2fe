"""The cells of one slide, by many workers: planned and merged here, found and named there."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from napari_hemalens.cluster.crew import Call, Errand
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.cell_finder import naming_card
from napari_hemalens.inference.crops import blocks_of
from napari_hemalens.inference.image_check import with_notes
from napari_hemalens.inference.naming import asked_about, hypotheses, windows_of
from napari_hemalens.inference.seam_merging import merge_by_rows
from napari_hemalens.inference.tile_plan import TilePlan, plan_tiles
from napari_hemalens.inference.tile_runner import RawDetections
from napari_hemalens.inference.tile_store import TileStore
from napari_hemalens.models.cards import ClassifierCard, DetectorCard
from napari_hemalens.models.weights import detector_card
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.renaming import with_names
from napari_hemalens.slides.colours import choose_colours
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.batch import BatchInProgress, Parts
from napari_hemalens.workflows.cell_blocks import gathered
from napari_hemalens.workflows.results_folder import RECORDS
from napari_hemalens.workflows.slide_calls import Named, SlideJob, find_in_tiles, look_first, name_cells

_DETECTING = 0.8  # of the time; naming takes the rest


@dataclass(frozen=True, slots=True)
class SlideErrand:
    """Work on one image of a batch.

    Attributes
    ----------
    job : SlideJob
        The image, and how its cells are found.
    batch : BatchInProgress
        All images.
    i : int
        Which of them.
    note : callable
        Told the share that is done, in 0-1, and what was done.
    """

    job: SlideJob
    batch: BatchInProgress
    i: int
    note: Callable[[float, str], None]

    def errand(self) -> Errand[Parts]:
        """Find the cells of the image; the same as `detect_steps` finds.

        What is found in a tile stands in a file once its neighbours are there, or work on the image stops.
        """
        first: list[Detections | Provenance] = []
        yield (Call(look_first, (self.job,), first.append, f"the first look at {self.job.path}"),)
        if isinstance(first[0], Detections):
            return {"cells": first[0]}
        return {"cells": (yield from self._find(first[0]))}

    def _find(self, origin: Provenance) -> Errand[Detections]:
        recipe, card = self.job.recipe, detector_card(self.job.recipe.weights)
        namer = naming_card(card, recipe)
        each_once = recipe if namer is None else recipe.model_copy(update={"one_class_per_cell": True})
        with self.job.open() as opened:
            slide = choose_colours(opened, recipe.channel)
            found = yield from self._detect(slide, card, each_once, origin)
            if namer is not None:
                size = origin.pixel_size_um or card.pixel_size_um
                named = yield from self._name(slide, found, namer, size)
                found = named if recipe.one_class_per_cell else hypotheses(named)
            return with_notes(slide, found, card)

    def _detect(
        self, slide: Slide, card: DetectorCard, recipe: DetectionRecipe, origin: Provenance
    ) -> Errand[Detections]:
        plan = plan_tiles(slide, card, recipe, pixel_size_um=origin.pixel_size_um)
        store = TileStore(self._folder, f"{self.batch.keys[self.i]} {sorted(origin.versions.items())}", plan)
        try:
            yield self._tile_calls(plan, store, replace(self.job, recipe=recipe), origin)
        finally:
            store.flush()
        return merge_by_rows(store, card, recipe, image_shape=slide.shape, provenance=origin)

    def _tile_calls(self, plan: TilePlan, store: TileStore, job: SlideJob, origin: Provenance) -> Iterator[Call]:
        missing, total = store.missing(), len(plan.tiles)
        at_once = job.recipe.batch or 1
        done = total - len(missing)

        def take(places: tuple[int, ...], found: Sequence[RawDetections]) -> None:
            nonlocal done
            store.add(dict(zip(places, found, strict=True)))
            done += len(places)
            self.note(_DETECTING * done / total, f"tile {done:,} of {total:,}")

        for start in range(0, len(missing), at_once):
            places = missing[start : start + at_once]
            share = replace(plan, tiles=tuple(plan.tiles[i] for i in places))
            what = f"tile {places[0] + 1:,} of {total:,} of {job.path}"
            yield Call(find_in_tiles, (job, share, origin), partial(take, places), what)

    def _name(self, slide: Slide, found: Detections, namer: ClassifierCard, size: float) -> Errand[Detections]:
        """Name the nucleated cells, those of a block of the slide by one worker: so they are seen as in one process."""
        rows, naming = asked_about(found, namer.classes, self.job.recipe)
        windows = windows_of(found.take(rows), namer.crop, size)
        done = 0

        def take(said: list[Named]) -> None:
            nonlocal done
            for which, probabilities, novelty in said:
                naming.probabilities[which], naming.novelty[which] = probabilities, novelty
                done += len(which)
            share = _DETECTING + (1 - _DETECTING) * done / len(rows)
            self.note(share, f"naming cell {done:,} of {len(rows):,}")

        blocks = [block for _, block in blocks_of(slide, windows, side=namer.crop.side)]
        yield (
            Call(
                name_cells,
                (self.job, rows[some], windows[some], found.provenance),
                take,
                f"{len(some)} cells of {self.job.path}",
            )
            for some in gathered(blocks)
        )
        return with_names(found, naming)

    def delete_tiles(self) -> None:
        """Delete what was kept of tiles: once the cells of the image are kept."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _folder(self) -> Path:
        return self.batch.out / RECORDS / f"{self.batch.stems[self.i]}.tiles"
