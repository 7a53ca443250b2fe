"""The boxes kept are those that the plain greedy loop keeps, in seconds rather than hours."""

import time
import tracemalloc

import numpy as np
import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.slides import stitch
from napari_hemalens.slides.stitch import in_core, suppress
from napari_hemalens.slides.tiles import plan


def overlap(a, b):
    """Return the intersection and the union of two boxes."""
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(height, 0) * max(width, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return shared, sum(areas) - shared


def longhand(boxes, scores, groups, iou):
    """Return what greedy suppression keeps, written down plainly."""
    kept = []
    for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        rivals = [overlap(boxes[i], boxes[j]) for j in kept if groups[i] == groups[j]]
        if all(shared <= iou * union for shared, union in rivals):
            kept.append(i)
    return kept


def crowd(rng, count, *, sizes, side, decimals=9, groups=3, snap=0):
    corners = rng.uniform(0, side, (count, 2))
    sides = np.exp(rng.uniform(*np.log(sizes), (count, 2)))
    boxes = np.concatenate([corners, corners + sides], axis=1)
    if snap:
        boxes = np.round(boxes / snap) * snap
    scores = np.round(rng.random(count), decimals)
    return boxes, scores, rng.integers(0, groups, count)


@pytest.mark.parametrize("iou", [0, 0.05, 0.3, 0.5, 0.7, 0.95, 1])
@pytest.mark.parametrize(
    "kind",
    [
        {"sizes": (20, 40), "side": 200},
        {"sizes": (2, 400), "side": 300},
        {"sizes": (20, 40), "side": 200, "decimals": 1},
        {"sizes": (10, 80), "side": 200, "snap": 20, "decimals": 0},
        {"sizes": (0.01, 3), "side": 4},
        {"sizes": (20, 40), "side": 150, "groups": 40},
        {"sizes": (20, 5000), "side": 150, "groups": 1},
    ],
    ids=["cells", "all sizes", "equal scores", "same boxes", "specks", "many groups", "huge"],
)
def test_the_boxes_kept_are_those_of_the_plain_loop(kind, iou):
    rng = np.random.default_rng(7)
    for count in (0, 1, 2, 60, 250):
        boxes, scores, groups = crowd(rng, count, **kind)
        kept = suppress(boxes - 70, scores, groups, iou=iou)
        assert kept.dtype == np.int64
        assert kept.tolist() == longhand(boxes - 70, scores, groups, iou)


def test_batches_keep_the_same_boxes_as_one_pass(monkeypatch):
    boxes, scores, groups = crowd(np.random.default_rng(3), 300, sizes=(20, 60), side=170, decimals=2)
    monkeypatch.setattr(stitch, "_LEAST_BATCH", 16)
    monkeypatch.setattr(stitch, "_MOST_PAIRS", 300)
    monkeypatch.setattr(stitch, "_AT_ONCE", 50)
    kept = suppress(boxes, scores, groups, iou=0.4)
    assert kept.tolist() == longhand(boxes, scores, groups, 0.4)


def test_of_equal_scores_the_first_box_stays():
    boxes = [[0, 0, 10, 10], [0, 1, 10, 11], [0, 0, 10, 10]]
    assert suppress(boxes, [0.5, 0.5, 0.5], [0, 0, 0], iou=0.5).tolist() == [0]


def test_boxes_of_other_groups_are_left_alone():
    boxes = [[0, 0, 10, 10]] * 3
    assert suppress(boxes, [0.1, 0.9, 0.5], [1, 0, 1], iou=0.5).tolist() == [1, 2]


def test_a_box_beaten_by_a_beaten_box_stays():
    boxes = [[0, 0, 10, 10], [0, 4, 10, 14], [0, 8, 10, 18]]
    assert suppress(boxes, [0.9, 0.8, 0.7], [0, 0, 0], iou=0.4).tolist() == [0, 2]


def test_an_overlap_of_exactly_the_threshold_is_two_cells():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 5]]
    assert suppress(boxes, [0.9, 0.8], [0, 0], iou=0.5).tolist() == [0, 1]


