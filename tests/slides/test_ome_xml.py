"""What OME-XML says of the pixels of each image in a file."""

import numpy as np
from tifffile import TiffFile, TiffWriter, imwrite

from napari_hemalens.slides.ome_xml import pixels_of
from napari_hemalens.slides.open import open_image


def test_each_image_of_a_file_has_pixels_of_its_own(tmp_path):
    with TiffWriter(tmp_path / "a.ome.tif") as tif:
        tif.write(np.zeros((2, 8, 9), np.uint8), metadata={"axes": "CYX"})
        tif.write(np.zeros((5, 6), np.uint8), metadata={"axes": "YX"})
    with TiffFile(tmp_path / "a.ome.tif") as tif:
        assert [pixels_of(tif, i).get("SizeX") for i in (0, 1, 2)] == [9, 6, None]


def test_a_file_without_it_says_nothing(tmp_path):
    with TiffWriter(tmp_path / "a.tif") as tif:
        tif.write(np.zeros((8, 9), np.uint8))
    with TiffFile(tmp_path / "a.tif") as tif:
        assert pixels_of(tif, 0) == {}


def test_an_unescaped_name_costs_the_pixel_size_and_not_the_pixels(tmp_path):
    pixels = np.arange(600, dtype=np.uint8).reshape(20, 30)
    imwrite(tmp_path / "a.ome.tif", pixels, metadata={"Name": "stain and dye", "PhysicalSizeX": 0.1}, ome=True)
    damaged = (tmp_path / "a.ome.tif").read_bytes().replace(b"stain and dye", b"stain & dye  ")
    (tmp_path / "a.ome.tif").write_bytes(damaged)
    with open_image(tmp_path / "a.ome.tif") as slide:
        assert slide.pixel_size_um is None
        np.testing.assert_array_equal(slide.read(0, 0, 20, 30)[..., 0], pixels)
