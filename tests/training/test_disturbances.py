import numpy as np
import pytest

from napari_hemalens.training.disturbances import DISTURBANCES, blur, light, shade, stain

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


def test_a_nucleus_turns_bluer_and_a_red_cell_paler() -> None:
    nucleus, red = np.full((8, 8, 3), (90, 60, 150), np.uint8), np.full((8, 8, 3), (220, 160, 170), np.uint8)
    assert stain(nucleus, 0.4, 0.1)[0, 0, 0] < nucleus[0, 0, 0] - 10
    assert stain(red, 0.4, 0.1)[0, 0, 1] > red[0, 0, 1]


@pytest.mark.parametrize("name", sorted(DISTURBANCES))
def test_every_disturbance_is_also_measured_where_nothing_is_wrong(name: str) -> None:
    found = DISTURBANCES[name]
    assert found.undisturbed in found.levels
    pixels = np.full((32, 32, 3), (90, 60, 150), np.uint8)
    pixels[:, 16:] = (220, 160, 170)
    same = found.change(pixels, found.undisturbed, 0.1).astype(int)
    assert abs(same - pixels).max() <= (12 if name == "stain" else 1)  # colours are no exact mixture of two dyes
