"""The work of Classify is read as it was written."""

from pathlib import Path

import numpy as np

from napari_hemalens.projects.work import WorkFiles
from napari_hemalens.records.classified import Classified
from napari_hemalens.reports.design import Sample
from napari_hemalens.review.classes import ReviewedClasses
from napari_hemalens.workflows.classified_work import (
    ClassifiedWork,
    KeptClasses,
    KeptLabels,
    NucleusRecords,
    read_classified,
    write_classified,
)
from napari_hemalens.workflows.kept_images import KeptImage

LABELS = np.array([[4, 4, 0], [0, 7, 7]], np.int32)


def work() -> ClassifiedWork:
    cells = Classified(
        ids=np.array([4, 7]),
        probabilities=np.array([[0.75, 0.25], [0.5, 0.5]], np.float32),
        classes=np.array([0, 0]),
        names=("micronucleus", "none"),
        centres=np.array([[0, 0.5], [1, 1.5]]),
        areas=np.array([2, 2]),
        image_shape=(2, 3),
    )
    nuclei = {"cell_of_nucleus_ids": np.array([4, 7]), "cell_of_nucleus": np.array([1, 1]), "pairs": LABELS // 4}
    return ClassifiedWork(
        (
            KeptClasses(
                KeptImage("a", (2, 3)),
                LABELS,
                ReviewedClasses(cells, {7: "none", 9: "micronucleus"}, {7: "Ann"}),
                "micronucleus",
                frame=(1,),
                plane=(0,),
                parted=True,
                threshold=0.4,
                sample=Sample("A", "0.1"),
                cells_from=KeptLabels("nuclei", {"name": "nuclei"}, LABELS, (LABELS,)),
                cells_by="pairs",
                nuclei=NucleusRecords(nuclei, corrected=True),
                uncounted="too large",
            ),
        ),
        {"current": 0},
    )


def test_classes_words_and_labels_are_as_they_were(tmp_path: Path) -> None:
    before = work()
    assert write_classified(WorkFiles(tmp_path), tmp_path, before)
    files = WorkFiles(tmp_path)
    found, notes = read_classified(tmp_path, files.read("classify"), files)
    (old,), (new,) = before.images, found.images
    assert (found.choices, notes) == ({"current": 0}, ())
    for name in ("task", "frame", "plane", "parted", "threshold", "sample", "cells_by", "uncounted"):
        assert getattr(new, name) == getattr(old, name)
    np.testing.assert_array_equal(new.labels, old.labels)
    np.testing.assert_array_equal(new.reviewed.cells.probabilities, old.reviewed.cells.probabilities)
    assert new.reviewed.corrections == old.reviewed.corrections
    assert new.reviewed.observers == {7: "Ann"}
    assert new.cells.observers.tolist() == ["", "Ann"]
    assert new.cells.class_names.tolist() == ["micronucleus", "none"]
    assert {name: array.tolist() for name, array in new.nuclei.arrays.items()} == {
        name: array.tolist() for name, array in old.nuclei.arrays.items()
    }
    assert (new.nuclei.corrected, new.cells_from.name, new.cells_from.layer) == (True, "nuclei", {"name": "nuclei"})
    np.testing.assert_array_equal(new.cells_from.labels, LABELS)
    assert not write_classified(files, tmp_path, found)


def test_damaged_classes_are_left_out_and_named(tmp_path: Path) -> None:
    write_classified(WorkFiles(tmp_path), tmp_path, work())
    for record in (tmp_path / "work").glob("*.npz"):
        record.unlink()
    found, notes = read_classified(tmp_path, WorkFiles(tmp_path).read("classify"))
    assert (found.images, notes) == ((), ("The classes of a are damaged and left out.",))
