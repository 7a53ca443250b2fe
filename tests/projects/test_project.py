"""A project keeps what was said through closing, killing, renaming and moving."""

import subprocess
import sys
from pathlib import Path

import pytest

from napari_hemalens.errors import ProjectError, RecipeError
from napari_hemalens.projects.decisions import Decision
from napari_hemalens.projects.project import Project
from napari_hemalens.records.taught_cells import TaughtImage


def say(project: Project, cell: str, name: str) -> None:
    of = project.classes.named(name)
    project.decide([Decision("label", cell, of.id, of.name, "f0", (0, 0, 8, 8))])


def names(project: Project) -> dict[str, str]:
    of = {each.id: each.name for each in project.classes}
    return {cell: of[decision.class_id] for cell, decision in project.decisions.labels.items()}


def test_classes_and_labels_are_there_when_it_is_opened_again(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", ["blast", "normal"], seed=7) as project:
        say(project, "a", "blast")
        say(project, "b", "normal")
        project.undo()
        project.observer = "Ann"
        say(project, "c", "blast")
        project.add_class("smudge", "#123456", "S")
    with Project.open(tmp_path / "p") as again:
        assert (names(again), again.seed, again.notes) == ({"a": "blast", "c": "blast"}, 7, ())
        assert again.classes.names == ("blast", "normal", "smudge")
        assert next(iter(again.decisions)).time.startswith("20")
        assert [each.observer for each in again.decisions] == ["", "Ann"]
        assert again.undo()[0].cell == "c"
        assert again.redo()[0].cell == "c"
        assert again.redo() == ()


def test_labels_follow_a_class_that_is_renamed(tmp_path: Path) -> None:
    with Project.create(tmp_path, ["blast"]) as project:
        say(project, "a", "blast")
        project.change_class("blast", name="myeloblast", key="M")
        assert names(project) == {"a": "myeloblast"}
    with Project.open(tmp_path) as again:
        assert names(again) == {"a": "myeloblast"}


def test_a_class_is_removed_only_if_no_label_has_it(tmp_path: Path) -> None:
    with Project.create(tmp_path, ["blast", "normal"]) as project:
        say(project, "a", "blast")
        with pytest.raises(RecipeError, match="1 cell is labelled 'blast'"):
            project.remove_class("blast")
        project.undo()
        project.remove_class("blast")
        assert project.classes.names == ("normal",)
        project.redo()  # a label that comes back brings its class back
        assert names(project) == {"a": "blast"}


def test_labels_of_a_class_that_a_file_lost_bring_it_back_and_say_so(tmp_path: Path) -> None:
    with Project.create(tmp_path, ["blast"]) as project:
        before = (tmp_path / "project.json").read_text()
        project.add_class("smudge")
        say(project, "a", "smudge")
    (tmp_path / "project.json").write_text(before)
    with Project.open(tmp_path) as again:
        assert (names(again), again.classes.ids) == ({"a": "smudge"}, ("c1", "c2"))
        assert "'smudge'" in again.notes[0]
        again.add_class("third")
        assert again.classes.ids == ("c1", "c2", "c3")


def test_a_second_window_is_told_and_may_only_look(tmp_path: Path) -> None:
    with Project.create(tmp_path, ["blast"]) as project:
        say(project, "a", "blast")
        with pytest.raises(ProjectError, match="is open in another window"):
            Project.open(tmp_path)
        looking = Project.open(tmp_path, read_only=True)
        assert names(looking) == {"a": "blast"}
        with pytest.raises(ProjectError, match="to be looked at only"):
            say(looking, "b", "blast")
        with pytest.raises(ProjectError, match="to be looked at only"):
            looking.add_class("smudge")
        looking.close()
    Project.open(tmp_path).close()


def test_another_process_is_told_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    Project.create(tmp_path, ["blast"]).close()
    code = (
        "import sys, time; from napari_hemalens.projects.project import Project\n"
        "held = Project.open(sys.argv[1]); print('open', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(ProjectError, match="is open in another window"):
        Project.open(tmp_path)
    process.kill()
    process.wait()
    process.stdout.close()
    Project.open(tmp_path).close()


def test_a_label_that_was_cut_off_is_said_and_the_next_is_whole(tmp_path: Path) -> None:
    with Project.create(tmp_path, ["blast"]) as project:
        say(project, "a", "blast")
        say(project, "b", "blast")
    file = tmp_path / "labels.jsonl"
    file.write_bytes(file.read_bytes()[:-9])
    looking = Project.open(tmp_path, read_only=True)
    assert (names(looking), len(looking.notes)) == ({"a": "blast"}, 1)
    with Project.open(tmp_path) as again:
        assert "cut off" in again.notes[0]
        say(again, "c", "blast")
    with Project.open(tmp_path) as third:
        assert (names(third), third.notes) == ({"a": "blast", "c": "blast"}, ())


def test_images_and_weights_are_remembered(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.touch()
    with Project.create(tmp_path / "p") as project:
        project.remember_images([TaughtImage(str(image), "f0", (8, 8), 0.2), TaughtImage("Smear", "f1", (8, 8))])
        project.remember_weights("nucleated-cells", "ab")
        assert project.path_of("f0") is not None
        assert project.path_of("f1") is project.path_of("unknown") is None
        assert project.missing_images == ()
        image.unlink()
        assert [entry.name for entry in project.missing_images] == [str(image)]
        moved = tmp_path / "b.png"
        moved.touch()
        project.remember_images([TaughtImage(str(moved), "f0", (8, 8), 0.2)])
    with Project.open(tmp_path / "p") as again:
        found = again.path_of("f0")
        assert found is not None
        assert found.samefile(moved)
        assert again.weights is not None
        assert again.weights.name == "nucleated-cells"


def test_a_project_is_made_once_and_only_where_it_can_be(tmp_path: Path) -> None:
    Project.create(tmp_path / "p").close()
    with pytest.raises(ProjectError, match="There is a project in"):
        Project.create(tmp_path / "p")
    with pytest.raises(ProjectError, match="is no project"):
        Project.open(tmp_path / "q")
    (tmp_path / "file").touch()
    with pytest.raises(ProjectError, match="No project can be made"):
        Project.create(tmp_path / "file")


def test_an_image_that_was_no_file_keeps_the_place_where_it_was_written(tmp_path: Path) -> None:
    layer = TaughtImage("a layer of napari", "f9", (4, 4))
    with Project.create(tmp_path / "p", ["a"]) as project:
        assert project.path_of("f9") is None
        place = project.folder / "pool" / "f9.png"
        place.parent.mkdir()
        place.write_bytes(b"")
        project.keep_image(layer, place)
        project.remember_images([layer])
        assert project.path_of("f9") == place
    (tmp_path / "p").rename(tmp_path / "moved")
    with Project.open(tmp_path / "moved") as project:
        assert project.path_of("f9") == tmp_path / "moved" / "pool" / "f9.png"
