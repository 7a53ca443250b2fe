"""What is perturbed changes as its docstring says, and nothing else does."""

import numpy as np
import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.evaluation.perturbations import (
    CELL_PERTURBATIONS,
    FIELD_PERTURBATIONS,
    blur,
    light,
    perturb_around_cells,
    shade,
    stain,
    white,
)
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array

GREY = np.full((64, 64, 3), 100, np.uint8)


def test_light_is_a_share_of_every_value_up_to_white() -> None:
    assert (light(GREY, -0.4, 0.1) == 60).all()
    assert (light(GREY + 100, 0.4, 0.1) == 255).all()


def test_corners_lose_light_and_the_middle_does_not() -> None:
    shaded = shade(GREY, 0.4, 0.1)
    assert shaded[0, 0].tolist() == [60, 60, 60]
    assert abs(int(shaded[32, 32, 0]) - 100) <= 1


def test_blur_is_in_micrometres_and_keeps_the_mean() -> None:
    dot = np.zeros((65, 65, 3), np.uint8)
    dot[28:37, 28:37] = 255
    for size in (0.1, 0.2):
        soft = blur(dot, 0.4, size).astype(float)[..., 0]
        x = np.arange(65) - 32
        spread = np.sqrt((soft.sum(axis=0) * x**2).sum() / soft.sum())
        assert spread == pytest.approx(np.hypot(0.4 / size, np.sqrt((9**2 - 1) / 12)), rel=0.03)


def test_a_nucleus_darkens_what_is_pink_pales_and_the_ground_stays() -> None:
    smear = np.full((8, 8, 3), (250, 230, 205), np.uint8)
    smear[0], smear[1] = (90, 60, 150), (230, 130, 150)
    more = stain(smear, 0.4, 0.1).astype(int)
    assert more[0, 0, 0] < 90 - 10
    assert more[1, 0, 1] > 130 + 10
    assert more[4, 0].tolist() == [250, 230, 205]


def test_what_is_white_is_lost_and_the_rest_is_as_bright_as_before() -> None:
    """255 / 1.4 is what remains of all that 40 % more light makes white."""
    assert abs(white(GREY, 0.4, 0.1).astype(int) - 100).max() <= 1
    assert (white(GREY + 120, 0.4, 0.1) == 182).all()


@pytest.mark.parametrize("name", sorted(FIELD_PERTURBATIONS))
def test_every_perturbation_is_also_measured_at_its_neutral_level(name: str) -> None:
    found = FIELD_PERTURBATIONS[name]
    assert found.neutral in found.levels
    pixels = np.full((32, 32, 3), (90, 60, 150), np.uint8)
    pixels[:, 16:] = (220, 160, 170)
    same = found.change(pixels, found.neutral, 0.1).astype(int)
    assert abs(same - pixels).max() <= 1


@pytest.fixture
def scene():
    rng = np.random.default_rng(0)
    rgb = rng.integers(60, 220, (64, 80, 3), dtype=np.uint8)
    labels = np.zeros((64, 80), np.int32)
    labels[10:40, 20:50] = 7
    return rgb, CellMap.from_labels(labels)


def after(scene, kind, seed=0):
    rgb, cells = scene
    slide = perturb_around_cells(from_array(rgb, axes="YXC"), cells, kind, seed=seed)
    return slide.read(0, 0, *slide.shape)


@pytest.mark.parametrize("kind", CELL_PERTURBATIONS)
def test_a_perturbation_is_the_same_for_a_seed_and_another_for_another(scene, kind):
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


def test_an_unknown_perturbation_is_named(scene):
    with pytest.raises(RecipeError, match=r"No perturbation 'size'\. Known: stain, background, focus"):
        after(scene, "size")
