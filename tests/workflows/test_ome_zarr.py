"""An image, its labels and its table lie in one folder, and are read by anndata and zarr."""

import numpy as np
import pytest
import zarr
from anndata.io import read_elem

from napari_hemalens import extras
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.progress import finish
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.open import open_image
from napari_hemalens.workflows.ome_zarr import (
    ImageCopy,
    boxes_in,
    copy_images_steps,
    missing_package,
    names_of_copies,
    read_labels,
    split_formats,
    write_ome_zarr_steps,
)

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
ORIGIN = Provenance(image="a.tif", pixel_size_um=0.5, weights="w")


@pytest.fixture
def slide():
    return from_array(PIXELS, name="a.tif", pixel_size_um=0.5)


@pytest.fixture
def boxes():
    return Detections.from_arrays(
        [[5, 10, 20, 30], [30, 40, 50, 60]],
        [0.9, 0.5],
        [0, 1],
        names=("blast", "lymphocyte"),
        image_shape=(60, 90),
        recognised=("blast", "lymphocyte"),
        provenance=ORIGIN,
    )


def test_boxes_are_read_back_from_their_table(slide, boxes, tmp_path):
    target = finish(write_ome_zarr_steps(slide, boxes, tmp_path / "new" / "a.ome.zarr"))
    (found,) = boxes_in(target)
    np.testing.assert_allclose(found.boxes, boxes.boxes)
    assert found.class_names.tolist() == ["blast", "lymphocyte"]
    assert (found.provenance.image, found.provenance.pixel_size_um) == (str(target), 0.5)
    assert [path.name for path in target.parent.iterdir()] == ["a.ome.zarr"]  # nothing temporary is left


def test_the_image_has_the_pixel_size_of_its_cells(boxes, tmp_path):
    unsized = from_array(PIXELS, name="a.tif")
    with open_image(finish(write_ome_zarr_steps(unsized, boxes, tmp_path / "a.ome.zarr"))) as found:
        assert found.pixel_size_um == 0.5
        np.testing.assert_array_equal(found.read(0, 0, 60, 90), PIXELS)


def test_a_table_says_which_row_is_which_label(slide, tmp_path):
    labels = np.zeros((60, 90), np.int32)
    labels[5:20, 10:30], labels[30:50, 40:60] = 3, 8
    cells = Classified(
        np.array([3, 8]),
        np.array([[0.9, 0.1], [0.2, 0.8]], np.float32),
        np.array([0, 1]),
        ("normal", "blast"),
        np.array([[12.0, 19.5], [39.5, 49.5]]),
        np.array([300, 400]),
        (60, 90),
        ORIGIN,
    )
    target = finish(write_ome_zarr_steps(slide, cells, tmp_path / "a.ome.zarr", labels=labels))
    group = zarr.open_group(target, mode="r")
    table = read_elem(group["tables/cells"])
    said = group["tables/cells"].attrs
    assert table.obs[said["instance_key"]].tolist() == [3, 8]
    assert table.obs[said["region_key"]].tolist() == [said["region"]] * 2 == ["labels/cells"] * 2
    (found,) = read_labels(target)
    assert found.classes == {3: "normal", 8: "blast"}
    assert boxes_in(target) == ()


def test_what_is_there_is_replaced_as_a_whole(slide, boxes, tmp_path):
    (tmp_path / "a.ome.zarr").mkdir()
    (tmp_path / "a.ome.zarr" / "old").touch()
    target = finish(write_ome_zarr_steps(slide, boxes, tmp_path / "a.ome.zarr"))
    assert not (target / "old").exists()
    steps = write_ome_zarr_steps(slide, boxes.take(np.array([0])), target)
    next(steps)
    steps.close()  # stopped
    assert len(boxes_in(target)[0]) == 2


def test_a_folder_without_a_table_holds_no_boxes_a_damaged_one_is_named(slide, boxes, tmp_path):
    zarr.open_group(tmp_path / "b.zarr", mode="w")
    assert boxes_in(tmp_path / "b.zarr") == ()
    target = finish(write_ome_zarr_steps(slide, boxes, tmp_path / "a.ome.zarr"))
    (target / "tables" / "cells" / "obs" / "class" / ".zattrs").write_text("{")
    with pytest.raises(AnnotationError, match="Cannot read the cells in"):
        boxes_in(target)


def test_ome_zarr_is_no_table_and_needs_anndata(monkeypatch):
    assert split_formats(["csv", "ome-zarr"]) == (("csv",), True)
    assert split_formats(["csv"]) == (("csv",), False)
    assert missing_package() == ""
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert missing_package().startswith("The format ome-zarr needs anndata")
    with pytest.raises(AnnotationError, match="The format ome-zarr needs anndata"):
        split_formats(["ome-zarr"])


def test_an_image_that_cannot_be_copied_costs_no_other(slide, boxes, tmp_path):
    def gone():
        raise ImageError("It was removed.")

    def damaged():
        raise EOFError("end of file")

    images = [ImageCopy(opened, boxes) for opened in (gone, lambda: slide, damaged)]
    names = names_of_copies([boxes] * 3)
    assert names == ("a.ome.zarr", "a-2.ome.zarr", "a-3.ome.zarr")
    failed = finish(copy_images_steps(images, tmp_path))
    removed, unreadable = failed.values()
    assert removed == "It was removed."
    assert "end of file" in unreadable
    assert [path.name for path in tmp_path.iterdir()] == ["a-2.ome.zarr"]
    assert len(boxes_in(tmp_path / "a-2.ome.zarr")[0]) == 2
