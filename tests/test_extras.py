"""What is not installed is named, with the command that installs it."""

import re

import pytest

from napari_hemalens.errors import AnnotationError, ImageError, MissingPackageError
from napari_hemalens.extras import explain_missing_packages, install_hint, optional_module, require_packages


def test_the_first_package_that_is_missing_is_named_with_what_installs_it() -> None:
    assert install_hint("This", ["numpy"], "exchange") == ""
    said = install_hint("This", ["numpy", "no_such_package"], "exchange")
    assert said == "This needs no_such_package: pip install 'napari-hemalens[exchange]'."
    with pytest.raises(MissingPackageError, match=re.escape(said)):
        require_packages("This", ["no_such_package"], "exchange")


def test_a_module_is_imported_when_asked_for_or_named_if_missing() -> None:
    assert optional_module("json", "JSON", "slides").loads("[1]") == [1]
    with pytest.raises(MissingPackageError, match=r"^DICOM needs no_such_reader: pip .*\[slides\]'\.$"):
        optional_module("no_such_reader.czi", "DICOM", "slides")


def test_training_says_what_it_needs() -> None:
    install = r"need lightning: pip install 'napari-hemalens\[train\]'"
    with pytest.raises(MissingPackageError, match=install), explain_missing_packages():
        raise ModuleNotFoundError("No module named 'lightning'", name="lightning.fabric")


def test_other_errors_are_left_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError), explain_missing_packages():
        raise ZeroDivisionError


def test_a_file_whose_reader_is_missing_counts_as_one_that_cannot_be_read() -> None:
    assert issubclass(MissingPackageError, ImageError)
    assert issubclass(MissingPackageError, AnnotationError)
