"""Figures of named cells, counted by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_hemalens.evaluation.laboratories import NamedTable, name_table_steps
from napari_hemalens.formats import cell_table
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.inference.labelled_crops import cut_boxes
from napari_hemalens.inference.naming import look
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.records.tasks import task

TASK = task("nucleated")


def named(*rows: tuple[str, str, float], novelty: list[float] | None = None, **more: object) -> NamedTable:
    """Cells as true name, the name that they are given, and how likely that is said to be; a block for each two."""
    n, k = len(rows), len(TASK.classes)
    probabilities = np.empty((n, k), np.float32)
    for row, (_, said, p) in enumerate(rows):
        probabilities[row] = (1 - p) / (k - 1)
        probabilities[row, TASK.classes.index(said)] = p
    cells = CellTable(
        images=np.array([Path("a.png")] * n, dtype=object),
        boxes=np.zeros((n, 4), np.float32),
        pixel_sizes=np.ones(n, np.float32),
        class_names=np.array([name for name, *_ in rows]),
        laboratories=np.array(["north", "east"] * n)[:n],
        blocks=np.array([str(row // 2) for row in range(n)]),
        parts=np.full(n, "choose"),
    )
    far = np.full(n, np.nan) if novelty is None else np.array(novelty)
    return NamedTable(cells, TASK, probabilities, far.astype(np.float32), **more)


def test_a_vague_name_is_right_as_any_of_its_classes() -> None:
    found = named(
        ("neutrophil", "band_neutrophil", 0.9),
        ("neutrophil", "segmented_neutrophil", 0.9),
        ("neutrophil", "monocyte", 0.9),
        ("monocyte", "monocyte", 0.9),
        ("benign", "lymphocyte", 0.9),
        ("benign", "blast", 0.9),
    )
    assert found.right.tolist() == [True, True, False, True, True, False]
    assert found.recalls() == {"neutrophil": pytest.approx(2 / 3), "monocyte": 1, "benign": 0.5}
    assert found.balanced_accuracy() == pytest.approx((2 / 3 + 1) / 2)  # benign says too little to count


def test_each_class_counts_alike_however_many_cells_it_has() -> None:
    rows = [("blast", "blast", 0.9)] * 9 + [("monocyte", "blast", 0.9)]
    assert named(*rows).balanced_accuracy() == 0.5


def test_cells_that_nobody_can_name_and_classes_never_taught_are_left_out() -> None:
    rows = [("unclassifiable", "blast", 0.9), ("not_identifiable", "blast", 0.9), ("blast", "blast", 0.9)]
    assert named(*rows).recalls() == {"blast": 1}
    with_basophil = (*rows, ("basophil", "eosinophil", 0.9))
    assert named(*with_basophil).balanced_accuracy() == 0.5
    assert named(*with_basophil, unlearned=("basophil",)).balanced_accuracy() == 1
    assert np.isnan(named(rows[0]).balanced_accuracy())


def test_the_blast_auc_is_the_share_of_pairs_in_order() -> None:
    found = named(
        ("blast", "blast", 0.9), ("blast", "blast", 0.3), ("monocyte", "blast", 0.5), ("basophil", "monocyte", 0.9)
    )
    assert found.blast_auc() == pytest.approx(3 / 4)
    assert np.isnan(found.take(np.array([0, 1])).blast_auc())


def test_the_reject_auc_sets_cells_that_nobody_can_name_against_the_rest() -> None:
    found = named(
        ("not_identifiable", "unclassifiable", 0.6),
        ("unclassifiable", "blast", 0.9),
        ("blast", "unclassifiable", 0.4),
        ("monocyte", "monocyte", 0.99),
        novelty=[40.0, 30.0, 20.0, 35.0],
    )
    assert found.reject_auc() == pytest.approx(3 / 4)
    assert found.novelty_auc() == pytest.approx(3 / 4)  # values far beyond 1 keep their order
    assert np.isnan(named(("blast", "blast", 0.9), ("unclassifiable", "blast", 0.9)).novelty_auc())


def test_reliability_is_what_was_said_against_what_was_right_by_tenths() -> None:
    found = named(
        ("blast", "blast", 0.95),
        ("blast", "blast", 0.97),
        ("blast", "monocyte", 0.93),
        ("monocyte", "monocyte", 0.62),
        ("monocyte", "monocyte", 1.0),
    )
    low, high = found.reliability()
    assert low == (pytest.approx(0.62), 1.0, 1)
    assert high == (pytest.approx((0.95 + 0.97 + 0.93 + 1.0) / 4), pytest.approx(0.75), 4)
    expected = (abs(0.62 - 1) + 4 * abs(0.9625 - 0.75)) / 5
    assert found.calibration_error() == pytest.approx(expected, rel=1e-4)


def test_the_interval_is_of_blocks_and_wider_than_that_of_cells() -> None:
    rows = [("blast", "blast" if row // 8 % 2 else "monocyte", 0.9) for row in range(64)]
    found = named(*rows)
    low, high = found.interval(NamedTable.balanced_accuracy)
    assert low < 0.5 < high
    assert found.interval(NamedTable.balanced_accuracy) == (low, high)  # by its seed
    of_eight = NamedTable(
        CellTable(**{f: getattr(found.cells, f) for f in CellTable.__dataclass_fields__ if f != "blocks"},
                  blocks=np.array([str(row // 8) for row in range(64)])),
        TASK, found.probabilities, found.novelty,
    )  # fmt: skip
    wider_low, wider_high = of_eight.interval(NamedTable.balanced_accuracy)
    assert wider_high - wider_low > 1.5 * (high - low)
    certain = named(*[("blast", "blast", 0.9)] * 10)
    assert certain.interval(NamedTable.balanced_accuracy) == (1, 1)


def test_cells_of_one_laboratory_are_taken_together() -> None:
    found = named(("blast", "blast", 0.9), ("monocyte", "blast", 0.9), ("blast", "blast", 0.9), novelty=[0.0, 1.0, 2.0])
    north = found.of("north")
    assert (len(north), north.balanced_accuracy(), north.novelty.tolist()) == (2, 1, [0, 2])


def test_cells_of_a_table_are_named_in_its_order(cells_by_box: Path, nucleated: ClassifierCard) -> None:
    classifier = NetworkClassifier.load(nucleated, torch.device("cpu"))
    every = cell_table.read(cells_by_box / "cells.csv")
    cells = every.take(np.random.default_rng(0).permutation(len(every)))
    steps = list(name_table_steps(classifier, cells, TASK))
    assert (steps[-1].done, steps[-1].total) == (len(cells), len(cells))
    found = finish(name_table_steps(classifier, cells, TASK))
    expected, novelty = look(classifier, cut_boxes(cells, nucleated.crop))
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)
    np.testing.assert_allclose(found.novelty, novelty, rtol=1e-3)


def test_nobody_is_right_or_rejected_in_a_table_without_cells() -> None:
    none = named(("blast", "blast", 0.9)).take(np.zeros(1, dtype=bool))
    assert (len(none), len(none.right), none.recalls()) == (0, 0, {})
    assert np.isnan([none.blast_auc(), none.reject_auc(), none.novelty_auc()]).all()
