"""Tables of cells with classes are read with the images that they are about, or refused by name."""

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.named_cells import classes_of, read


@pytest.fixture
def folder(tmp_path):
    """Two images with their label images, without tables; their content is not looked at."""
    for place, suffix in (("images", "png"), ("nuclei", "tif")):
        (tmp_path / place).mkdir()
        for name in ("a", "b"):
            (tmp_path / place / f"{name}.{suffix}").touch()
    return tmp_path


def table(folder, *lines):
    (folder / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_cells_of_each_image_come_together_in_the_order_of_the_table(folder):
    table(folder, "image,nucleus,has_micronucleus,micronuclei", "b,3,1,2", "a,9,0,0", "b,1,0,0")
    a, b = read(folder, split="train")
    assert (a.image, a.labels) == (folder / "images" / "a.png", folder / "nuclei" / "a.tif")
    assert b.ids.tolist() == [3, 1]
    assert b.class_names.tolist() == ["micronucleus", "none"]
    assert b.groups.tolist() == ["b", "b"]
    assert classes_of([a, b]) == ("micronucleus", "none")


def test_a_fold_may_be_told_what_not_to_part(folder):
    table(folder, "image,subject,cell,class", "a.png,s1,1,blast", "a.png,s2,2,normal")
    (cells,) = read(folder, split="train")
    assert cells.groups.tolist() == ["s1", "s2"]
    assert cells.grouped_by == "subject"
    np.testing.assert_array_equal(cells.class_names, ["blast", "normal"])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["image,cell,class"], "lists no cells"),
        (["image,class", "a,blast"], "has no column nucleus or cell; it has image, class"),
        (["image,cell", "a,1"], "has no column class or has_micronucleus"),
        (["picture,cell,class", "a,1,blast"], "lacks the column 'image'"),
        (["image,cell,class", "a,one,blast"], "every cell needs a whole number"),
        (["image,nucleus,has_micronucleus", "a,1,yes"], "has_micronucleus got 'yes'; known: 0, 1"),
        (["image,cell,class", "c,1,blast"], "names the image 'c', which is not in images"),
    ],
)
def test_a_table_that_cannot_be_followed_is_refused_in_a_sentence(folder, lines, said):
    table(folder, *lines)
    with pytest.raises(AnnotationError, match=said):
        read(folder, split="train")


def test_of_cells_by_box_it_is_said_what_measures_on_them(folder):
    (folder / "cells.csv").touch()
    with pytest.raises(AnnotationError, match=r"holds cells by box .* `hemalens evaluate laboratories` measures"):
        read(folder, split="val")


def test_a_missing_table_is_named(folder):
    with pytest.raises(AnnotationError, match=r"Cannot read the table of cells .*val\.csv"):
        read(folder, split="val")
