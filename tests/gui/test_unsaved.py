"""What was corrected and is in no file."""

from dataclasses import dataclass

from napari_hemalens.gui.unsaved import SavedStates, new_folder


@dataclass(eq=False)
class Cells:
    n_corrections: int


def test_corrections_are_unsaved_until_a_file_holds_them():
    now = {"a": Cells(2), "b": Cells(3), "c": Cells(0)}
    states = SavedStates(lambda: now)
    assert states.unsaved == 5
    list(states.keeping(step for step in ("Nothing could be saved.",)))
    assert states.unsaved == 5
    assert list(states.keeping((step for step in ("Saved a.",)), {"a"})) == ["Saved a."]
    assert states.unsaved == 3
    list(states.keeping(step for step in ("Saved all.",)))
    assert states.unsaved == 0
    now["a"] = Cells(1)
    assert states.unsaved == 1


def test_what_is_corrected_while_files_are_written_is_unsaved():
    now = {"a": Cells(2)}
    states = SavedStates(lambda: now)
    steps = states.keeping(step for step in ("Saved a.",))
    now["a"] = Cells(3)
    assert list(steps) == ["Saved a."]
    assert states.unsaved == 3


def test_states_that_a_project_keeps_are_saved():
    class Cells:
        n_corrections = 2

    one, other = Cells(), Cells()
    saved = SavedStates(lambda: {"a": one, "b": other})
    before = dict(saved.now)
    one = Cells()
    saved.keep(before)
    assert saved.unsaved == 2
    saved.keep(saved.now)
    assert saved.unsaved == 0


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    assert new_folder(tmp_path / "detected") == tmp_path / "detected"
    for name in ("detected", "detected-2"):
        (tmp_path / name).mkdir()
    assert new_folder(tmp_path / "detected") == tmp_path / "detected-3"
