from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections, Provenance, pooled_differential
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.taxonomy import BLOOD_3

NAMES = ("lymphocyte", "erythrocyte", "blast")


def detections(boxes, scores, classes, shape=(100, 200), **rest):
    return Detections.from_arrays(boxes, scores, classes, names=NAMES, image_shape=shape, recognised=NAMES[:2], **rest)


@pytest.fixture
def three():
    boxes = [[0, 0, 10, 20], [10, 10, 30, 30], [50, 50, 60, 70]]
    return detections(boxes, [0.3, 0.9, 0.6], [0, 1, 0], provenance=Provenance(image="a.png"))


def test_cells_come_best_first(three):
    assert three.scores.tolist() == pytest.approx([0.9, 0.6, 0.3])
    assert three.class_names.tolist() == ["erythrocyte", "lymphocyte", "lymphocyte"]


def test_equal_scores_keep_their_order():
    # More of them than numpy sorts by insertion, which would keep the order by chance.
    found = detections([[i, 0, i + 1, 1] for i in range(90)], [1, 0.5] * 45, [0] * 90)
    assert found.boxes[:, 0].tolist() == [*range(0, 90, 2), *range(1, 90, 2)]


def test_boxes_outside_the_image_are_clipped():
    assert detections([[-5, -5, 300, 300]], [1], [0]).boxes.tolist() == [[0, 0, 100, 200]]


@pytest.mark.parametrize(
    "box",
    [[5, 5, 5, 9], [9, 9, 5, 5], [120, 5, 130, 9], [5, 210, 9, 220], [np.nan, 0, 5, 5]],
    ids=["no height", "turned over", "below the image", "right of it", "not a number"],
)
def test_boxes_without_area_in_the_image_are_dropped(box):
    assert len(detections([box], [1], [0])) == 0


def test_arrays_have_the_types_of_the_record(three):
    assert (three.boxes.dtype, three.scores.dtype, three.classes.dtype) == (
        np.float32,
        np.float32,
        np.int64,
    )


def test_each_cell_needs_a_box_a_score_and_a_class():
    with pytest.raises(ImageError, match="2 boxes, 1 scores and 2 classes"):
        detections(np.zeros((2, 4)), [1], [0, 0])


def test_a_record_without_cells_has_counts_centres_and_areas():
    none = Detections.empty((), (100, 200))
    assert len(none) == 0
    assert none.boxes.shape == (0, 4)
    assert none.centres.shape == (0, 2)
    assert none.areas.shape == (0,)
    assert none.counts() == {}


def test_centres_and_areas_are_those_of_the_boxes(three):
    assert three.centres.tolist() == [[20, 20], [55, 60], [5, 10]]
    assert three.areas.tolist() == [400, 200, 200]


def test_above_keeps_the_cells_of_at_least_that_score(three):
    assert len(three.above(0.6)) == 2


def test_mapped_cells_count_as_their_group_and_keep_the_rest(three):
    mapped = three.to_taxonomy(BLOOD_3)
    assert mapped.counts() == {"RBC": 1, "WBC": 2}
    assert mapped.names == BLOOD_3.classes
    assert mapped.recognised == ("WBC", "RBC")
    assert mapped.provenance is three.provenance


def test_mapped_drops_cells_that_the_taxonomy_has_no_class_for():
    odd = Detections.from_arrays(
        [[0, 0, 9, 9], [0, 0, 8, 8]],
        [1, 1],
        [0, 1],
        names=("debris", "platelet"),
        image_shape=(9, 9),
    )
    assert odd.to_taxonomy(BLOOD_3).counts() == {"Platelets": 1}


def test_counts_of_several_fields_add_up(three):
    other = detections([[0, 0, 5, 5]], [1], [2], provenance=Provenance(image="b.png"))
    pooled = pooled_differential([three, other])
    assert {row.name: row.count for row in pooled.rows if row.count} == {"lymphocyte": 2}
    assert {row.name: row.given for row in pooled.rows if row.given} == {"blast": 1}
    assert pooled.fields == ("a.png", "b.png")


def test_a_class_that_one_field_recognises_is_recognised_in_the_pool(three):
    other = Detections.empty(("monocyte",), (9, 9), recognised=("monocyte",))
    counts = {row.name: row.count for row in pooled_differential([three, other]).rows}
    assert (counts["monocyte"], counts["eosinophil"]) == (0, None)


