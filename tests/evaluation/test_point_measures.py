import numpy as np
import pytest

from napari_hemalens.evaluation.point_measures import Match, best_score, by_radius, by_score, figures, match, pairs
from napari_hemalens.formats.points import PointField
from napari_hemalens.records.detections import Detections

SHAPE = (200, 200)


def boxes(*centres: tuple[float, float], scores: list[float] | None = None) -> Detections:
    """Boxes of 20 px around centres y, x."""
    corners = [[y - 10, x - 10, y + 10, x + 10] for y, x in centres]
    values = scores or [0.9] * len(centres)
    return Detections.from_arrays(corners, values, [0] * len(centres), names=("nucleus",), image_shape=SHAPE)


def truth(*centres: tuple[float, float], unsure: tuple[tuple[float, float], ...] = ()) -> PointField:
    nuclei, doubtful = (np.array(points, np.float32).reshape(-1, 2) for points in (centres, unsure))
    return PointField(boxes(*centres), nuclei, doubtful, 20.0)


def test_a_box_within_the_radius_of_a_point_is_a_hit_and_one_beyond_is_not() -> None:
    assert match(boxes((50, 55)), truth((50, 50)), 5.0) == Match(nuclei=1, found=1, hits=1, unsure=0)
    assert match(boxes((50, 55.5)), truth((50, 50)), 5.0) == Match(nuclei=1, found=1, hits=0, unsure=0)


def test_a_nucleus_that_is_found_twice_counts_once() -> None:
    assert match(boxes((50, 48), (50, 52)), truth((50, 50)), 5.0) == Match(nuclei=1, found=2, hits=1, unsure=0)


def test_a_box_between_two_nuclei_is_given_to_the_one_that_has_no_other() -> None:
    # The box at 54 is nearest to the nucleus at 50, which has a box of its own 7 px away; by the nearest pair first,
    # the nucleus at 60 would be missed.
    found, nuclei = boxes((50, 54), (50, 43)), truth((50, 50), (50, 60))
    assert match(found, nuclei, 8.0) == Match(nuclei=2, found=2, hits=2, unsure=0)


def test_of_pairings_with_as_many_pairs_the_shortest_is_taken() -> None:
    one, other = np.array([[0.0, 0.0], [0.0, 4.0]]), np.array([[0.0, 3.0], [0.0, 1.0]])
    assert pairs(one, other, 10.0).tolist() == [[0, 1], [1, 0]]


def test_a_box_at_an_unsure_point_is_neither_right_nor_wrong() -> None:
    found = boxes((50, 50), (100, 100), (150, 150))
    seen = match(found, truth((50, 50), unsure=((100, 102),)), 5.0)
    assert seen == Match(nuclei=1, found=2, hits=1, unsure=1)
    assert figures([seen])["precision"] == 0.5  # the third is wrong


def test_a_second_box_at_an_unsure_point_is_wrong_a_missed_one_is_not() -> None:
    found = boxes((100, 100), (100, 103))
    assert match(found, truth(unsure=((100, 102), (20, 20))), 5.0) == Match(nuclei=0, found=1, hits=0, unsure=1)


def test_a_nucleus_goes_before_an_unsure_point_that_lies_nearer() -> None:
    assert match(boxes((50, 50)), truth((50, 54), unsure=((50, 51),)), 5.0) == Match(1, 1, 1, 0)


def test_nothing_found_and_nothing_there_are_figures_too() -> None:
    assert match(boxes(), truth((50, 50)), 5.0) == Match(1, 0, 0, 0)
    assert match(boxes((50, 50)), truth(), 5.0) == Match(0, 1, 0, 0)
    assert figures([Match(0, 0, 0, 0)])["F1"] == 0


def test_figures_are_those_of_the_formulas() -> None:
    # 10 nuclei of which 6 are found among 8 boxes; 5 nuclei, all found, among 7 boxes.
    seen = figures([Match(10, 8, 6, 3), Match(5, 7, 5, 1)])
    assert (seen["nuclei"], seen["found"], seen["unsure"]) == (15, 15, 4)
    assert seen["precision"] == pytest.approx(11 / 15)
    assert seen["recall"] == pytest.approx(11 / 15)
    assert seen["F1"] == pytest.approx(2 * 11 / 30)
    assert seen["bias"] == 0  # two too few and two too many
    assert seen["MAE"] == 2
    assert seen["relative"] == pytest.approx((2 / 10 + 2 / 5) / 2)


def test_the_least_score_is_the_one_that_keeps_the_hits_and_no_more() -> None:
    found = boxes((50, 50), (150, 150), (100, 100), scores=[0.9, 0.7, 0.3])
    nuclei = truth((50, 50), (150, 150))
    assert 0.45 < best_score([found], [nuclei], 5.0) < 0.55  # the middle of what is as good
    thresholds, f1 = by_score([found], [nuclei], 5.0)
    assert f1[thresholds < 0.3] == pytest.approx(2 * 2 / 5)
    assert f1[(thresholds > 0.7) & (thresholds < 0.9)] == pytest.approx(2 * 1 / 3)


def test_a_larger_radius_finds_what_a_smaller_one_misses() -> None:
    found, nuclei = boxes((50, 56), (150, 151)), truth((50, 50), (150, 150))
    assert by_radius([found], [nuclei], [5.0, 10.0]) == (
        {"radius": 5.0, "precision": 0.5, "recall": 0.5, "F1": 0.5},
        {"radius": 10.0, "precision": 1.0, "recall": 1.0, "F1": 1.0},
    )
