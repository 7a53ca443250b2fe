"""No group is on two sides, and every class is on all."""

from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import TrainingError
from napari_hemalens.experiments.splits import hold_back, name_grouping, sample_cells, split_folds
from napari_hemalens.formats.named_cells import NamedCells


def field(subject: str, kind: str, cells: int) -> NamedCells:
    ids = np.arange(1, cells + 1)
    return NamedCells(Path(f"{subject}.png"), None, ids, np.full(cells, kind), np.full(cells, f"s{subject}"))


FIELDS = [field(f"b{i}", "blast", 10 + i) for i in range(8)] + [field(f"n{i}", "normal", 5 + i) for i in range(8)]


def groups(fields):
    return {name for one in fields for name in one.groups.tolist()}


def share(part, kind):
    of = [sum(len(f.ids) for f in fields if f.class_names[0] == kind) for fields in (part, FIELDS)]
    return of[0] / of[1]


def test_held_back_are_whole_subjects_of_every_class() -> None:
    train, choose = hold_back(FIELDS, 0.25, seed=0)
    assert not groups(train) & groups(choose)
    assert groups(train) | groups(choose) == groups(FIELDS)
    for kind in ("blast", "normal"):
        assert share(choose, kind) == pytest.approx(0.25, abs=0.08)
    assert groups(hold_back(FIELDS, 0.25, seed=0)[1]) == groups(choose)


def test_folds_are_alike_and_part_no_subject() -> None:
    parts = split_folds(FIELDS, 4)
    assert sum(len(groups(part)) for part in parts) == len(groups(FIELDS)) == 16
    for part in parts:
        assert share(part, "blast") == pytest.approx(0.25, abs=0.08)
        assert share(part, "normal") == pytest.approx(0.25, abs=0.08)


def test_too_few_subjects_are_refused() -> None:
    with pytest.raises(TrainingError, match="do not make 9 folds"):
        split_folds(FIELDS, 9)
    with pytest.raises(TrainingError, match="cannot be split"):
        hold_back(FIELDS[7:9], 0.2, seed=0)


def test_some_cells_keep_the_shares_of_the_classes() -> None:
    kept = sample_cells(FIELDS, 40, seed=0)
    names = np.concatenate([one.class_names for one in kept])
    assert len(names) == pytest.approx(40, abs=1)
    assert (names == "blast").mean() == pytest.approx(108 / 176, abs=0.03)
    assert sum(len(one.ids) for one in sample_cells(FIELDS, None, seed=0)) == 176


def test_groups_are_called_what_their_column_says() -> None:
    def grouped(by: str) -> NamedCells:
        return NamedCells(Path("a.png"), None, np.array([1]), np.array(["x"]), np.array(["a"]), grouped_by=by)

    assert name_grouping([grouped("subject"), grouped("subject")]) == "subject"
    assert name_grouping([grouped("block")]) == "block of images"
    assert name_grouping([grouped("subject"), grouped("image")]) == "group"