def test_a_record_gives_its_own_differential_for_its_tissue(three):
    found = three.differential(tissue="blood")
    assert (found.nucleated, found.asked) == (2, 200)


def named(kinds=("", "", ""), novelty=(2.0, np.nan, 0.5)):
    """A strange lymphocyte, a red cell that no classifier was asked about, and a familiar lymphocyte."""
    naming = Naming.none(("lymphocyte", "blast"), 3)
    naming.probabilities[[0, 2]] = [[0.6, 0.4], [0.9, 0.1]]
    naming.novelty[:] = novelty
    scores, classes = np.array([0.3, 0.9, 0.6], np.float32), np.array([0, 1, 0])
    corrections = Corrections(np.array(kinds, dtype="<U9"), classes, scores)
    boxes = [[0, 0, 10, 20], [10, 10, 30, 30], [50, 50, 60, 70]]
    return detections(boxes, scores, classes, naming=naming, corrections=corrections)


def test_what_a_classifier_says_stays_with_its_cell_when_cells_are_sorted():
    found = named()
    assert found.naming.asked.tolist() == [False, True, True]
    assert found.certainty[1:].tolist() == pytest.approx([0.9, 0.6])
    assert found.take(np.array([2, 0])).naming.asked.tolist() == [True, False]
    assert found.above(0.5).naming.novelty[1] == pytest.approx(0.5)


def test_cells_that_fall_outside_the_image_take_their_naming_along():
    naming = Naming(("lymphocyte",), np.array([[0.25], [0.75]], np.float32), np.zeros(2, np.float32))
    found = detections([[300, 0, 310, 9], [0, 0, 9, 9]], [0.9, 0.5], [0, 0], naming=naming)
    assert found.naming.probabilities.tolist() == [[0.75]]


def test_cells_mapped_to_other_classes_keep_what_the_classifier_said():
    mapped = named().to_taxonomy(BLOOD_3)
    assert mapped.naming.names == ("lymphocyte", "blast")
    assert mapped.unsure.tolist() == [False, False, True]


def test_unsure_cells_are_counted_apart_or_by_their_likeliest_class():
    found = named()
    assert found.unsure.tolist() == [False, False, True]
    apart, counted = found.differential(), found.differential(unsure="counted")
    assert (apart.nucleated, apart.unsure) == (1, 1)
    assert (counted.nucleated, counted.unsure) == (2, 0)
    assert sum(row.percent or 0 for row in apart.rows) == pytest.approx(100)


def test_unsure_cells_of_several_fields_add_up():
    assert pooled_differential([named(), named(), detections([[0, 0, 9, 9]], [1], [0])]).unsure == 2


@pytest.mark.parametrize("kind", ["class", "class+box", "accepted"])
def test_the_class_that_a_person_gives_ends_the_doubt(kind):
    assert not named(kinds=(kind, "", "")).unsure.any()


def test_a_moved_box_leaves_the_doubt_about_its_class():
    assert named(kinds=("box", "", "")).unsure.any()


def test_without_a_classifier_no_cell_is_unsure(three):
    assert not three.unsure.any()
    assert three.differential().unsure == 0


def test_a_pooled_differential_says_which_images_have_a_note(three):
    doubtful = replace(three, provenance=replace(three.provenance, notes=("Grey image: open it in colour.",)))
    assert doubtful.differential().notes == ("Grey image: open it in colour.",)
    assert doubtful.above(0.5).take(np.arange(1)).to_taxonomy(BLOOD_3).provenance.notes == doubtful.provenance.notes
    pooled = pooled_differential([doubtful, three])
    assert pooled.notes == ("Grey image: open it in colour. (1 of 2 images: a.png)",)
    assert pooled_differential([three, three]).notes == ()


def test_the_certainty_is_the_probability_of_the_class_that_a_cell_has():
    found = named()
    np.testing.assert_allclose(found.certainty, [np.nan, 0.9, 0.6])
    given = replace(found, classes=np.array([1, 2, 2]))  # a red cell, and two blasts
    np.testing.assert_allclose(given.certainty, [np.nan, 0.1, 0.4], rtol=1e-6)


def test_without_a_classifier_nothing_is_known_of_certainty_and_novelty(three):
    assert np.isnan(three.certainty).all()
    assert np.isnan(three.novelty).all()


def test_a_record_is_told_in_a_line(three):
    assert repr(three) == "<Detections of 3 cells: 1 erythrocyte, 2 lymphocyte>"
