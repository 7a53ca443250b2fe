"""The curve measures all models on the same cells, and says no more than they tell."""

import math

import numpy as np
import pytest

from napari_hemalens.active_learning import linear
from napari_hemalens.active_learning.learning_curve import CurveDrawer, CurvePoint, Gain, LearningCurve, steps_up_to
from napari_hemalens.records.differential import wilson_interval

RNG = np.random.default_rng(0)


def test_steps_double_with_one_between_and_end_at_all_labels() -> None:
    assert steps_up_to(0) == ()
    assert steps_up_to(7) == (7,)
    assert steps_up_to(60) == (10, 15, 20, 30, 40, 60)
    assert steps_up_to(170) == (10, 15, 20, 30, 40, 60, 80, 120, 160, 170)


def test_a_point_has_the_interval_of_wilson() -> None:
    point = CurvePoint(40, 18, 20)
    assert (point.accuracy, point.interval) == (0.9, wilson_interval(18, 20))
    assert math.isnan(CurvePoint(4, 0, 0).accuracy)


def test_the_gain_is_bounded_as_agresti_and_min_say() -> None:
    low, high = Gain(40, 80, 6, 2, 50).bounds
    d = (6.5 - 2.5) / 52
    half = 1.6449 * math.sqrt(6.5 + 2.5 - 4**2 / 52) / 52
    assert (low, high) == pytest.approx((d - half, d + half), abs=1e-4)
    assert Gain(40, 80, 0, 0, 50).bounds[1] > 0.02  # a width even where no cell differs


@pytest.mark.parametrize(
    ("gained", "lost", "tested", "said"),
    [(12, 1, 60, "More labels help"), (3, 1, 40, "More labels may help"), (1, 1, 80, "More labels no longer help")],
)
def test_the_sentence_says_what_the_gain_tells(gained: int, lost: int, tested: int, said: str) -> None:
    curve = LearningCurve((CurvePoint(400, tested - 5, tested),), Gain(200, 400, gained, lost, tested))
    assert curve.sentence.startswith(f"{said}: from 200 to 400 labels")
    assert curve.saturated == (said == "More labels no longer help")


def test_nothing_is_said_of_a_gain_before_there_is_enough_to_tell() -> None:
    assert LearningCurve().sentence == (
        "Whether more labels help can be told from 40 labels (now 0) and 20 random cells (now 0) on."
    )
    assert "from 20 random cells (now 12) on" in LearningCurve((CurvePoint(60, 9, 12),)).sentence
    assert not LearningCurve().saturated


def pool() -> tuple[np.ndarray, np.ndarray]:
    kinds = RNG.integers(0, 3, 300)
    return (np.eye(3, 10)[kinds] * 3 + RNG.normal(0, 1, (300, 10))).astype(np.float32), kinds


def test_a_curve_rises_to_the_model_of_all_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    placed, kinds = pool()
    rows, tested = np.arange(80), np.arange(200, 260)
    model = linear.fit(placed[rows], kinds[rows], 3)
    assert model is not None
    drawer = CurveDrawer(placed)
    curve = drawer.draw((rows, kinds[rows]), (tested, kinds[tested]), ("a", "b", "c"), model)
    assert [point.labels for point in curve.points] == [10, 15, 20, 30, 40, 60, 80]
    right = int((model.probabilities(placed[tested]).argmax(axis=1) == kinds[tested]).sum())
    assert (curve.points[-1].correct, curve.points[-1].tested) == (right, 60)
    assert curve.gain is not None
    assert (curve.gain.before, curve.gain.after) == (40, 80)
    assert curve.points[4].correct + curve.gain.gained - curve.gain.lost == curve.points[-1].correct

    monkeypatch.setattr(linear, "fit", None)  # no model of a beginning is fitted twice
    more = drawer.draw((rows, kinds[rows]), (tested[:30], kinds[tested[:30]]), ("a", "b", "c"), model)
    assert more.points[0].tested == 30


def test_labels_that_were_corrected_are_fitted_again() -> None:
    placed, kinds = pool()
    rows, tested = np.arange(40), np.arange(200, 260)
    drawer = CurveDrawer(placed)
    good = drawer.draw((rows, kinds[rows]), (tested, kinds[tested]), ("a", "b", "c"), None)
    swapped = drawer.draw((rows, (kinds[rows] + 1) % 3), (tested, kinds[tested]), ("a", "b", "c"), None)
    assert good.points[-1].correct > swapped.points[-1].correct
    assert good.gain is None  # without a model of all labels


def test_a_beginning_of_one_class_has_no_point() -> None:
    placed, kinds = pool()
    rows = np.argsort(kinds, kind="stable")[:110]  # more than ten of the first class
    curve = CurveDrawer(placed).draw((rows, kinds[rows]), (rows[:5], kinds[rows[:5]]), ("a", "b", "c"), None)
    assert all(point.labels > 10 for point in curve.points)
