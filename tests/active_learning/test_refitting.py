"""A refit is made of its inputs alone, and gives what the session shows."""

from typing import Any

import numpy as np

from napari_hemalens.active_learning import linear
from napari_hemalens.active_learning.learning_curve import CurveDrawer
from napari_hemalens.active_learning.refitting import AHEAD, Refit


def refit(make_pool: Any, labelled: int, *, classes: tuple[str, ...] = ("c1", "c2", "c3"), wrong: int = 0) -> Refit:
    embedded, kinds = make_pool()
    placed = linear.place(embedded.vectors)
    rows, tested = np.arange(labelled), np.arange(100, 120)
    labels = kinds[rows].copy()
    labels[:wrong] = (labels[:wrong] + 1) % 3
    said = np.isin(np.arange(120), rows)
    return Refit(
        placed=placed,
        classes=classes,
        rows=rows,
        labels=labels,
        test_rows=tested,
        test_labels=kinds[tested],
        said=said,
        candidates=~said & (np.arange(120) < 100),
        start=None,
        drawer=CurveDrawer(placed),
        version=7,
    )


def test_a_refit_names_all_cells_and_chooses_the_next(make_pool: Any) -> None:
    kinds = make_pool()[1]
    found = refit(make_pool, 40).run()
    assert found.probabilities is not None
    assert (found.probabilities.argmax(axis=1) == kinds).mean() > 0.9
    assert (len(found.queue), found.version) == (AHEAD, 7)
    assert all(40 <= row < 100 for row in found.queue)
    assert found.curve.points[-1].tested == 20


def test_a_class_that_has_no_label_has_no_chance_and_is_not_looked_for(make_pool: Any) -> None:
    found = refit(make_pool, 40, classes=("c1", "c2", "c3", "c9")).run()
    assert found.probabilities is not None
    assert found.probabilities.shape == (120, 4)
    assert found.probabilities[:, 3].max() == 0
    assert len(found.queue) == AHEAD


def test_without_two_classes_cells_are_chosen_by_diversity(make_pool: Any) -> None:
    found = refit(make_pool, 0).run()
    assert (found.model, found.probabilities, len(found.queue)) == (None, None, AHEAD)
    assert found.curve.points == ()


def test_labels_that_the_others_speak_against_are_found(make_pool: Any) -> None:
    found = refit(make_pool, 60, wrong=3).contradicted()
    assert len(set(found[:3].tolist()) & {0, 1, 2}) >= 2
    assert len(found) < 8
    assert refit(make_pool, 1).contradicted().tolist() == []
