"""The document of a project is read back as it was, and finds images again."""

import json
import shutil
from pathlib import Path

import pytest

from napari_hemalens.errors import ProjectError
from napari_hemalens.projects import document
from napari_hemalens.projects.document import Document, ImageEntry, WeightsEntry
from napari_hemalens.records.class_set import ClassSet
from napari_hemalens.records.taught_cells import TaughtImage


def image_at(path: Path, fingerprint: str = "f0") -> TaughtImage:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return TaughtImage(str(path), fingerprint, (10, 20), 0.2)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    classes = ClassSet.of_names(["smudge", "blast"]).remove("smudge")
    image = ImageEntry.of(image_at(tmp_path / "a.png"), tmp_path)
    said = Document(seed=3, weights=WeightsEntry(name="w", sha256="0")).with_classes(classes).with_image(image)
    document.write(said, tmp_path)
    assert document.read(tmp_path) == said
    assert document.read(tmp_path).class_set == classes


def test_an_image_is_kept_once_by_its_fingerprint(tmp_path: Path) -> None:
    entries = [ImageEntry.of(image_at(tmp_path / name), tmp_path) for name in ("a.png", "b.png")]
    said = Document().with_image(entries[0]).with_image(entries[1])
    assert said.images == (entries[1],)


def test_images_are_found_after_the_project_moved_with_them(tmp_path: Path) -> None:
    folder = tmp_path / "work" / "project"
    inside, beside = image_at(folder / "images" / "a.png"), image_at(tmp_path / "work" / "slides" / "b.png")
    entries = [ImageEntry.of(image, folder) for image in (inside, beside)]
    assert [entry.path for entry in entries] == ["images/a.png", "../slides/b.png"]
    shutil.move(tmp_path / "work", tmp_path / "moved")
    now = tmp_path / "moved" / "project"
    assert [entry.located(now) for entry in entries] == [now / "images" / "a.png", now / "../slides/b.png"]


def test_an_image_far_away_has_its_whole_path(tmp_path: Path) -> None:
    far = image_at(tmp_path / "far" / "a.png")
    folder = tmp_path / "1" / "2" / "3" / "4" / "project"
    entry = ImageEntry.of(far, folder)
    assert entry.path == Path(far.name).resolve().as_posix()
    assert entry.located(tmp_path / "anywhere") == Path(entry.path)


def test_an_image_that_is_gone_is_looked_for_beside_the_project(tmp_path: Path) -> None:
    far = image_at(tmp_path / "a.png")
    entry = ImageEntry.of(far, tmp_path / "1" / "2" / "3" / "4")
    Path(far.name).unlink()
    assert entry.located(tmp_path / "project") is None
    image_at(tmp_path / "project" / "a.png")
    assert entry.located(tmp_path / "project") == tmp_path / "project" / "a.png"


def test_a_layer_without_a_file_has_no_path(tmp_path: Path) -> None:
    entry = ImageEntry.of(TaughtImage("Smear [2]", "f0", (10, 10)), tmp_path)
    assert (entry.path, entry.located(tmp_path)) == ("", None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "Cannot read"),
        ("[]", "does not describe a project of HemaLens"),
        ('{"format": "other"}', "does not describe a project of HemaLens"),
        ('{"format": "hemalens-project", "version": 2, "classes": 7}', "newer HemaLens .format 2; this knows 1."),
        ('{"format": "hemalens-project", "version": 1, "seed": "x"}', "seed: Input should be a valid integer"),
    ],
)
def test_what_is_no_document_is_refused_in_a_sentence(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "project.json").write_text(content)
    with pytest.raises(ProjectError, match=said):
        document.read(tmp_path)
    assert (tmp_path / "project.json").read_text() == content


def test_a_folder_without_a_document_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"is no project: it has no project.json"):
        document.read(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match="could not be written"):
        document.write(Document(), tmp_path / "file")


def test_the_document_is_plain_json(tmp_path: Path) -> None:
    document.write(Document().with_classes(ClassSet.of_names(["blast"])), tmp_path)
    found = json.loads((tmp_path / "project.json").read_text("utf-8"))
    assert (found["format"], found["version"]) == ("hemalens-project", 1)
    assert found["classes"] == [{"id": "c1", "name": "blast", "colour": "#aa3377", "key": "1"}]
