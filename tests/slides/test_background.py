"""Bare glass is passed over; whatever may be a cell is looked at."""

import json
import os
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.slides.background import is_background

GLASS = np.array([228, 218, 224], dtype=np.float64)
DATA = Path(os.environ.get("HEMALENS_DATA", Path(__file__).parents[3] / "shared" / "data"))


def glass(side=256, noise=3.0, slope=0.0, seed=0):
    """Return bare glass, with a camera's noise and light that falls off by `slope` levels across."""
    rng = np.random.default_rng(seed)
    light = np.linspace(0, slope, side)[:, None, None]
    return GLASS - light + rng.normal(0, noise, (side, side, 3))


def with_disc(tile, centre, radius, colour):
    y, x = np.ogrid[: tile.shape[0], : tile.shape[1]]
    inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2
    tile[inside] += np.asarray(colour) - GLASS
    return tile


def as_picture(tile):
    return tile.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "tile",
    [
        glass(),
        glass(noise=0),
        glass(noise=5),
        glass(slope=40),
        glass(side=33),
        glass(side=3),
        glass(side=1),
        glass() - 30,
    ],
    ids=["glass", "no noise", "noisy", "uneven light", "small", "smaller", "one pixel", "dim"],
)
def test_bare_glass_is_background(tile):
    assert is_background(as_picture(tile))


PALE_RED_CELL, PLATELET, NUCLEUS = (212, 195, 203), (190, 160, 195), (90, 50, 120)


@pytest.mark.parametrize(
    ("centre", "radius", "colour"),
    [
        ((128, 128), 32, PALE_RED_CELL),
        ((0, 0), 32, PALE_RED_CELL),
        ((255, 100), 32, PALE_RED_CELL),
        ((128, 128), 10, PLATELET),
        ((128, 0), 10, PLATELET),
        ((0, 255), 10, PLATELET),
        ((255, 255), 10, PLATELET),
        ((77, 131), 4, PLATELET),
        ((128, 128), 400, NUCLEUS),
        ((128, -380), 500, PALE_RED_CELL),
    ],
)
def test_one_pale_cell_or_platelet_is_enough_to_look(centre, radius, colour):
    for seed in range(5):
        assert not is_background(as_picture(with_disc(glass(seed=seed), centre, radius, colour)))


def test_a_cell_that_shows_in_one_channel_only_is_seen():
    assert not is_background(as_picture(with_disc(glass(), (60, 60), 30, GLASS - (0, 25, 0))))


@pytest.mark.parametrize("turned", [False, True])
def test_the_straight_edge_of_a_large_cell_is_seen(turned):
    tile = glass()
    tile[:, :30] += np.array(PALE_RED_CELL) - GLASS
    assert not is_background(as_picture(tile.swapaxes(0, 1) if turned else tile))


def test_fluorescence_is_never_background():
    faint = np.zeros((64, 64, 3), dtype=np.uint8)
    faint[30, 30] = 1
    assert not is_background(faint)


def test_where_nothing_was_scanned_nothing_is_looked_for():
    assert is_background(np.zeros((64, 64, 3), dtype=np.uint8))
    assert is_background(np.full((64, 64, 3), (120, 60, 120), dtype=np.uint8))


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="no real images: set HEMALENS_DATA to their folder")
def test_no_tile_of_a_real_smear_with_half_a_cell_is_background():
    listing = json.loads((DATA / "smear_detection" / "val.json").read_text())
    files = {image["id"]: image["file_name"] for image in listing["images"]}
    side, tiles = 128, 0
    for name, boxes in _boxes(listing, files).items():
        image = iio.imread(DATA / "smear_detection" / "images" / name)
        for x, y, width, height in boxes:
            # The centre of the cell lies on a corner of the tile.
            for dy, dx in ((0, 0), (0, -side), (-side, 0), (-side, -side)):
                top, left = int(y + height / 2) + dy, int(x + width / 2) + dx
                tile = image[max(top, 0) : top + side, max(left, 0) : left + side]
                if min(top, left) >= 0 and tile.shape == (side, side, 3):
                    tiles += 1
                    assert not is_background(tile), (name, top, left)
    assert tiles > 1000


def _boxes(listing, files):
    boxes = {}
    for cell in listing["annotations"]:
        boxes.setdefault(Path(files[cell["image_id"]]).name, []).append(cell["bbox"])
    return boxes


@pytest.mark.parametrize("shrunk", [2, 3, 4])
def test_a_coarser_level_shows_the_same(shrunk):
    def halved(tile):
        side = len(tile) // shrunk * shrunk
        squares = tile[:side, :side].reshape(side // shrunk, shrunk, side // shrunk, shrunk, 3)
        return as_picture(squares.mean(axis=(1, 3)))

    assert is_background(halved(glass()), shrunk=shrunk)
    for centre, radius, colour in (((128, 128), 32, PALE_RED_CELL), ((30, 200), 8, PLATELET), ((0, 0), 40, NUCLEUS)):
        assert not is_background(halved(with_disc(glass(), centre, radius, colour)), shrunk=shrunk)
