"""Labels, outlines and measures in files."""

import numpy as np
import pytest
import tifffile

from napari_hemalens.records.detections import Provenance
from napari_hemalens.segmentation.files import draw_outlines, measures_rows, write_labels
from napari_hemalens.segmentation.record import CellMeasures, Segmentation
from napari_hemalens.slides.open import open_image


@pytest.mark.parametrize(("most", "kind"), [(65_535, np.uint16), (65_536, np.uint32)])
def test_ids_that_16_bits_cannot_hold_take_32(tmp_path, most, kind):
    labels = np.array([[0, 1], [2, most]], dtype=np.int32)
    write_labels(labels, tmp_path / "a.labels.tif")
    written = tifffile.imread(tmp_path / "a.labels.tif")
    assert written.dtype == kind
    np.testing.assert_array_equal(written, labels)


def test_labels_keep_the_pixel_size(tmp_path):
    write_labels(np.eye(8, dtype=np.int32), tmp_path / "a.tif", pixel_size_um=0.25)
    with open_image(tmp_path / "a.tif") as slide:
        assert slide.pixel_size_um == pytest.approx(0.25)


def test_outlines_lie_inside_the_cells_and_leave_the_rest_as_it_was():
    labels = np.zeros((20, 20), dtype=np.int32)
    labels[4:16, 4:16] = 1
    nuclei = np.zeros_like(labels)
    nuclei[8:12, 8:12] = 1
    rgb = np.full((20, 20, 3), 200, dtype=np.uint8)
    picture = draw_outlines(rgb, Segmentation(labels, nuclei, (0, 0, 20, 20)))
    changed = (picture != rgb).any(axis=2)
    assert changed[4, 4:16].all()
    assert changed[8, 8:12].all()
    assert not changed[labels == 0].any()
    assert not changed[6, 6]
    assert not (picture[4, 4] == picture[8, 8]).all()
    assert (rgb == 200).all()


def test_what_is_not_known_of_a_cell_is_none():
    labels = np.ones((4, 5), dtype=np.int32)
    unknown = Segmentation(labels, None, (0, 0, 4, 5), Provenance(image="a.tif"))
    (row,) = measures_rows([CellMeasures.from_segmentation(unknown)])
    assert (row["image"], row["cell"], row["area"]) == ("a.tif", 1, 20)
    assert (row["centroid_y"], row["centroid_x"]) == (2, 2.5)
    assert row["area_um2"] is row["nucleus_area"] is row["nucleus_area_um2"] is None
