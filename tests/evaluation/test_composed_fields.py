from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_hemalens.errors import TrainingError
from napari_hemalens.evaluation.composed_fields import compose_field, judge_cells
from napari_hemalens.evaluation.selection import FieldSeries
from napari_hemalens.records.detections import Detections, Provenance

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
    field = compose_field([tile], FieldSeries(0, shape=(160, 210)), side=50)
    pixels, truth = field.pixels, field.truth
    assert pixels.shape == (150, 200, 3)
    assert truth.image_shape == (150, 200)
    assert truth.counts()["lymphocyte"] == 12
    for (y0, x0, y1, x1), name in zip(truth.boxes.astype(int), truth.class_names, strict=True):
        colour = (0, 0, 255) if name == "lymphocyte" else (255, 0, 0)
        assert (pixels[y0:y1, x0:x1] == colour).all()


def test_a_cell_that_a_window_shows_less_than_half_of_is_a_piece(tile: Detections) -> None:
    field = compose_field([tile], FieldSeries(0, shape=(160, 210)), side=50)
    pixels, truth = field.pixels, field.truth
    red = (pixels == (255, 0, 0)).all(axis=2)
    assert 0 < truth.counts()["erythrocyte"] < 12
    for top in range(0, 150, 50):
        for left in range(0, 200, 50):
            share = red[top : top + 50, left : left + 50].sum() / 400
            centres = truth.centres[truth.class_names == "erythrocyte"]
            there = ((centres >= (top, left)) & (centres < (top + 50, left + 50))).all(axis=1).any()
            assert there == (share > 0.5)
    pieces = field.pieces.astype(int).tolist()
    assert 0 < len(pieces) == 12 - truth.counts()["erythrocyte"] < 12
    for y0, x0, y1, x1 in pieces:
        assert (pixels[y0:y1, x0:x1] == (255, 0, 0)).all()


def test_what_is_found_of_a_piece_is_not_counted_and_all_else_is(tile: Detections) -> None:
    field = compose_field([tile], FieldSeries(0, shape=(160, 210)), side=50)
    piece, cell = field.pieces[0], field.truth.boxes[0]
    reaching = piece + np.float32([0, 0, 0, 3 * (piece[3] - piece[1])])  # a quarter of it lies on the piece
    found = Detections.from_arrays(
        [piece, cell, reaching, [0, 0, 5, 5]],
        [0.9, 0.8, 0.7, 0.6],
        [0, 1, 0, 0],
        names=NAMES,
        image_shape=field.truth.image_shape,
    )
    assert judge_cells(found, field).scores.tolist() == pytest.approx([0.8, 0.7, 0.6])


def test_a_cell_that_is_found_counts_though_a_piece_lies_on_it(tile: Detections) -> None:
    field = compose_field([tile], FieldSeries(0, shape=(160, 210)), side=50)
    covered = replace(field, pieces=field.truth.boxes)
    assert len(judge_cells(field.truth, covered)) == len(field.truth)


def test_a_series_shows_no_tile_twice_before_it_has_shown_all(tmp_path: Path, tile: Detections) -> None:
    tiles = []
    for grey in range(8):
        Image.new("RGB", (100, 100), (grey,) * 3).save(tmp_path / f"{grey}.png")
        tiles.append(replace(tile, provenance=Provenance(image=str(tmp_path / f"{grey}.png"))))
    series = [compose_field(tiles, FieldSeries(0, shape=(100, 100)), side=50, number=k).pixels for k in range(2)]
    assert sorted(field[y, x, 0] for field in series for y in (0, 50) for x in (0, 50)) == list(range(8))


def test_cells_too_large_for_the_smallest_window_can_be_left_out(tile: Detections) -> None:
    large = replace(tile, boxes=tile.boxes + np.float32([0, 0, 20, 0]))
    assert compose_field([tile, large], FieldSeries(0, shape=(50, 200)), side=50, largest=30).truth.areas.max() == 400
    with pytest.raises(TrainingError, match="up to 30 px"):
        compose_field([large], FieldSeries(0, shape=(50, 50)), side=50, largest=30)


def test_a_seed_is_a_field(tile: Detections) -> None:
    first, again, other = (compose_field([tile], FieldSeries(s, shape=(100, 100)), side=50).pixels for s in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


def test_smaller_windows_make_a_more_crowded_field(tile: Detections) -> None:
    few, many = (compose_field([tile], FieldSeries(0, shape=(200, 200)), side=side).truth for side in (100, 40))
    assert many.counts()["lymphocyte"] == 25
    assert few.counts()["lymphocyte"] == 4


@pytest.mark.parametrize("side", [10, 120], ids=["smaller than its cell", "larger than the tile"])
def test_a_window_that_cannot_be_cut_is_refused(tile: Detections, side: int) -> None:
    with pytest.raises(TrainingError, match=f"a window of {side} px"):
        compose_field([tile], FieldSeries(0, shape=(200, 200)), side=side)
