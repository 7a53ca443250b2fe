"""Labels of a project as arrays of its pool."""

from pathlib import Path
from typing import Any

import pytest

from napari_hemalens.active_learning.pool_labels import PoolLabels
from napari_hemalens.errors import RecipeError
from napari_hemalens.projects.decisions import Decision
from napari_hemalens.projects.project import Project


def test_what_was_said_is_seen_in_arrays(make_pool: Any, tmp_path: Path) -> None:
    embedded, _ = make_pool(30)
    with Project.create(tmp_path, ["a", "b"]) as project:
        pool = PoolLabels(project, embedded.cells)
        train = [row for row in range(30) if not pool.is_test[row]]
        test = int(pool.random[0])
        project.decide([pool.decision("label", row, "b") for row in (train[3], test)])
        project.decide([pool.decision("unsure", train[1])])
        project.decide([pool.decision("skip", train[2])])
        assert [row for row in range(30) if pool.labels[row] == 1] == sorted([train[3], test])
        assert pool.labelled.tolist() == [train[3], test]
        assert (pool.unsure.sum(), pool.said.sum(), pool.passed[train[2]]) == (1, 3, 1)
        assert pool.is_test.sum() == len(pool.random) == 5
        assert pool.candidates.sum() == 30 - 5 - 3
        assert pool.counts == {"a": 0, "b": 2}
        with pytest.raises(RecipeError, match="No class 'c'"):
            pool.decision("label", 0, "c")


def test_a_cell_stays_what_it_was_when_it_was_labelled(make_pool: Any, tmp_path: Path) -> None:
    embedded, _ = make_pool(30)
    with Project.create(tmp_path, ["a", "b"]) as project:
        pool = PoolLabels(project, embedded.cells)
        random = int(pool.random[0])
        cell = pool.decision("label", random, "a")
        project.decide([Decision("label", cell.cell, cell.class_id, "a", "f0", cell.box, test=False, where="queue")])
        assert not pool.is_test[random]
        again = pool.decision("label", random, "b")
        assert (again.test, again.where) == (False, "queue")


def test_labels_of_other_images_are_counted_and_have_no_row(make_pool: Any, tmp_path: Path) -> None:
    embedded, _ = make_pool(30)
    with Project.create(tmp_path, ["a"]) as project:
        project.decide([Decision("label", "elsewhere", "c1", "a", "f9", (0, 0, 9, 9))])
        pool = PoolLabels(project, embedded.cells)
        assert (pool.counts, pool.labelled.tolist(), pool.row_of("elsewhere")) == ({"a": 1}, [], None)
