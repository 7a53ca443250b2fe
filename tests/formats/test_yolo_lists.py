"""Lists say which images of a folder are of a split, wherever the data set lay when they were written."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_hemalens.formats import read_annotations
from napari_hemalens.formats.yolo_lists import image_list


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two images in one folder, told apart by lists alone."""
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b"):
        Image.fromarray(np.zeros((80, 100, 3), np.uint8)).save(tmp_path / "images" / f"{name}.png")
        (tmp_path / "labels" / f"{name}.txt").write_text("0 0.25 0.4375 0.3 0.375\n")
    (tmp_path / "data.yaml").write_text("path: .\nnames: [WBC]\ntrain: train.txt\nval: val.txt\n")
    return tmp_path


@pytest.mark.parametrize("before", ["./images/", "/home/her/set/images/", "data\\images\\"])
def test_a_split_is_what_its_list_names(data: Path, before: str) -> None:
    (data / "train.txt").write_text(f"{before}a.png\n\n")
    (data / "val.txt").write_text(f"{before}b.png\n")
    (train,) = read_annotations(data, split="train")
    assert Path(train.provenance.image).name == "a.png"
    assert train.boxes.tolist() == [pytest.approx([20, 10, 50, 40])]
    assert len(read_annotations(data)) == 2


def test_a_list_that_is_not_there_and_a_folder_are_no_list(data: Path) -> None:
    assert image_list(data / "data.yaml", "", "train.txt") is None
    assert image_list(data / "data.yaml", "", "images") is None
