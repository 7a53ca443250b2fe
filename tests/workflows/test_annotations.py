"""Annotations are rewritten in another format, all of them, and none is written over."""

from pathlib import Path

import pytest

from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.formats import read_annotations
from napari_hemalens.workflows import Converted, convert_annotations


def test_what_was_written_is_said_and_reads_back(two_fields: Path, tmp_path: Path) -> None:
    before = read_annotations(two_fields, split="train")
    written = convert_annotations([two_fields], tmp_path / "out", to="via", split="train")
    assert written == Converted(tmp_path / "out" / "via.json", 2, sum(map(len, before)))
    after = read_annotations(written.target)
    assert sorted(name for f in after for name in f.class_names) == sorted(n for f in before for n in f.class_names)


def test_two_sets_become_one(two_fields: Path, tmp_path: Path) -> None:
    both = [two_fields / "train.json", two_fields / "val.json"]
    written = convert_annotations(both, tmp_path / "out", to="csv")
    assert written.images == 4


def test_a_folder_that_is_read_is_not_written_to(two_fields: Path) -> None:
    with pytest.raises(RecipeError, match="folder of their own"):
        convert_annotations([two_fields], two_fields, to="via", split="train")


def test_what_was_written_before_is_not_replaced(two_fields: Path, tmp_path: Path) -> None:
    before = convert_annotations([two_fields], tmp_path / "out", to="csv", split="train").target.read_bytes()
    with pytest.raises(RecipeError, match=r"cells\.csv is there already, and would be replaced"):
        convert_annotations([two_fields], tmp_path / "out", to="csv", split="val")
    assert (tmp_path / "out" / "cells.csv").read_bytes() == before


def test_an_unknown_format_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="No format 'xml'"):
        convert_annotations([tmp_path / "missing"], tmp_path / "out", to="xml")
    assert not (tmp_path / "out").exists()
