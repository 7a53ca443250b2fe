"""One stain or another, the cells come out alike."""

import numpy as np
import pytest
import torch

from napari_hemalens.inference.stain import (
    FIELD,
    FIELD_GREY,
    GREY,
    REFERENCE,
    dark_on_bright,
    density,
    restained,
    stain_of,
)
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array


@pytest.fixture
def cells() -> tuple[np.ndarray, CellMap]:
    """An image (H, W, 3) of two textured cells on a grey ground, and where they are."""
    rng = np.random.default_rng(0)
    image, labels = np.full((80, 120, 3), 220, np.uint8), np.zeros((80, 120), np.int32)
    for number, x in enumerate((10, 70), start=1):
        image[20:60, x : x + 40] = rng.integers((90, 30, 120), (150, 90, 180), (40, 40, 3))
        labels[20:60, x : x + 40] = number
    return image, CellMap.from_labels(labels)


def test_restained_cells_have_the_mean_and_deviation_of_the_reference(cells):
    image, found = cells
    pixels = restained(
        torch.from_numpy(image).permute(2, 0, 1)[None].float(), stain_of(from_array(image), found, level=0)
    )
    inside = density(pixels[0, :, torch.from_numpy(found.labels > 0)])
    np.testing.assert_allclose(inside.mean(dim=1), REFERENCE.mean, atol=0.01)
    np.testing.assert_allclose(inside.std(dim=1), REFERENCE.deviation, rtol=0.1)


def test_grey_cells_have_one_mean_and_deviation_and_hide_blue_light(cells):
    image, found = cells
    shown = []
    for blue in (1.0, 0.5):
        dimmed = (image * np.array([1, 1, blue])).astype(np.uint8)
        stain = stain_of(from_array(dimmed), found, level=0, grey=True)
        shown.append(restained(torch.from_numpy(dimmed).permute(2, 0, 1)[None].float(), stain, grey=True))
    torch.testing.assert_close(*shown)
    torch.testing.assert_close(shown[0][:, 0], shown[0][:, 2])
    inside = density(shown[0][0, :, torch.from_numpy(found.labels > 0)])
    np.testing.assert_allclose(inside.mean(dim=1), GREY.mean, atol=0.01)
    np.testing.assert_allclose(inside.std(dim=1), GREY.deviation, rtol=0.1)


def test_a_stronger_stain_of_the_same_cells_becomes_the_same_picture(cells):
    image, found = cells
    strong = (256 * ((image + 1.0) / 256) ** 1.4 - 1).round().clip(0, 255).astype(np.uint8)
    first, second = (
        restained(torch.from_numpy(shown).permute(2, 0, 1)[None].float(), stain_of(from_array(shown), found, level=0))
        for shown in (image, strong)
    )
    inside = torch.from_numpy(found.labels > 0)
    assert (first - second)[0, :, inside].abs().mean() < 2


def test_the_background_has_no_say_in_the_stain(cells):
    image, found = cells
    before = stain_of(from_array(image), found, level=0)
    image[found.labels == 0] = 10
    assert stain_of(from_array(image), found, level=0) == before


@pytest.mark.parametrize(("grey", "reference"), [(False, FIELD), (True, FIELD_GREY)])
def test_a_whole_field_gets_the_mean_and_deviation_of_a_field(cells, grey, reference):
    image, whole = cells[0], CellMap.whole(cells[0].shape[:2])
    stain = stain_of(from_array(image), whole, level=0, grey=grey)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    shown = density(restained(pixels, stain, grey=grey, field=True))[0].flatten(1)
    np.testing.assert_allclose(shown.mean(dim=1), reference.mean, atol=0.01)
    np.testing.assert_allclose(shown.std(dim=1), reference.deviation, rtol=0.15)


def test_dark_cells_are_told_from_bright_ones_by_what_lies_around(cells):
    image, found = cells
    assert dark_on_bright(from_array(image), found, level=0)
    assert not dark_on_bright(from_array(255 - image), found, level=0)
    full = CellMap.from_labels(np.ones(image.shape[:2], np.int32))
    assert not dark_on_bright(from_array(image), full, level=0)  # nothing lies around
