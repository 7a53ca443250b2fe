"""What should not matter is altered, and nothing else."""

import numpy as np
import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.evaluation.alterations import ALTERATIONS, altered
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array


@pytest.fixture
def scene():
    rng = np.random.default_rng(0)
    rgb = rng.integers(60, 220, (64, 80, 3), dtype=np.uint8)
    labels = np.zeros((64, 80), np.int32)
    labels[10:40, 20:50] = 7
    return rgb, CellMap.of(labels)


def after(scene, kind, seed=0):
    rgb, cells = scene
    slide = altered(from_array(rgb, axes="YXC"), cells, kind, seed=seed)
    return slide.read(0, 0, *slide.shape)


@pytest.mark.parametrize("kind", ALTERATIONS)
def test_an_alteration_is_the_same_for_a_seed_and_another_for_another(scene, kind):
    np.testing.assert_array_equal(after(scene, kind), after(scene, kind))
    assert (after(scene, kind) != after(scene, kind, seed=1)).any()


def test_another_background_leaves_the_cells(scene):
    rgb, cells = scene
    inside = cells.labels > 0
    np.testing.assert_array_equal(after(scene, "background")[inside], rgb[inside])
    assert np.abs(after(scene, "background")[~inside].astype(int) - rgb[~inside]).mean() > 20


def test_another_stain_keeps_the_order_of_shades(scene):
    rgb, _ = scene
    order = np.argsort(rgb[..., 1], axis=None, kind="stable")
    assert (np.diff(after(scene, "stain")[..., 1].ravel()[order].astype(int)) >= 0).all()


def test_another_focus_is_softer(scene):
    rgb, _ = scene
    assert after(scene, "focus", seed=3).astype(float).std() < rgb.std()


def test_an_unknown_alteration_is_named(scene):
    with pytest.raises(RecipeError, match=r"No alteration 'size'\. Known: stain, background, focus"):
        after(scene, "size")
