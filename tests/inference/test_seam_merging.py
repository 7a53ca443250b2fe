"""Merging row by row gives, to the last bit, what merging all at once gives."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference import seam_merging
from napari_hemalens.inference.merging import merge_detections
from napari_hemalens.inference.seam_merging import merge_by_rows
from napari_hemalens.inference.tile_plan import TilePlan, plan_tiles
from napari_hemalens.inference.tile_runner import RawDetections
from napari_hemalens.inference.tile_store import TileStore
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.stitch import in_core

CLASSES = ("myelocyte", "promyelocyte", "band_neutrophil", "erythrocyte", "platelet")
SHAPE = (1500, 900)
MERGED = DetectionRecipe(tile=256, overlap=96)


def crowd(plan: TilePlan, seed: int) -> list[RawDetections]:
    """Cells so dense that they overlap in chains, each found a few times, by several tiles, as several classes."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, SHAPE, (900, 2)).repeat(rng.integers(1, 6, 900), axis=0)
    centres += rng.normal(0, 3, centres.shape)
    sides = rng.uniform(25, 50, centres.shape)
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1).astype(np.float32)
    scores = rng.choice(np.linspace(0.05, 0.95, 19), len(boxes)).astype(np.float32)  # with ties
    classes = rng.integers(0, len(CLASSES), len(boxes))
    parts = []
    for tile in plan.tiles:
        inside = in_core(boxes, tile.core, 8) & np.all(boxes[:, 2:] <= (tile.y1, tile.x1), axis=1)
        inside &= np.all(boxes[:, :2] >= (tile.y0, tile.x0), axis=1)
        parts.append(RawDetections(tile, boxes[inside], scores[inside], classes[inside]))
    return parts


@pytest.fixture
def store(card: DetectorCard, tmp_path: Path) -> TileStore:
    plan = plan_tiles(from_array(np.zeros((*SHAPE, 3), np.uint8)), card, MERGED, pixel_size_um=0.15)
    return TileStore(tmp_path, "key", plan)


def at_once(parts: list[RawDetections], card: DetectorCard, recipe: DetectionRecipe) -> Detections:
    return merge_detections(parts, card, recipe, image_shape=SHAPE, provenance=Provenance())


@pytest.mark.parametrize("once", [True, False], ids=["a class a cell", "all classes"])
@pytest.mark.parametrize("iou", [0.2, 0.5])
def test_rows_give_the_cells_of_all_tiles_at_once(store: TileStore, card: DetectorCard, iou: float, once: bool) -> None:
    of = card.model_copy(update={"classes": CLASSES, "score_threshold": 0.3})
    recipe = MERGED.model_copy(update={"nms_iou": iou, "one_class_per_cell": once})
    for seed in range(3):
        parts = crowd(store.plan, seed)
        kept = replace(store, folder=store.folder / str(seed))
        kept.add(dict(enumerate(parts)))
        kept.flush()
        mine = merge_by_rows(kept, of, recipe, image_shape=SHAPE, provenance=Provenance())
        right = at_once(parts, of, recipe)
        assert len(right) > 300
        for name in ("boxes", "scores", "classes"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(right, name))


def test_what_lies_above_the_seam_is_settled_before_the_next_row(
    store: TileStore, card: DetectorCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = []
    add = seam_merging._RowMerge.add

    def counted(self: seam_merging._RowMerge, boxes: seam_merging._Boxes) -> None:
        add(self, boxes)
        most.append(sum(map(len, self.open)))

    monkeypatch.setattr(seam_merging._RowMerge, "add", counted)
    parts = crowd(store.plan, 0)
    store.add(dict(enumerate(parts)))
    of = card.model_copy(update={"classes": CLASSES})
    merge_by_rows(store, of, MERGED, image_shape=SHAPE, provenance=Provenance())
    assert max(most) < sum(len(part.scores) for part in parts) / 3


def test_no_tiles_are_no_cells(store: TileStore, card: DetectorCard) -> None:
    assert len(merge_by_rows(store, card, MERGED, image_shape=SHAPE, provenance=Provenance())) == 0