def test_boxes_that_overlap_too_much_are_one_cell_far_from_the_origin():
    rng = np.random.default_rng(4)
    corners = rng.uniform(0, 1e6, (200, 2))
    shifted = corners + np.eye(2)[rng.integers(0, 2, 200)] * (100 / 3 - 1e-7)  # by 100 / 3: 0.5
    boxes = np.concatenate([corners, shifted])
    boxes = np.concatenate([boxes, boxes + 100], axis=1)
    groups = np.tile(np.arange(200), 2)
    assert suppress(boxes, np.ones(400), groups, iou=0.5).tolist() == list(range(200))


def test_a_box_without_area_overlaps_nothing():
    boxes = [[5, 5, 5, 5], [0, 0, 10, 10], [5, 5, 5, 5], [5, 0, 5, 10]]
    assert suppress(boxes, [4, 3, 2, 1], [0] * 4, iou=0).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("iou", [-0.1, 1.5])
def test_an_impossible_threshold_is_refused(iou):
    with pytest.raises(RecipeError, match="0-1"):
        suppress([[0, 0, 1, 1]], [1], [0], iou=iou)


def field_of_cells(count, rng):
    """Return boxes as tiles report them: platelets to megakaryocytes, each overlapping a few."""
    side = (count * 1000) ** 0.5
    centres = rng.uniform(0, side, (count, 2))
    kind = rng.random(count)
    sides = np.where(kind < 0.2, 20, np.where(kind < 0.21, 400, 65)) * rng.uniform(0.9, 1.1, count)
    sides[0] = 5000
    half = sides[:, None] / 2
    boxes = np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)
    return boxes, rng.random(count), np.zeros(count, dtype=int)


def test_a_hundred_thousand_boxes_of_all_sizes_take_little_time_and_memory():
    boxes, scores, groups = field_of_cells(100_000, np.random.default_rng(0))
    start = time.process_time()  # unlike the clock, not moved by what else the machine does
    suppress(boxes, scores, groups, iou=0.5)
    assert time.process_time() - start < 3  # 0.3 s; all pairs would take minutes


@pytest.mark.slow
def test_a_million_boxes_take_seconds_and_half_a_gigabyte():
    boxes, scores, groups = field_of_cells(1_000_000, np.random.default_rng(0))
    tracemalloc.start()
    start = time.process_time()
    kept = suppress(boxes, scores, groups, iou=0.5)
    seconds = time.process_time() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(kept) > 500_000
    assert seconds < 30  # 4 s
    assert peak < 512 << 20


def test_heaps_of_copies_stay_within_memory():
    rng = np.random.default_rng(1)
    boxes = np.repeat(rng.uniform(0, 20, (1, 2)), 5_000, axis=0) + rng.normal(0, 1, (5_000, 2))
    tracemalloc.start()
    kept = suppress(np.concatenate([boxes, boxes + 60], axis=1), np.ones(5_000), np.zeros(5_000), iou=0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept.tolist() == [0]
    assert peak < 128 << 20  # all pairs are 200 MB a column


def test_a_long_chain_of_boxes_is_resolved():
    x = np.arange(10_000) * 10.0
    boxes = np.stack([0 * x, x, 0 * x + 50, x + 50], axis=1)
    kept = suppress(boxes, np.ones(len(x)), np.zeros(len(x)), iou=0.6)
    assert kept.tolist() == list(range(0, 10_000, 2))


def test_cores_own_every_centre_once():
    rng = np.random.default_rng(2)
    centres = rng.integers(0, 200, (500, 2)) + rng.choice([0, 0.5], (500, 2))
    boxes = np.concatenate([centres - 5, centres + 5], axis=1)
    owners = sum(in_core(boxes, t.core).astype(int) for t in plan((200, 200), tile=64, overlap=16))
    assert np.all(owners == 1)


def test_a_margin_lets_a_core_own_what_lies_just_outside():
    boxes = [[9, 9, 11, 11], [4, 4, 6, 6], [28, 28, 30, 30], [21, 15, 23, 17]]
    core = (10, 10, 20, 20)
    assert in_core(boxes, core).tolist() == [True, False, False, False]
    assert in_core(boxes, core, 5).tolist() == [True, True, False, True]
    assert in_core(np.zeros((0, 4)), core, 5).shape == (0,)
