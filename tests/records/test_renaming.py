"""Detected cells go by what a classifier calls them; red cells, and what a person settled, keep their class."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.renaming import likeliest_classes, with_names, with_tissue

FOUND = ("lymphocyte", "promyelocyte", "erythrocyte", "platelet")
NAMED = ("blast", "metamyelocyte", "band_neutrophil", "lymphocyte")
EVERY = np.ones(4, dtype=np.bool_)


@pytest.fixture
def found() -> Detections:
    """A promyelocyte, a red cell, a lymphocyte and a platelet, as a detector calls them."""
    boxes = [[0, 0, 20, 20], [30, 0, 50, 20], [60, 0, 80, 20], [0, 60, 10, 70]]
    return Detections.from_arrays(
        boxes, [0.9, 0.8, 0.7, 0.6], [1, 2, 0, 3], names=FOUND, recognised=FOUND, image_shape=(100, 100)
    )


@pytest.fixture
def naming() -> Naming:
    """The first is rather a metamyelocyte than a band, the third a blast."""
    naming = Naming.none(NAMED, 4)
    naming.probabilities[0] = [0.02, 0.5, 0.43, 0.05]
    naming.probabilities[2] = [0.95, 0.0, 0.0, 0.05]
    return naming


def test_nucleated_cells_are_renamed_and_the_others_keep_their_class(found: Detections, naming: Naming) -> None:
    named = with_names(found, naming)
    assert named.class_names.tolist() == ["metamyelocyte", "erythrocyte", "blast", "platelet"]
    np.testing.assert_array_equal(named.boxes, found.boxes)
    np.testing.assert_array_equal(named.scores, found.scores)
    assert named.naming is naming


def test_the_classes_known_are_the_classifiers_and_what_it_leaves(found: Detections, naming: Naming) -> None:
    named = with_names(found, naming)
    assert set(named.names) == {*NAMED, "promyelocyte", "erythrocyte", "platelet"}
    assert named.recognised == named.names


def test_classes_of_your_own_come_last_and_are_not_lost(found: Detections) -> None:
    own = Naming(("hairy_cell", "lymphocyte"), np.full((4, 2), np.nan, np.float32), np.full(4, np.nan, np.float32))
    own.probabilities[[0, 2]] = [0.9, 0.1]
    named = with_names(found, own)
    assert set(named.names) == {"lymphocyte", "promyelocyte", "erythrocyte", "platelet", "hairy_cell"}
    assert named.names[-1] == "hairy_cell"
    assert named.counts() == {"hairy_cell": 2, "erythrocyte": 1, "platelet": 1}


def test_a_cell_of_a_kind_unknown_to_the_classifier_keeps_its_class(found: Detections) -> None:
    assert with_names(found, Naming.none(NAMED, 4)).class_names.tolist() == found.class_names.tolist()


def test_a_record_without_cells_is_renamed_too() -> None:
    named = with_names(Detections.empty(FOUND, (9, 9)), Naming.none(NAMED, 0))
    assert len(named) == 0
    assert "blast" in named.recognised


def test_another_tissue_renames_cells_and_back(found: Detections, naming: Naming) -> None:
    marrow = with_names(found, replace(naming, tissue="marrow"))
    blood = with_tissue(marrow, "blood", EVERY)
    assert blood.class_names.tolist() == ["band_neutrophil", "erythrocyte", "blast", "platelet"]
    back = with_tissue(blood, "marrow", EVERY)
    np.testing.assert_array_equal(back.class_names, marrow.class_names)
    assert with_tissue(marrow, "marrow", EVERY) is marrow


def test_without_a_tissue_the_odds_are_as_seen(found: Detections, naming: Naming) -> None:
    blood = with_names(found, replace(naming, tissue="blood"))
    assert with_tissue(blood, None, EVERY).class_names[0] == "metamyelocyte"


def test_a_cell_that_is_not_free_keeps_its_class_in_another_tissue(found: Detections, naming: Naming) -> None:
    marrow = with_names(found, replace(naming, tissue="marrow"))
    blood = with_tissue(marrow, "blood", np.array([False, True, True, True]))
    assert blood.class_names[0] == "metamyelocyte"
    assert blood.naming is not None
    assert blood.naming.tissue == "blood"


def test_cells_that_no_classifier_named_are_left_alone(found: Detections) -> None:
    assert with_tissue(found, "blood", EVERY) is found
    np.testing.assert_array_equal(likeliest_classes(found, EVERY), found.classes)


def test_a_class_stays_where_no_other_probability_is_known(found: Detections) -> None:
    naming = Naming.from_certainty(FOUND, found.classes, np.full(4, 0.2, np.float32), np.zeros(4, np.float32))
    read = replace(found, naming=naming)
    np.testing.assert_array_equal(with_tissue(read, "blood", EVERY).class_names, found.class_names)
