"""What OME-XML says of the pixels of each image in a file."""

import numpy as np
from tifffile import TiffFile, TiffWriter

from napari_hemalens.slides.ome_xml import pixels_of


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
