"""Slides of a project, added from Python."""

from pathlib import Path

import pytest

from napari_hemalens.errors import ImageError, ProjectError
from napari_hemalens.projects.project import Project
from napari_hemalens.workflows.project_slides import add_slides, missing_in_words, read_slides


def test_a_folder_of_images_and_a_table_become_the_slides_of_a_project(tmp_path: Path) -> None:
    Project.create(tmp_path / "project").close()
    smears = tmp_path / "smears"
    smears.mkdir()
    for name in ("s10.png", "s2.png"):
        (smears / name).touch()
    (tmp_path / "who.csv").write_text("path,patient\nsmears/s10.png,P7\n", encoding="utf-8")
    project = tmp_path / "project"
    assert missing_in_words(project, add_slides(project, [smears])) == ""
    add_slides(tmp_path / "project", [smears / "s2.png"], table=tmp_path / "who.csv")
    slides = read_slides(tmp_path / "project")
    assert [(slide.path, slide.patient) for slide in slides] == [
        ("../smears/s2.png", ""),
        ("../smears/s10.png", "P7"),
    ]


def test_a_table_of_names_alone_means_the_images_added_with_it(tmp_path: Path) -> None:
    Project.create(tmp_path / "project").close()
    (tmp_path / "smears").mkdir()
    (tmp_path / "smears" / "s1.png").touch()
    (tmp_path / "who.csv").write_text("path,patient\ns1.png,P7\n", encoding="utf-8")
    slides = add_slides(tmp_path / "project", [tmp_path / "smears"], table=tmp_path / "who.csv")
    assert [(slide.path, slide.patient) for slide in slides] == [("../smears/s1.png", "P7")]


def test_slides_that_a_table_misspells_are_said_not_to_be_there(tmp_path: Path) -> None:
    Project.create(tmp_path / "project").close()
    (tmp_path / "there.png").touch()
    (tmp_path / "who.csv").write_text("path,group\nthere.png,a\nthre.png,a\nsmears/b.png,b\n", encoding="utf-8")
    slides = add_slides(tmp_path / "project", table=tmp_path / "who.csv")
    assert missing_in_words(tmp_path / "project", slides) == "2 slides are not there: thre.png, smears/b.png."


def test_what_is_no_project_and_what_holds_no_image_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="is no project"):
        add_slides(tmp_path, [tmp_path])
    Project.create(tmp_path / "project").close()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="No image in"):
        add_slides(tmp_path / "project", [tmp_path / "empty"])


def test_files_that_are_no_images_are_not_added(tmp_path: Path) -> None:
    Project.create(tmp_path / "project").close()
    files = [tmp_path / "a.png", tmp_path / "letter.docx"]
    for file in files:
        file.touch()
    with pytest.raises(ImageError, match=r"Nothing was added: letter\.docx is no image\."):
        add_slides(tmp_path / "project", files)
    assert len(read_slides(tmp_path / "project")) == 0
