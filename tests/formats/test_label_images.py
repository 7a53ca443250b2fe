"""Label images are read as they are, and found for their images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.label_images import match_by_name, read_labels

VALUES = np.array([[0, 1], [300, 70_000]])


def test_values_are_those_of_the_file(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", VALUES)
    tifffile.imwrite(tmp_path / "a.tif", VALUES[None].astype(np.uint32))  # an axis of one plane
    Image.fromarray(VALUES.astype(np.uint16)).save(tmp_path / "a.png")
    assert read_labels(tmp_path / "a.npy").tolist() == VALUES.tolist()
    assert read_labels(tmp_path / "a.tif").tolist() == VALUES.tolist()
    assert read_labels(tmp_path / "a.png").tolist() == (VALUES % 65_536).tolist()


def test_a_palette_is_read_as_numbers_not_as_colours(tmp_path: Path) -> None:
    picture = Image.fromarray(np.array([[0, 1], [2, 3]], dtype=np.uint8), "P")
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    picture.save(tmp_path / "a.png")
    assert read_labels(tmp_path / "a.png").tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.npy"])
def test_what_is_no_label_image_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(AnnotationError, match="Cannot read the labels"):
        read_labels(tmp_path / name)
    (tmp_path / name).write_bytes(b"no image")
    with pytest.raises(AnnotationError, match=name):
        read_labels(tmp_path / name)


@pytest.fixture
def paths(tmp_path: Path) -> Callable[..., list[Path]]:
    """Return files of these names, which are there."""

    def made(*names: str) -> list[Path]:
        files = [tmp_path / name for name in names]
        for file in files:
            file.parent.mkdir(exist_ok=True)
            file.touch()
        return files

    return made


Paths = Callable[..., list[Path]]


def test_labels_are_matched_by_name_whatever_their_order(paths: Paths) -> None:
    images = paths("a.tif", "a_2.tif", "b.png")
    labels = paths("m/b.labels.tif", "m/a_2_cp_masks.png", "m/a_cp_masks.png", "m/c.tif")
    assert match_by_name(images, labels) == tuple(labels[i] for i in (2, 1, 0))


def test_labels_without_the_names_of_images_are_matched_by_order(paths: Paths) -> None:
    assert match_by_name(paths("a.tif", "b.tif"), paths("2.tif", "1.tif")) == tuple(paths("2.tif", "1.tif"))
    twins = paths("x/a.tif", "y/a.tif")
    assert match_by_name(twins, paths("x/a.png", "y/a.png")) == tuple(paths("x/a.png", "y/a.png"))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("1.tif",), r"1 label images for 2 images: a.tif has none"),
        (("a.tif", "c.tif"), r"b.tif has none. Each image needs one, by name \(such as b.labels.tif\)"),
        (("a.tif", "a_masks.tif"), r"a.tif has a.tif, a_masks.tif"),
        ((), r"0 label images for 2 images"),
    ],
)
def test_labels_that_fit_neither_way_are_refused(paths: Paths, labels: tuple[str, ...], message: str) -> None:
    with pytest.raises(AnnotationError, match=message):
        match_by_name(paths("a.tif", "b.tif"), paths(*labels))


def test_of_several_in_a_folder_of_results_the_labels_are_taken(paths: Paths) -> None:
    images = paths("a.tif", "b.tif")
    names = ("a.labels.tif", "a.nuclei.tif", "a.outline.png", "b.labels.tif", "b.nuclei.tif", "b.cells.tif")
    found = paths(*(f"out/{name}" for name in names))
    assert match_by_name(images, found) == (found[0], found[3])
    with pytest.raises(AnnotationError, match=r"6 cells for 2 images: a.tif has a.labels.tif, .* as a.cells.tif\)"):
        match_by_name(images, found, "cells", "cells")


def test_labels_that_are_not_there_are_named(paths: Paths, tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"There is no file or folder .*gone, given as label images of cells\."):
        match_by_name(paths("a.tif"), [tmp_path / "gone"], "label images of cells")
