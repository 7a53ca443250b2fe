"""What was found in tiles is read back as it was, after a stop, too."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.tile_plan import plan_tiles
from napari_hemalens.inference.tile_runner import RawDetections
from napari_hemalens.inference.tile_store import TileStore
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.slides.axes import from_array


@pytest.fixture
def store(card: DetectorCard, tmp_path: Path) -> TileStore:
    """Of 90 tiles: a file of 64, and one of 26."""
    slide = from_array(np.zeros((1300, 1170, 3), np.uint8))
    plan = plan_tiles(slide, card, DetectionRecipe(tile=160, overlap=32), pixel_size_um=0.15)
    assert len(plan.tiles) == 90
    return TileStore(tmp_path / "tiles", "key", plan)


def raw(store: TileStore, i: int) -> RawDetections:
    """As many boxes as the place of the tile says, up to four."""
    boxes = np.arange(4 * (i % 5), dtype=np.float32).reshape(-1, 4)
    return RawDetections(store.plan.tiles[i], boxes, np.full(i % 5, i / 100, np.float32), np.arange(i % 5))


def assert_same(one: RawDetections, other: RawDetections) -> None:
    assert one.tile == other.tile
    for name in ("boxes", "scores", "classes"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).dtype == getattr(other, name).dtype


def test_tiles_come_back_in_the_order_of_the_plan(store: TileStore) -> None:
    for i in np.random.default_rng(0).permutation(90):
        store.add({int(i): raw(store, int(i))})
    assert sorted(path.name for path in store.folder.iterdir()) == ["000000.npz", "000001.npz"]
    again = replace(store, _waiting={}, _written={})
    assert again.missing() == ()
    for i, found in enumerate(again):
        assert_same(found, raw(store, i))


def test_a_stopped_store_goes_on_with_the_tiles_that_are_missing(store: TileStore) -> None:
    store.add({i: raw(store, i) for i in (3, 70, 71)})
    assert not store.folder.exists()
    store.flush()
    again = TileStore(store.folder, "key", store.plan)
    missing = again.missing()
    assert set(range(90)) - set(missing) == {3, 70, 71}
    for i in missing:
        again.add({i: raw(store, i)})
    assert [found.tile for found in TileStore(store.folder, "key", store.plan)] == list(store.plan.tiles)


def test_tiles_of_another_run_or_plan_count_for_nothing(store: TileStore) -> None:
    store.add({0: raw(store, 0)})
    store.flush()
    assert len(TileStore(store.folder, "other", store.plan).missing()) == 90
    assert len(TileStore(store.folder, "key", replace(store.plan, scale=0.5)).missing()) == 90
