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
