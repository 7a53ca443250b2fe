"""What a person does to cells, and what no slider and no other run takes back."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.taxonomy import ICSH
from napari_hemalens.review.boxes import ReviewedBoxes, ShownBoxes

SHAPE = (100, 200)
NAMES = ("myelocyte", "lymphocyte")
BOXES = np.array([[10, 10, 30, 30], [10, 50, 30, 70], [60, 10, 80, 30]], dtype=np.float32)


@pytest.fixture
def reviewed():
    return ReviewedBoxes.from_run(detections(BOXES, [0.9, 0.6, 0.3], [0, 1, 0]))


def detections(boxes, scores, classes):
    return Detections.from_arrays(boxes, scores, classes, names=NAMES, image_shape=SHAPE)


def shown(rows, boxes, names):
    return ShownBoxes(np.array(rows), np.array(boxes, dtype=np.float32).reshape(-1, 4), np.array(names))


def everything(reviewed):
    rows = np.arange(len(reviewed.cells))
    return shown(rows, reviewed.cells.boxes, reviewed.cells.class_names)


def test_the_score_decides_what_is_shown_and_forgets_nothing(reviewed):
    assert reviewed.visible(0.5).tolist() == [True, True, False]
    assert reviewed.visible(0.2).tolist() == [True, True, True]
    assert len(reviewed.current(0.7)) == 1
    assert reviewed.current(0.7).provenance.recipe["score_threshold"] == 0.7


def test_any_icsh_class_can_be_given(reviewed):
    assert set(ICSH.classes) <= set(reviewed.cells.names)
    assert reviewed.with_classes(np.array([0]), ["blast"]).current(0.5).counts() == {"blast": 1, "lymphocyte": 1}


def test_a_class_that_nobody_knows_is_unclassifiable(reviewed):
    assert reviewed.with_classes(np.array([0]), ["daisy"]).cells.class_names[0] == "unclassifiable"


@pytest.mark.parametrize(
    ("rows", "boxes", "names", "counts"),
    [
        pytest.param([0, 1], BOXES[:2], ["myelocyte", "lymphocyte"], {"myelocyte": 1, "lymphocyte": 1}, id="deleted"),
        pytest.param(
            [0, 1, 2], BOXES, ["blast", "lymphocyte", "myelocyte"], {"blast": 1, "lymphocyte": 1, "myelocyte": 1},
            id="named",
        ),
        pytest.param(
            [0, 1, 2, -1], [*BOXES, [5, 5, 9, 9]], ["myelocyte", "lymphocyte", "myelocyte", "blast"],
            {"blast": 1, "lymphocyte": 1, "myelocyte": 2}, id="drawn",
        ),
        pytest.param(
            [0, 1, 2, 1], [*BOXES, BOXES[1] + 3], ["myelocyte", "lymphocyte", "myelocyte", "lymphocyte"],
            {"lymphocyte": 2, "myelocyte": 2}, id="pasted, with the number of its original",
        ),
        pytest.param(
            [2, 0, 1], BOXES[[2, 0, 1]], ["myelocyte", "myelocyte", "lymphocyte"], {"lymphocyte": 1, "myelocyte": 2},
            id="put in another order",
        ),
    ],
)  # fmt: skip
def test_whatever_a_person_does_to_a_layer_is_read_from_the_outcome(reviewed, rows, boxes, names, counts):
    after = shown(rows, boxes, names)
    cells, numbers = reviewed.apply_edit(everything(reviewed), after)
    assert cells.current(0.0).counts() == counts
    np.testing.assert_array_equal(cells.cells.class_names[numbers], names)
    np.testing.assert_allclose(cells.cells.boxes[numbers], after.boxes)


def test_a_layer_that_is_as_it_was_changes_nothing(reviewed):
    cells, _ = reviewed.apply_edit(everything(reviewed), everything(reviewed))
    assert cells is reviewed


def test_a_moved_box_stays_the_same_cell(reviewed):
    after = shown([0, 1, 2], BOXES + 4, reviewed.cells.class_names)
    cells, rows = reviewed.apply_edit(everything(reviewed), after)
    assert rows.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(cells.cells.boxes, BOXES + 4)
    assert len(cells.cells) == 3


def test_no_score_hides_what_a_person_touched(reviewed):
    drawn = reviewed.with_drawn(np.array([[40, 40, 50, 50]], dtype=np.float32), ["blast"])
    moved = drawn.with_boxes(np.array([2]), BOXES[2:] + 1)
    assert moved.visible(1.0).tolist() == [False, False, True, True]
    assert moved.with_classes(np.array([1]), ["blast"]).visible(1.0)[1]


def test_no_score_brings_back_what_a_person_deleted(reviewed):
    assert not reviewed.without(np.array([0])).visible(0.0)[0]


def test_a_box_across_the_border_is_clipped_and_one_outside_is_no_cell(reviewed):
    boxes = np.array([[-5, -5, 10, 10], [90, 300, 99, 310]], dtype=np.float32)
    drawn = reviewed.with_drawn(boxes, ["blast", "blast"]).current(0.0)
    assert drawn.counts()["blast"] == 1
    assert drawn.boxes[drawn.class_names == "blast"].tolist() == [[0, 0, 10, 10]]


def test_a_cell_moved_out_of_the_image_is_deleted(reviewed):
    assert reviewed.with_boxes(np.array([0]), BOXES[:1] + 500).removed[0]


class TestRerun:
    def test_corrections_outlive_another_run(self, reviewed):
        edited = reviewed.without(np.array([0])).with_classes(np.array([1]), ["blast"])
        again = edited.merge_run(detections(BOXES + 1, [0.8, 0.8, 0.8], [0, 1, 1]), ())
        assert again.current(0.5).counts() == {"blast": 1, "lymphocyte": 1}
        assert again.n_corrections == 2

    def test_corrections_can_be_discarded(self, reviewed):
        edited = reviewed.without(np.array([0])).with_classes(np.array([1]), ["blast"])
        again = edited.merge_run(detections(BOXES, [0.8, 0.8, 0.8], [0, 1, 1]), (), keep_edits=False)
        assert again.current(0.5).counts() == {"myelocyte": 1, "lymphocyte": 2}
        assert again.n_corrections == 0

    def test_cells_outside_the_region_stay(self, reviewed):
        again = reviewed.merge_run(detections(BOXES[:1], [0.8], [1]), [(0, 0, 50, 40)])
        assert again.current(0.0).counts() == {"lymphocyte": 2, "myelocyte": 1}

    def test_a_cell_across_the_border_of_the_region_counts_once(self, reviewed):
        # Its old centre lies outside of the region, its new one inside.
        again = reviewed.merge_run(detections(BOXES[:1] - [0, 2, 0, 2], [0.8], [0]), [(0, 0, 50, 19)])
        assert again.current(0.0).counts() == {"myelocyte": 2, "lymphocyte": 1}

    def test_cells_of_other_weights_do_not_stay(self, reviewed):
        other = detections(BOXES[:1], [0.8], [1])
        other = replace(other, provenance=replace(other.provenance, sha256="other"))
        assert len(reviewed.merge_run(other, [(0, 0, 50, 40)]).cells) == 1

    def test_the_same_run_twice_gives_the_same_cells(self, reviewed):
        again = reviewed.merge_run(detections(BOXES, [0.9, 0.6, 0.3], [0, 1, 0]), ())
        np.testing.assert_array_equal(again.cells.boxes, reviewed.cells.boxes)

    def test_what_spoke_against_the_cells_that_stay_is_still_said(self, reviewed):
        def noted(cells, note):
            return replace(cells, provenance=replace(cells.provenance, notes=(note,)))

        before = replace(reviewed, cells=noted(reviewed.cells, "Blur: old."))
        found = noted(detections(BOXES[:1], [0.8], [1]), "Light: new.")
        assert before.merge_run(found, [(0, 0, 50, 40)]).current(0.0).provenance.notes == ("Light: new.", "Blur: old.")
        assert before.merge_run(found, ()).current(0.0).provenance.notes == ("Light: new.",)


class TestWhatTheNetworkSaidIsKept:
    def test_nothing_changed_is_no_corrections(self, reviewed):
        assert reviewed.current(0.2).corrections is None

    def test_every_kind_of_correction_keeps_class_and_score(self, reviewed):
        other = reviewed.with_classes(np.array([0]), ["blast"]).with_boxes(np.array([1]), BOXES[1:2] + 1)
        other = other.with_drawn(np.array([[40, 40, 50, 50]], dtype=np.float32), ["blast"])
        cells = other.without(np.array([2])).current(0.2)
        rows = zip(cells.correction_kinds, cells.predicted_class_names, cells.predicted_scores, strict=True)
        said = {kind: (name, round(float(score), 3)) for kind, name, score in rows}
        assert said["class"] == ("myelocyte", 0.9)
        assert said["box"] == ("lymphocyte", 0.6)
        assert said["drawn"][0] == ""
        assert np.isnan(said["drawn"][1])
        (removed,) = cells.corrections.removed_cells(cells.names)
        assert removed == {"box": [60, 10, 80, 30], "class": "myelocyte", "score": pytest.approx(0.3)}

    def test_both_changed_then_changed_back_is_accepted(self, reviewed):
        both = reviewed.with_classes(np.array([0]), ["blast"]).with_boxes(np.array([0]), BOXES[:1] + 1)
        assert both.kinds[0] == "class+box"
        back = both.with_classes(np.array([0]), ["myelocyte"]).with_boxes(np.array([0]), BOXES[:1])
        assert back.kinds.tolist() == ["accepted", "", ""]

    def test_a_drawn_cell_deleted_again_is_not_listed(self, reviewed):
        drawn = reviewed.with_drawn(np.array([[40, 40, 50, 50]], dtype=np.float32), ["blast"])
        assert drawn.without(np.array([3])).current(0.2).corrections is None

    def test_a_removed_cell_is_listed_only_where_it_would_have_been_shown(self, reviewed):
        gone = reviewed.without(np.array([1, 2]))
        assert gone.current(0.5).corrections.counts() == {"removed": 1}
        assert gone.current(0.2).corrections.counts() == {"removed": 2}

    def test_another_run_keeps_what_the_first_one_said(self, reviewed):
        edited = reviewed.with_classes(np.array([0]), ["blast"]).without(np.array([1]))
        again = edited.merge_run(detections(BOXES, [0.8, 0.7, 0.4], [1, 1, 1]), ())
        cells = again.current(0.2)
        row = cells.correction_kinds.tolist().index("class")
        assert (cells.predicted_class_names[row], cells.predicted_scores[row]) == ("myelocyte", pytest.approx(0.9))
        assert cells.corrections.removed_scores == pytest.approx([0.6])

    def test_a_corrected_result_comes_back_as_it_was(self, reviewed):
        edited = reviewed.with_classes(np.array([0]), ["blast"]).without(np.array([1]))
        edited = edited.with_boxes(np.array([2]), BOXES[2:] + 1)
        before = edited.current(0.2)
        after = ReviewedBoxes.from_run(before).current(0.2)
        assert after.correction_kinds.tolist() == before.correction_kinds.tolist()
        assert after.predicted_class_names.tolist() == before.predicted_class_names.tolist()
        assert after.predicted_scores.tolist() == before.predicted_scores.tolist()
        assert after.corrections.removed_cells(after.names) == before.corrections.removed_cells(before.names)


class TestWhatTheClassifierSaysFollows:
    @pytest.fixture
    def named(self):
        return ReviewedBoxes.from_run(self.run(BOXES, [0.9, 0.6, 0.3], [0.25, 1.5, 1.75]))

    @staticmethod
    def run(boxes, scores, novelty, by="namer"):
        """Cells whose novelty tells them apart."""
        classes = np.full(len(boxes), 1)
        found = detections(boxes, scores, classes)
        sure = np.tile(np.array([[0.25, 0.75]], np.float32), (len(boxes), 1))
        origin = replace(found.provenance, naming={by: "0"})
        return replace(found, naming=Naming(NAMES, sure, np.array(novelty, np.float32)), provenance=origin)

    def test_it_stays_with_its_cell_at_any_threshold(self, named):
        assert named.current(0.5).naming.novelty.tolist() == [0.25, 1.5]
        assert named.current(0.2).unsure.tolist() == [False, True, True]

    def test_a_class_given_by_a_person_ends_the_doubt(self, named):
        edited = named.with_classes(np.array([1]), ["blast"])
        assert edited.cells.naming.unsure.tolist() == [False, False, True]
        assert not edited.current(0.5).unsure.any()
        assert named.cells.naming.unsure.tolist() == [False, True, True]  # for undoing

    def test_the_same_class_confirmed_ends_the_doubt_too(self, named):
        assert not named.with_classes(np.array([1]), ["lymphocyte"]).current(0.5).unsure.any()

    def test_a_box_that_was_moved_is_still_doubted(self, named):
        assert named.with_boxes(np.array([1]), BOXES[1:2] + 1).current(0.5).unsure.sum() == 1

    def test_nobody_asked_the_classifier_about_a_drawn_cell(self, named):
        drawn = named.with_drawn(np.array([[40, 40, 50, 50]], dtype=np.float32), ["blast"])
        assert drawn.cells.naming.asked.tolist() == [True, True, True, False]
        found = drawn.current(0.5)
        assert found.naming.asked[found.class_names == "blast"].tolist() == [False]

    def test_it_comes_back_with_a_result_that_lists_removed_cells(self, named):
        before = named.without(np.array([1])).current(0.2)
        after = ReviewedBoxes.from_run(before)
        assert after.cells.naming.asked.tolist() == [True, True, False]
        assert after.current(0.2).naming.novelty.tolist() == [0.25, 1.75]

    def test_another_run_brings_its_own_and_leaves_it_outside_the_region(self, named):
        again = named.merge_run(self.run(BOXES[:1], [0.8], [0.5]), [(0, 0, 50, 40)])
        assert again.cells.naming.novelty.tolist() == [0.5, 1.5, 1.75]
        np.testing.assert_array_equal(again.cells.boxes, BOXES)

    def test_a_corrected_cell_stays_settled_in_another_run(self, named):
        edited = named.with_classes(np.array([1]), ["blast"])
        again = edited.merge_run(self.run(BOXES, [0.9, 0.6, 0.3], [0.25, 1.5, 1.75]), ())
        found = again.current(0.5)
        assert found.counts() == {"blast": 1, "lymphocyte": 1}
        assert not found.unsure.any()

    def test_cells_that_other_weights_named_do_not_stay(self, named):
        again = named.merge_run(self.run(BOXES[:1], [0.8], [0.5], by="another"), [(0, 0, 50, 40)])
        assert len(again.cells) == 1


class TestTissue:
    """Cells that a classifier named, of which the second would be no myelocyte in blood."""

    @pytest.fixture
    def named(self):
        probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], np.float32)
        naming = Naming(NAMES, probabilities, np.array([1.5, 0.2, 0.3], np.float32))
        return ReviewedBoxes.from_run(replace(detections(BOXES, [0.9, 0.6, 0.3], [0, 0, 1]), naming=naming))

    def test_another_one_names_cells_anew_and_corrects_nothing(self, named):
        blood = named.with_tissue("blood")
        assert blood.cells.class_names.tolist() == ["myelocyte", "lymphocyte", "lymphocyte"]
        assert blood.kinds.tolist() == ["", "", ""]
        assert blood.current(0).corrections is None
        assert blood.with_tissue(None).cells.class_names.tolist() == named.cells.class_names.tolist()
        assert blood.with_tissue("blood") is blood

    def test_another_one_leaves_what_a_person_corrected(self, named):
        given = named.with_classes(np.array([1]), ["blast"]).with_tissue("blood")
        assert given.cells.class_names[1] == "blast"
        assert given.kinds.tolist() == ["", "class", ""]
        assert given.current(0).predicted_class_names[1] == "myelocyte"


def test_a_cell_that_was_named_in_a_file_is_not_unsure_again():
    naming = Naming.none(NAMES, 3)
    naming.novelty[:] = 2
    kinds = np.array(["accepted", "box", ""])
    found = detections(BOXES, [0.9, 0.6, 0.3], [0, 1, 0])
    read = replace(found, naming=naming, corrections=Corrections(kinds, found.classes, found.scores))
    assert ReviewedBoxes.from_run(read).cells.unsure.tolist() == [False, True, True]
