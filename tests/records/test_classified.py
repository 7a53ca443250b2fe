"""What a record of classified cells says of them."""

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.classified import Classified


def record(probabilities, names=("blast", "normal", "other")):
    p = np.asarray(probabilities, dtype=np.float32)
    return Classified(
        ids=np.arange(1, len(p) + 1),
        probabilities=p,
        classes=p.argmax(axis=1),
        names=names,
        centres=np.zeros((len(p), 2)),
        areas=np.ones(len(p), dtype=np.int64),
        image_shape=(9, 9),
    )


def test_classes_have_names_and_counts_those_without_cells_too():
    cells = record([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.6, 0.3, 0.1]])
    assert cells.class_names.tolist() == ["blast", "normal", "blast"]
    assert cells.counts() == {"blast": 2, "normal": 1, "other": 0}
    assert len(cells) == 3


def test_entropy_is_0_where_the_classifier_is_sure_and_1_where_not():
    cells = record([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]])
    np.testing.assert_allclose(cells.entropy, [0, 1, np.log(2) / np.log(3)], atol=1e-6)
    assert record([[0.5, 0.5]], ("a", "b")).entropy == pytest.approx(1)


def test_a_person_has_the_last_word_and_the_probabilities_stay():
    cells = record([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.6, 0.3, 0.1]])
    seen = cells.with_corrections([1, -1, 0])
    assert seen.class_names.tolist() == ["normal", "normal", "blast"]
    assert seen.correction_kinds.tolist() == ["class", "", "accepted"]
    assert seen.predicted_class_names.tolist() == ["blast", "normal", "blast"]
    np.testing.assert_allclose(seen.predicted_scores, [0.9, 0.8, 0.6])
    assert seen.probabilities is cells.probabilities
    assert cells.corrections is None
    assert cells.correction_kinds.tolist() == [""] * 3
    np.testing.assert_allclose(cells.predicted_scores, [0.9, 0.8, 0.6])
    again = seen.with_corrections(np.array([-1, 2, -1]))
    assert again.class_names.tolist() == ["normal", "other", "blast"]
    assert again.correction_kinds.tolist() == ["class", "class", "accepted"]
    assert again.predicted_class_names.tolist() == ["blast", "normal", "blast"]
    back = again.with_corrections([0, 1, -1])
    assert back.correction_kinds.tolist() == ["accepted"] * 3


@pytest.mark.parametrize(
    ("corrections", "message"),
    [
        ([0, 1], r"shape \(2,\).* do not fit 1 cell"),
        ([0.0], "type float64"),
        ([3], "0 to 2 are blast, normal, other"),
        ([-2], "Corrections of -2 to -2 are out of range"),
    ],
)
def test_corrections_that_fit_no_cell_or_class_are_refused(corrections, message):
    with pytest.raises(AnnotationError, match=message):
        record([[0.9, 0.1, 0]]).with_corrections(corrections)


def test_no_cells_need_no_corrections():
    assert len(record(np.empty((0, 3))).with_corrections([])) == 0


def test_a_record_is_told_in_a_line():
    cells = record([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.6, 0.3, 0.1]])
    assert repr(cells) == "<Classified of 3 cells: 2 blast, 1 normal>"
    assert repr(record(np.empty((0, 3)))) == "<Classified of 0 cells>"
