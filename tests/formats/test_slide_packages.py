import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.slide_packages import slide_package


def test_a_package_that_is_not_there_is_named_with_how_to_install_it():
    with pytest.raises(ImageError, match=r"^DICOM needs no_such_reader: pip install 'napari-hemalens\[slides\]'\.$"):
        slide_package("no_such_reader", "DICOM")


def test_a_package_that_is_there_is_imported():
    assert slide_package("json", "JSON").loads("[1]") == [1]
