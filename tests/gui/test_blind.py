"""A second observer reads the cells of a dock; its results stay as they were."""

import numpy as np
import pytest

from napari_hemalens.errors import ProjectError
from napari_hemalens.gui import preferences
from napari_hemalens.gui.blind import BlindSession
from napari_hemalens.gui.classify.gallery import ClassifiedGallery
from napari_hemalens.gui.detect.gallery import DetectedGallery
from napari_hemalens.gui.observer import OBSERVER
from napari_hemalens.workflows.blind_reading import BlindReading


@pytest.fixture(autouse=True)
def ben(monkeypatch):
    """No preferences of napari: the observer is Ben."""

    def unknown(_):
        raise KeyError

    monkeypatch.setattr(preferences, "get_plugin_settings", unknown)
    monkeypatch.setattr(preferences, "_DEFAULTS", {**preferences._DEFAULTS, "observer": "Ben"})


@pytest.fixture
def blind(analysed, runner, tmp_path):
    return BlindSession(DetectedGallery(analysed.results), runner, "detect", lambda: tmp_path)


def test_nucleated_cells_are_read_and_the_first_reading_stays(blind, analysed):
    before = [f.cells for f in analysed.results.fields]
    assert blind.look() == 5  # six are on screen, one of them an erythrocyte
    blind.begin()
    assert "myelocyte" not in blind.shown.words
    keys = {each.name: each.key for each in blind.classes}
    for _ in range(5):
        blind.press(keys["blast"])
    assert (blind.shown, blind.counts) == (None, {"blast": 5})
    assert blind.sentences[0].startswith("Ben (blind) and network")
    assert [f.cells for f in analysed.results.fields] == before


def test_a_reading_that_was_left_goes_on_in_the_project(blind, analysed, runner, tmp_path):
    blind.look()
    blind.begin(4)
    blind.name("blast")
    blind.name("")
    blind.undo()
    again = BlindSession(DetectedGallery(analysed.results), runner, "detect", lambda: tmp_path)
    again.look()
    assert len(again.kept.said) == 1
    again.resume()
    assert (again.reading.said, again.shown.words) == (["blast"], "Cell 2 of 4")
    OBSERVER.rename("Cem")
    assert again.kept is None
    analysed.results.clear()
    OBSERVER.rename("Ben")
    again.look()
    assert again.kept is None  # its cells are gone


def test_a_reading_goes_on_where_the_first_reader_removed_some_cells(blind, analysed, viewer):
    blind.look()
    blind.begin()
    order = [*blind.reading.order]
    blind.name("blast")
    corners = [cell.split() for _, cell in order]
    layer = viewer.layers["smear cells"]
    gone = {1, 2, 4}  # of the five that are read
    boxes = [np.round([*box.min(axis=0) + 0.5, *box.max(axis=0) + 0.5], 1).tolist() for box in layer.data]
    layer.selected_data = {boxes.index([round(float(edge), 1) for edge in corners[row]]) for row in gone}
    layer.remove_selected()
    blind.look()
    assert (blind.left_of(blind.kept), blind.gone_from(blind.kept)) == (1, 3)
    blind.resume()
    assert blind.reading.current == order[3]
    blind.undo()
    assert blind.reading.current == order[0]
    blind.name("blast")
    blind.name("blast")
    assert (blind.shown, blind.reading.said) == (None, ["blast", "", "", "blast", ""])
    assert "named 2 cells" in blind.sentences[0]


def test_a_cell_that_is_gone_is_not_shown_where_no_file_can_say_so(blind, analysed, monkeypatch):
    blind.look()
    blind.begin()
    order = [*blind.reading.order]
    blind.name("blast")
    analysed.results.clear()
    blind.look()
    blind._place[order[0]] = 0  # all but the first are gone
    said: list[str] = []
    blind.said.connect(said.append)
    with monkeypatch.context() as full:
        full.setattr(BlindReading, "_write", refuse)
        blind.resume()
        blind.name("blast")
    assert (blind.shown, blind.reading.said, said) == (None, ["blast"], ["The disk is full."] * 2)
    blind.name("blast")
    assert blind.reading.said == ["blast", "", "", "", ""]


def refuse(*_):
    raise ProjectError("The disk is full.")


def test_what_ann_said_is_compared_with_and_not_shown(blind, analysed, viewer):
    OBSERVER.rename("Ann")
    layer = viewer.layers["smear cells"]
    layer.selected_data = {0, 1}
    analysed.results.accept()
    OBSERVER.rename("Ben")
    blind.look()
    assert blind.cells.readers == ("Ann",)
    assert (blind.cells.first != "").sum() == 2


def test_classified_cells_are_read_by_their_numbers(classified, runner, tmp_path):
    blind = BlindSession(ClassifiedGallery(classified.results), runner, "classify", lambda: None)
    assert blind.look() == 4
    assert (blind.can_read, blind.kept) == (True, None)
    blind.begin()
    while blind.shown is not None:
        blind.name("none")
    said = []
    blind.said.connect(said.append)
    blind.save(tmp_path / "ben.csv")
    assert said[-1] == f"Saved {tmp_path / 'ben.csv'}."
    assert "smear,4,none,class,micronucleus,Ben" in (tmp_path / "ben.csv").read_text().splitlines()


def test_what_cannot_be_kept_is_refused(blind, tmp_path):
    (tmp_path / "readings").write_text("")
    blind.look()
    with pytest.raises(ProjectError, match="could not be written"):
        blind.begin()
    assert blind.reading is None
