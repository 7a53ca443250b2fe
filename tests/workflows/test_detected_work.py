"""The work of Detect is read as it was written."""

from pathlib import Path

import numpy as np

from napari_hemalens.projects.work import Record, WorkFiles
from napari_hemalens.records.detections import Detections
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.signing import sign_boxes
from napari_hemalens.workflows import detected_work
from napari_hemalens.workflows.detected_work import (
    PAST_KEPT,
    DetectedWork,
    KeptBoxes,
    PastStep,
    _record,
    read_detected,
    write_detected,
)
from napari_hemalens.workflows.kept_images import KeptImage


def reviewed() -> ReviewedBoxes:
    cells = Detections.from_arrays(
        [[0, 0, 9, 9], [10, 10, 19, 19.25]], [0.9, 0.3], [0, 1], names=("blast", "lymphocyte"), image_shape=(40, 50)
    )
    return ReviewedBoxes.from_run(cells)


def work(*states: ReviewedBoxes) -> DetectedWork:
    image = KeptBoxes(KeptImage("a", (40, 50)), "a [T=1]", states[-1], (1,), hidden=True, score_threshold=0.5)
    return DetectedWork((image,), {"score_threshold": 0.5}, tuple(PastStep("blood", False, (s,)) for s in states[:-1]))


def test_cells_and_what_undo_needs_are_as_they_were(tmp_path: Path) -> None:
    first = reviewed()
    second = sign_boxes(first, first.with_classes(np.array([1]), ["blast"]), "Ann")
    assert write_detected(WorkFiles(tmp_path), tmp_path, work(first, second))
    files = WorkFiles(tmp_path)
    found, notes = read_detected(tmp_path, files.read("detect"), files)
    (image,), (step,) = found.images, found.past
    assert notes == ()
    assert (image.title, image.frame, image.hidden, image.score_threshold) == ("a [T=1]", (1,), True, 0.5)
    assert (step.tissue, step.tissue_prior) == ("blood", False)
    for one, other in ((image.reviewed, second), (step.cells[0], first)):
        np.testing.assert_array_equal(one.cells.boxes, other.cells.boxes)
        np.testing.assert_array_equal(one.cells.class_names, other.cells.class_names)
        np.testing.assert_array_equal(one.touched, other.touched)
        np.testing.assert_array_equal(one.kinds, other.kinds)
        np.testing.assert_array_equal(one.observers, other.observers)
    assert image.cells.class_names.tolist() == ["blast", "blast"]
    assert not write_detected(files, tmp_path, found)


def test_what_was_kept_before_observers_had_names_opens(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(detected_work, "_record", _record_without_observers)
    write_detected(WorkFiles(tmp_path), tmp_path, work(reviewed().with_classes(np.array([1]), ["blast"])))
    (image,) = read_detected(tmp_path, WorkFiles(tmp_path).read("detect"))[0].images
    assert image.cells.observers.tolist() == ["", ""]


def _record_without_observers(cells: ReviewedBoxes) -> Record:
    whole = _record(cells)
    return Record(whole.sources, lambda: {name: part for name, part in whole.parts().items() if name != "observers"})


def test_the_oldest_steps_are_let_go(tmp_path: Path) -> None:
    states = [reviewed() for _ in range(PAST_KEPT + 3)]
    write_detected(WorkFiles(tmp_path), tmp_path, work(*states))
    assert len(read_detected(tmp_path, WorkFiles(tmp_path).read("detect"))[0].past) == PAST_KEPT


def test_damaged_cells_are_left_out_and_named(tmp_path: Path) -> None:
    write_detected(WorkFiles(tmp_path), tmp_path, work(reviewed()))
    next((tmp_path / "work").glob("*.npz")).write_bytes(b"PK")
    found, notes = read_detected(tmp_path, WorkFiles(tmp_path).read("detect"))
    assert (found.images, notes) == ((), ("The cells of a are damaged and left out.",))
    assert read_detected(tmp_path, None)[0].images == ()
