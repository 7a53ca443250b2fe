"""Cells are selected by part and by the names of their images."""

from pathlib import Path

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.selection import CellSelection


def test_all_images_of_a_part_are_read_by_default(micronuclei: Path) -> None:
    selection = CellSelection(micronuclei, "val")
    assert {field.image.stem[:3] for field in selection.read()} == {"val"}
    assert selection.part == "val"


def test_only_images_whose_names_fit_are_read(micronuclei: Path) -> None:
    selection = CellSelection(micronuclei, "val", ("*5", "nothing*"))
    assert [field.image.stem for field in selection.read()] == ["val5"]
    assert selection.part == "val, *5, nothing*"


def test_a_name_that_fits_no_image_is_refused_with_one_that_exists(micronuclei: Path) -> None:
    with pytest.raises(AnnotationError, match="No image is called nothing; there is val"):
        CellSelection(micronuclei, "val", ("nothing",)).read()
