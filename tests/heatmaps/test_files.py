"""Heat is written as it is, and shown where it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_hemalens.heatmaps.files import heatmap_picture, write_heatmap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained
from napari_hemalens.slides.axes import from_array

SHAPE = (530, 1100)  # more than one tile, and no multiple of them


def record(heatmap: object, *, pixel_size_um: float | None = None) -> Explained:
    cells = Classified(
        ids=np.array([3], dtype=np.int64),
        probabilities=np.array([[0.9, 0.1]], dtype=np.float32),
        classes=np.zeros(1, dtype=np.int64),
        names=("micronucleus", "none"),
        centres=np.array([[200.0, 300.0]]),
        areas=np.array([400], dtype=np.int64),
        image_shape=SHAPE,
        provenance=Provenance(pixel_size_um=pixel_size_um),
    )
    return Explained(
        heatmap=heatmap,
        cells=cells,
        method="layer-5",
        target="predicted",
        targets=cells.classes,
        crops=np.zeros((1, 32, 32, 3), dtype=np.uint8),
        crop_heatmaps=np.zeros((1, 32, 32), dtype=np.float32),
        windows=np.zeros((1, 4)),
    )


def random() -> np.ndarray:
    return np.random.default_rng(0).random(SHAPE, dtype=np.float32)


@pytest.mark.parametrize("lazy", [False, True])
def test_a_tiff_holds_the_heat_to_the_last_bit_and_the_pixel_size(tmp_path: Path, lazy: bool) -> None:
    heatmap = random()
    write_heatmap(record(zarr.array(heatmap) if lazy else heatmap, pixel_size_um=0.25), tmp_path / "a.layer-5.tif")
    with tifffile.TiffFile(tmp_path / "a.layer-5.tif") as file:
        np.testing.assert_array_equal(file.asarray(), heatmap)
        (page,) = file.pages
        assert page.dtype == np.float32
        across, unit = page.tags["XResolution"].value, page.tags["ResolutionUnit"].value
    assert (across[0] / across[1], unit.name) == (40_000, "CENTIMETER")


def test_a_file_that_cannot_be_written_whole_is_not_there(tmp_path: Path) -> None:
    class Broken:
        shape = SHAPE

        def __getitem__(self, where: tuple[slice, slice]) -> np.ndarray:
            if where[0].start > 0:
                raise RuntimeError("gone")
            return random()[where]

    with pytest.raises(RuntimeError, match="gone"):
        write_heatmap(record(Broken()), tmp_path / "a.tif")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_glows_where_it_is_hot_and_is_the_image_elsewhere() -> None:
    heatmap, labels = np.zeros(SHAPE, dtype=np.float32), np.zeros(SHAPE, dtype=np.int32)
    labels[190:211, 290:311] = 3
    heatmap[230:240, 300:310] = 1
    slide = from_array(np.full((*SHAPE, 3), 100, dtype=np.uint8))
    picture = np.asarray(heatmap_picture(slide, labels, record(heatmap)))
    assert picture.shape == (*SHAPE, 3)
    assert picture[235, 305].tolist() == [222, 224, 152]  # four parts of inferno's last colour, 252 255 164
    assert (picture[100:180, 400:] == 100).all()
    assert (picture[195:205, 295:305] == 100).all()  # within the outline
    assert not (picture[190, 300] == 100).all()
    assert (picture[-20:-5, 5:9] == 0).all()  # the legend's ground


def test_slopes_of_single_pixels_are_seen_beside_a_much_steeper_one() -> None:
    heatmap = np.zeros(SHAPE, dtype=np.float32)
    heatmap[230:260, 300:330] = 0.05
    heatmap[5, 5] = 1
    slide, labels = from_array(np.full((*SHAPE, 3), 100, dtype=np.uint8)), np.zeros(SHAPE, dtype=np.int32)
    shown = {
        method: heatmap_picture(slide, labels, replace(record(heatmap), method=method)).getpixel((315, 245))
        for method in ("guided-grad-cam", "grad-cam")
    }
    assert shown["guided-grad-cam"] == (222, 224, 152)
    assert np.abs(np.subtract(shown["grad-cam"], 100)).max() < 8


def test_a_large_image_becomes_a_picture_that_opens_anywhere() -> None:
    heatmap = np.zeros(SHAPE, dtype=np.float32)
    heatmap[200:300, 600:700] = 1
    slide = from_array(np.full((*SHAPE, 3), 100, dtype=np.uint8))
    picture = heatmap_picture(slide, np.zeros(SHAPE, dtype=np.int32), record(heatmap), longest=550)
    assert picture.size == (550, 265)
    assert picture.getpixel((325, 125)) == (222, 224, 152)
    assert picture.getpixel((400, 125)) == (100, 100, 100)
