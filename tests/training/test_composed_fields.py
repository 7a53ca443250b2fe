from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_hemalens.cells import Detections, Provenance
from napari_hemalens.errors import TrainingError
from napari_hemalens.training.composed_fields import composed, renamed

NAMES = ("lymphocyte", "erythrocyte")


@pytest.fixture
def tile(tmp_path: Path) -> Detections:
    """A grey tile with a blue lymphocyte in the middle and a red cell that windows of 50 pixels cut."""
    pixels = np.full((100, 100, 3), 200, np.uint8)
    pixels[40:60, 40:60], pixels[40:60, 64:84] = (0, 0, 255), (255, 0, 0)
    Image.fromarray(pixels).save(tmp_path / "tile.png")
    return Detections.from_arrays(
        [[40, 40, 60, 60], [40, 64, 60, 84]],
        [1, 1],
        [0, 1],
        names=NAMES,
        image_shape=(100, 100),
        provenance=Provenance(image=str(tmp_path / "tile.png"), pixel_size_um=0.1),
    )


def test_every_box_of_the_truth_lies_on_the_pixels_that_it_is_of(tile: Detections) -> None:
    pixels, truth = composed([tile], side=50, seed=0, shape=(160, 210))
    assert pixels.shape == (150, 200, 3)
    assert truth.image_shape == (150, 200)
    assert truth.counts()["lymphocyte"] == 12
    for (y0, x0, y1, x1), name in zip(truth.boxes.astype(int), truth.class_names, strict=True):
        colour = (0, 0, 255) if name == "lymphocyte" else (255, 0, 0)
        assert (pixels[y0:y1, x0:x1] == colour).all()


def test_a_cell_that_a_window_shows_less_than_half_of_is_none(tile: Detections) -> None:
    pixels, truth = composed([tile], side=50, seed=0, shape=(160, 210))
    red = (pixels == (255, 0, 0)).all(axis=2)
    assert 0 < truth.counts()["erythrocyte"] < 12
    for top in range(0, 150, 50):
        for left in range(0, 200, 50):
            share = red[top : top + 50, left : left + 50].sum() / 400
            centres = truth.centres[truth.class_names == "erythrocyte"]
            there = ((centres >= (top, left)) & (centres < (top + 50, left + 50))).all(axis=1).any()
            assert there == (share > 0.5)


def test_a_seed_is_a_field(tile: Detections) -> None:
    (first, _), (again, _), (other, _) = (composed([tile], side=50, seed=s, shape=(100, 100)) for s in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


def test_smaller_windows_make_a_more_crowded_field(tile: Detections) -> None:
    few, many = (composed([tile], side=side, seed=0, shape=(200, 200))[1] for side in (100, 40))
    assert many.counts()["lymphocyte"] == 25
    assert few.counts()["lymphocyte"] == 4


@pytest.mark.parametrize("side", [10, 120], ids=["smaller than its cell", "larger than the tile"])
def test_a_window_that_cannot_be_cut_is_refused(tile: Detections, side: int) -> None:
    with pytest.raises(TrainingError, match=f"a window of {side} px"):
        composed([tile], side=side, seed=0, shape=(200, 200))


def test_classes_are_brought_into_one_order(tile: Detections) -> None:
    (turned,) = renamed([tile], ("erythrocyte", "monocyte", "lymphocyte"))
    assert turned.class_names.tolist() == tile.class_names.tolist()
    assert turned.names == ("erythrocyte", "monocyte", "lymphocyte")
