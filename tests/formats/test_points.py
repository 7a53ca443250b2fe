from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import points, read_annotations

TABLE = "x,y,class\n40,30,1\n10,50,3\n5,6,1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images of 60 x 90: two with points, and lists of two parts."""
    for name in ("biopsy_1_01", "biopsy_1_02", "biopsy_2_01"):
        (tmp_path / "images").mkdir(exist_ok=True)
        iio.imwrite(tmp_path / "images" / f"{name}.png", np.zeros((60, 90, 3), np.uint8))
    (tmp_path / "points").mkdir()
    for name in ("biopsy_1_01", "biopsy_2_01"):
        (tmp_path / "points" / f"{name}.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "train.txt").write_text("biopsy_1_*\n\n", encoding="utf-8")
    (tmp_path / "val.txt").write_text("biopsy_2_01\n", encoding="utf-8")
    return tmp_path


def stems(fields: tuple[points.PointField, ...]) -> list[str]:
    return [Path(field.nuclei.provenance.image).stem for field in fields]


def test_a_nucleus_is_a_box_around_its_point_and_an_unsure_point_is_none(folder: Path) -> None:
    field, _ = points.read_fields(folder, diameter=20)
    assert field.nuclei.class_names.tolist() == ["nucleus", "nucleus"]
    assert field.nuclei.boxes.tolist() == [[20, 30, 40, 50], [0, 0, 16, 15]]  # the edge of the image cuts the second
    assert field.nuclei.image_shape == (60, 90)
    assert field.centres.tolist() == [[30, 40], [6, 5]]
    assert field.unsure.tolist() == [[50, 10]]
    assert field.diameter == 20


def test_a_point_may_say_its_own_diameter(folder: Path) -> None:
    table = "x,y,class,diameter\n40,30,nucleus,8\n40,30,1,\n20,20,unsure,50\n"
    (folder / "points" / "biopsy_1_01.csv").write_text(table, encoding="utf-8-sig")
    (field,) = points.read_fields(folder, only=["biopsy_1_01"], diameter=10)
    assert field.nuclei.boxes.tolist() == [[26, 36, 34, 44], [25, 35, 35, 45]]
    assert field.diameter == 9


def test_images_are_chosen_by_part_or_name_and_need_points(folder: Path) -> None:
    assert stems(points.read_fields(folder)) == ["biopsy_1_01", "biopsy_2_01"]
    assert stems(points.read_fields(folder, only=["train"])) == ["biopsy_1_01"]
    assert stems(points.read_fields(folder, only=["*_2_*", "train"])) == ["biopsy_1_01", "biopsy_2_01"]


def test_training_finds_the_parts_of_a_folder_of_points(folder: Path) -> None:
    (train,), (val,) = (read_annotations(folder, split=split) for split in ("train", "val"))
    assert Path(train.provenance.image) == folder / "images" / "biopsy_1_01.png"
    assert Path(val.provenance.image) == folder / "images" / "biopsy_2_01.png"
    assert train.names == ("nucleus",)
    assert train.provenance.pixel_size_um is None  # a user says it
    assert len(read_annotations(folder)) == 2
    with pytest.raises(AnnotationError, match=r"No annotations for the split 'test' in .* or points/\*\.csv"):
        read_annotations(folder, split="test")


def written(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "points" / "biopsy_1_01.csv").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (written("x,y,class\n1,2,1\n3,4,2\n"), r"biopsy_1_01\.csv, line 3: the class is '2'\. Known: 1 \(nucleus\), 3"),
        (written("x,y,class\n1,2\n"), r"line 2: the class is ''\. Known"),
        (written("x,y,class\n1,two,1\n"), "line 2: 'two' is not a number"),
        (written("x,y,class\n30,80,1\n"), "line 2: the point y 80, x 30 lies outside the image of 60 x 90 px"),
        (written("x,y\n1,2\n"), "is not a table of points: it lacks the column 'class'"),
        (
            lambda folder: (folder / "train.txt").write_text("biopsy_7\n"),
            "is called 'biopsy_7', .* an example is biopsy_1_01",
        ),
    ],
)
def test_what_cannot_be_read_is_said(folder: Path, change: Callable[[Path], object], message: str) -> None:
    change(folder)
    with pytest.raises(AnnotationError, match=message):
        points.read_fields(folder, only=["train"])


def test_a_folder_without_points_is_no_set_of_points(tmp_path: Path) -> None:
    assert not points.holds(tmp_path)
    (tmp_path / "points").mkdir()
    with pytest.raises(AnnotationError, match="holds no image with points"):
        points.read_fields(tmp_path)


def test_the_marrow_of_kainz_is_read(real_data: Path) -> None:
    fields = points.read_fields(real_data / "marrow_histology", only=["BM_GRAZ_HE_0003_*", "BM_GRAZ_HE_0006_*"])
    assert [(len(field.centres), len(field.unsure)) for field in fields] == [(292, 120), (341, 82), (231, 61)]
    assert all(field.nuclei.image_shape == (1200, 1200) for field in fields)
