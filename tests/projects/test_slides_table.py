"""The table of a project's slides: added to, edited, read as spreadsheets save it."""

from pathlib import Path

import pytest

from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.projects import slides_table
from napari_hemalens.projects.slides_table import ProjectSlide, SlidesTable


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder of a project beside a folder of two slides."""
    (tmp_path / "slides").mkdir()
    for name in ("a.tif", "b.tif"):
        (tmp_path / "slides" / name).touch()
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_a_project_without_a_table_has_no_slides(project: Path) -> None:
    assert len(slides_table.read(project)) == 0


def test_images_are_added_once_and_come_back_by_paths_near_the_project(project: Path) -> None:
    images = [project.parent / "slides" / name for name in ("a.tif", "b.tif", "a.tif")]
    table = SlidesTable().with_images(images, project).with_images(images[1:], project)
    slides_table.write(table, project)
    back = slides_table.read(project)
    assert [slide.path for slide in back] == ["../slides/a.tif", "../slides/b.tif"]
    assert back == table
    assert back.slides[0].located(project) == images[0].resolve()


def test_a_slide_that_moved_beside_the_project_is_found_by_name(project: Path) -> None:
    (project / "c.tif").touch()
    assert ProjectSlide("D:/elsewhere/c.tif").located(project) == (project / "c.tif").resolve()


def test_what_a_spreadsheet_saved_is_read_with_columns_of_its_own(project: Path) -> None:
    text = "sep=;\r\nPath;Patient;GROUP;age\r\n..\\slides\\a.tif;P1; case ;61\r\n;;;\r\n../slides/b.tif;;;\r\n"
    (project / "slides.csv").write_bytes(text.encode("utf-16"))
    table = slides_table.read(project)
    assert table.slides[0] == ProjectSlide("../slides/a.tif", patient="P1", group="case", beside={"age": "61"})
    assert (table.others, table.groups(), len(table)) == (("age",), ("case",), 2)
    slides_table.write(table.with_text(1, "age", "70").with_text(1, "stain", "MGG"), project)
    assert slides_table.read(project).slides[1].beside == {"age": "70"}
    assert slides_table.read(project).slides[1].stain == "MGG"


def test_a_table_from_elsewhere_adds_slides_and_fills_in_what_it_says(project: Path) -> None:
    table = SlidesTable((ProjectSlide("../slides/a.tif", patient="P1", stain="Giemsa"),))
    other = project.parent / "sheet.csv"
    other.write_text("path,patient,group\nslides/a.tif,,case\nslides/b.tif,P2,control\n", encoding="utf-8")
    merged = table.with_table(slides_table.read_file(other, project), project)
    assert merged.slides == (
        ProjectSlide("../slides/a.tif", patient="P1", stain="Giemsa", group="case"),
        ProjectSlide("../slides/b.tif", patient="P2", group="control"),
    )


def test_a_name_without_a_folder_means_the_one_slide_of_that_name(project: Path) -> None:
    table = SlidesTable((ProjectSlide("../slides/a.tif"), ProjectSlide("1/c.tif"), ProjectSlide("2/c.tif")))
    said = SlidesTable(tuple(ProjectSlide(path, group="case") for path in ("a.tif", "c.tif", "b/a.tif")))
    merged = table.with_table(said, project)
    paths = ["../slides/a.tif", "1/c.tif", "2/c.tif", "c.tif", "b/a.tif"]  # which c.tif is meant, nobody knows
    assert [slide.path for slide in merged] == paths
    assert [bool(slide.group) for slide in merged] == [True, False, False, True, True]


def test_rows_are_removed_without_their_files(project: Path) -> None:
    table = SlidesTable((ProjectSlide("a.tif"), ProjectSlide("b.tif"))).without([0])
    assert [slide.path for slide in table] == ["b.tif"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,patient\na.tif,1\n", "lacks the column 'path'"),
        ("path,patient\n,1\n", "Line 2 of .* names no slide"),
        ("path\na.tif\na.tif\n", "names the slide 'a.tif' twice"),
    ],
)
def test_a_table_that_names_no_slides_is_refused(project: Path, text: str, said: str) -> None:
    (project / "slides.csv").write_text(text, encoding="utf-8")
    with pytest.raises(AnnotationError, match=said):
        slides_table.read(project)


def test_a_column_that_is_not_there_is_not_written_to() -> None:
    with pytest.raises(RecipeError, match=r"No column 'path' to write to\. Known: patient, sample, stain, group\."):
        SlidesTable((ProjectSlide("a.tif"),)).with_text(0, "path", "b.tif")


@pytest.mark.parametrize(
    ("groups", "first"),
    [
        (("treated", "control"), "control"),
        (("healthy", "CML", "Controls 2024"), "Controls 2024"),
        (("positive control", "untreated"), "untreated"),
        (("JAK2 positive", "JAK2_negative"), "JAK2_negative"),
        (("uncontrolled", "controlled"), "uncontrolled"),  # neither is a control
    ],
)
def test_a_group_that_is_called_a_control_stands_first(groups: tuple[str, ...], first: str) -> None:
    table = SlidesTable(tuple(ProjectSlide(f"{i}.png", group=group) for i, group in enumerate(groups)))
    assert table.groups() == (first, *(group for group in groups if group != first))
