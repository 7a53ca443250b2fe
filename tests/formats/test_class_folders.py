"""Images in a folder a class are read with their parts, and what cannot be parted is refused in a sentence."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import class_folders
from napari_hemalens.formats.named_cells import read, read_all


def pictures(folder: Path, number: int) -> None:
    folder.mkdir(parents=True)
    for k in range(number):
        iio.imwrite(folder / f"{k:02}.png", np.zeros((12, 16, 3), np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures(tmp_path / "koilocyte", 10)
    pictures(tmp_path / "superficial", 5)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "about.txt").write_text("of whom")
    return tmp_path


def names(found) -> list[str]:
    return [f"{one.class_name} {one.image.stem}" for one in found]


def test_the_last_fifth_of_each_class_is_held_back(folder: Path) -> None:
    assert names(class_folders.read(folder, split="val")) == ["koilocyte 08", "koilocyte 09", "superficial 04"]
    assert len(class_folders.read(folder, split="train")) == 12
    assert class_folders.parts_of(folder) == ("train", "val")


def test_parts_with_folders_of_their_own_are_kept(tmp_path: Path) -> None:
    for part, number in (("train", 3), ("val", 1), ("test", 2)):
        for name in ("koilocyte", "superficial"):
            pictures(tmp_path / part / name, number)
    assert class_folders.parts_of(tmp_path) == ("train", "val", "test")
    assert names(class_folders.read(tmp_path, split="val")) == ["koilocyte 00", "superficial 00"]
    assert len(read_all(tmp_path)) == 12


def test_parts_may_be_called_as_other_tools_call_them(tmp_path: Path) -> None:
    for part in ("Training", "validation", ".cache"):
        for name in ("koilocyte", "superficial", "__MACOSX"):
            pictures(tmp_path / part / name, 2)
    assert class_folders.parts_of(tmp_path) == ("train", "val")
    assert names(class_folders.read(tmp_path, split="val"))[::2] == ["koilocyte 00", "superficial 00"]
    assert len({one.groups[0] for one in read(tmp_path, split="train")}) == 4  # of two classes, though called alike


def test_an_image_is_one_cell_that_fills_it(folder: Path) -> None:
    (first, *_) = read(folder, split="val")
    assert (first.ids.tolist(), first.class_names.tolist(), first.whole) == ([1], ["koilocyte"], True)
    labels = first.label_image()
    assert labels.shape == (12, 16)
    assert (labels == 1).all()


def test_what_cannot_be_parted_is_refused_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="has no part 'test'; known: train, val"):
        class_folders.read(folder, split="test")
    pictures(folder / "rare", 4)
    with pytest.raises(AnnotationError, match="rare has 4 images; from 5 on, a fifth is held back as val"):
        class_folders.read(folder, split="val")
    with pytest.raises(AnnotationError, match="or images in a folder a class"):
        read(tmp_path / "koilocyte", split="train")
