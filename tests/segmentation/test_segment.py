"""Cells are found without a network, in smears and in fluorescence."""

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.progress import finish
from napari_hemalens.segmentation import segment
from napari_hemalens.slides.axes import from_array


def discs(spots, radius=14, shape=(240, 300)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, dtype=np.int32)
    for number, (cy, cx) in enumerate(spots, start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = number
    return labels


def fluorescence(labels):
    rng = np.random.default_rng(0)
    return (rng.normal(900, 30, labels.shape) + 5000 * (labels > 0)).astype(np.uint16)


def test_every_fluorescent_nucleus_is_found_where_it_is():
    truth = discs([(50, 60), (60, 180), (160, 100), (190, 240)])
    found = finish(segment.segment_steps(from_array(fluorescence(truth)), SegmentationRecipe())).labels
    assert found.max() == 4
    assert ((found > 0) & (truth > 0)).sum() / ((found > 0) | (truth > 0)).sum() > 0.85


def test_nuclei_that_touch_are_two():
    truth = discs([(100, 100), (100, 126)])
    found = finish(segment.segment_steps(from_array(fluorescence(truth)), SegmentationRecipe(kind="fluorescence")))
    assert found.labels.max() == 2
    assert found.labels[100, 95] != found.labels[100, 131]
    assert found.nuclei is None


@pytest.mark.slow
def test_the_nucleated_cells_of_a_smear_are_found_each_with_its_nucleus(sample_data):
    image = iio.imread(sample_data / "marrow_smear.tif")[:700, :700]
    found = finish(segment.segment_steps(from_array(image, pixel_size_um=0.15), SegmentationRecipe()))
    assert 10 < found.labels.max() < 60
    assert (found.nuclei > 0).sum() < (found.labels > 0).sum()
    assert (found.labels[found.nuclei > 0] == found.nuclei[found.nuclei > 0]).mean() > 0.95


def test_a_region_that_is_too_large_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(segment, "LARGEST", 1000)
    with pytest.raises(ImageError, match=r"too many to segment at once.*give a region"):
        finish(segment.segment_steps(from_array(np.zeros((50, 50), np.uint16)), SegmentationRecipe()))


@pytest.mark.parametrize("colour", [(0, 0, 1), (0, 1, 0), (0.4, 0, 1)])
def test_nuclei_are_the_same_in_every_colour(colour):
    grey = fluorescence(discs([(50, 60), (60, 180), (160, 100)]))
    wanted = finish(segment.segment_steps(from_array(grey), SegmentationRecipe())).labels
    image = np.rint(grey[..., None] * np.array(colour)).astype(np.uint16)
    np.testing.assert_array_equal(finish(segment.segment_steps(from_array(image), SegmentationRecipe())).labels, wanted)


def test_nuclei_are_those_of_the_channel_that_is_chosen_or_named():
    one, other = fluorescence(discs([(50, 60)])), fluorescence(discs([(60, 180), (160, 100)]))
    slide = from_array(np.stack([one, other]), axes="CYX", channels=("GFP", "DAPI"))
    found = [
        finish(segment.segment_steps(slide, SegmentationRecipe(channel=channel))).labels.max()
        for channel in (None, 0, "gfp")
    ]
    assert found == [2, 1, 1]


def test_dark_nuclei_on_bright_ground_are_found_where_fluorescence_is_said():
    truth = discs([(50, 60), (60, 180), (160, 100)])
    grey = np.where(truth > 0, 60, 230).astype(np.uint8)
    found = finish(segment.segment_steps(from_array(grey), SegmentationRecipe(kind="fluorescence"))).labels
    assert found.max() == 3
    assert ((found > 0) & (truth > 0)).sum() / ((found > 0) | (truth > 0)).sum() > 0.85
