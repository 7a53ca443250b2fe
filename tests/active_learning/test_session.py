"""A person teaches: cells come one after another, nothing said is lost, and the test stays honest."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_hemalens.active_learning.session import TeachingSession
from napari_hemalens.errors import RecipeError
from napari_hemalens.projects.project import Project

NAMES = ("a", "b", "c")


@pytest.fixture
def project(tmp_path: Path) -> Any:
    with Project.create(tmp_path / "p", NAMES) as opened:
        yield opened


def teach(session: TeachingSession, kinds: np.ndarray, labels: int, *, every: int = 1) -> list[int]:
    """Label as a person who knows; return the rows that were shown."""
    shown = []
    for turn in range(labels):
        row = session.current
        if row is None:
            break
        shown.append(row)
        session.label(NAMES[kinds[row]])
        if turn % every == 0:
            session.refit()
    return shown


def test_the_model_learns_what_is_said_and_measures_itself(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(300)
    session = TeachingSession(project, embedded)
    assert session.predictions.classes.max() == -1
    shown = teach(session, kinds, 60)
    assert len(set(shown)) == 60
    assert sum(session.pool.counts.values()) == 60
    predictions = session.predictions
    named = predictions.classes >= 0
    assert (predictions.classes == kinds)[named].mean() > 0.95
    assert session.curve.points[-1].tested == 10
    assert session.curve.points[-1].labels == 50
    assert session.is_up_to_date


def test_random_cells_are_never_trained_on_nor_named_before_their_label(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(120)
    session = TeachingSession(project, embedded)
    for _ in range(60):
        assert session.current is not None
        if session.shows_random_cell:
            assert session.predictions.classes[session.current] == -1
            assert np.isnan(session.predictions.certainty[session.current])
        session.label(NAMES[kinds[session.current]])
        session.refit()
        refit = session.prepare_refit()
        assert not set(refit.rows.tolist()) & set(session.pool.random.tolist())
        assert set(refit.test_rows.tolist()) <= set(session.pool.random.tolist())
    assert session.pool.is_test[session.pool.labelled].sum() == 10


def test_the_random_cells_are_the_same_after_a_restart_or_by_any_strategy(make_pool: Any, tmp_path: Path) -> None:
    embedded, kinds = make_pool(120)
    tested = []
    for name, strategy, restart in (("p", "margin-diversity", 0), ("q", "random", 0), ("r", "entropy", 17)):
        with Project.create(tmp_path / name, NAMES, seed=5) as project:
            session = TeachingSession(project, embedded, strategy=strategy)
            shown = teach(session, kinds, restart or 40)
        if restart:
            with Project.open(tmp_path / name) as project:
                shown += teach(TeachingSession(project, embedded, strategy=strategy), kinds, 40 - restart)
        tested.append([row for row in shown if row in session.pool.random])
    assert tested[0] == tested[1] == tested[2]
    assert len(tested[0]) == 7


def test_cells_keep_their_labels_in_a_later_session(make_pool: Any, tmp_path: Path) -> None:
    embedded, kinds = make_pool(60)
    with Project.create(tmp_path, NAMES) as project:
        teach(TeachingSession(project, embedded), kinds, 20)
    with Project.open(tmp_path) as project:
        session = TeachingSession(project, embedded)
        labels = session.pool.labels
        assert np.count_nonzero(labels >= 0) == 20
        assert (labels == kinds)[labels >= 0].all()
        assert session.current not in session.pool.labelled
        session.undo()
        assert np.count_nonzero(session.pool.labels >= 0) == 19


def test_undo_shows_the_cell_again_and_redo_goes_on(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(60)
    session = TeachingSession(project, embedded)
    shown = teach(session, kinds, 5)
    after = session.current
    session.undo()
    assert (session.current, session.can_redo) == (shown[-1], True)
    session.undo()
    assert session.current == shown[-2]
    session.redo()
    session.redo()
    assert (session.current, session.can_redo) == (after, False)
    for _ in range(9):
        session.undo()
    assert (session.can_undo, sum(session.pool.counts.values())) == (False, 0)


def test_cells_passed_over_come_back_at_the_end(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(14)
    session = TeachingSession(project, embedded)
    passed = [session.current, None]
    session.skip()
    passed[1] = session.current
    session.skip()
    assert session.current not in passed
    shown = teach(session, kinds, 30)
    assert shown[-2:] == passed
    assert (session.current, len(shown)) == (None, 14)
    session.label("a")  # nothing is shown: nothing is said
    assert sum(session.pool.counts.values()) == 14


def test_not_sure_is_neither_trained_on_nor_shown_again(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(14)
    session = TeachingSession(project, embedded)
    row = session.current
    session.not_sure()
    assert row not in teach(session, kinds, 30)
    assert session.pool.unsure.nonzero()[0].tolist() == [row]
    assert row not in session.prepare_refit().rows


def test_several_cells_are_named_in_one_step(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(60)
    session = TeachingSession(project, embedded)
    teach(session, kinds, 4)
    rows = [row for row in range(60) if session.pool.labels[row] < 0][:9]
    session.label_rows(rows, "c")
    assert (session.pool.labels[rows] == 2).all()
    session.undo()
    assert (session.pool.labels[rows] == -1).all()
    session.redo()
    session.clear_rows(rows[:3])
    assert np.count_nonzero(session.pool.labels >= 0) == 4 + 6
    session.label_rows([], "c")
    assert session.current not in rows[3:]


def test_a_cell_of_the_persons_choice_is_shown_and_then_the_queue_goes_on(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(60)
    session = TeachingSession(project, embedded)
    turn = session.current
    chosen = next(row for row in range(60) if row != turn and not session.pool.is_test[row])
    session.go_to(chosen)
    assert session.current == chosen
    session.label(NAMES[kinds[chosen]])
    assert (session.pool.labels[chosen], session.current) == (kinds[chosen], turn)
    session.go_to(chosen)
    session.go_on()
    assert session.current == turn


def test_a_person_may_be_faster_than_the_model(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(300)
    session = TeachingSession(project, embedded)
    refit = session.prepare_refit()
    assert len(set(teach(session, kinds, 50, every=1000))) == 50
    session.accept(refit.run())
    assert not session.is_up_to_date
    assert session.pool.labels[session.current or 0] == -1
    session.refit()
    assert session.is_up_to_date


def test_a_class_added_renamed_or_removed_leaves_the_model_in_place(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(120)
    session = TeachingSession(project, embedded)
    teach(session, kinds, 30)
    before = session.predictions.classes
    project.add_class("smudge")
    project.change_class("a", name="blast")
    np.testing.assert_array_equal(session.predictions.classes, before)
    assert session.probabilities is not None
    assert session.probabilities.shape == (120, 4)
    session.label("smudge")
    session.refit()
    assert session.pool.counts["smudge"] == 1
    session.undo()
    project.remove_class("smudge")
    session.refit()
    np.testing.assert_array_equal(session.predictions.classes >= 0, before >= 0)


def test_one_class_alone_names_nothing(make_pool: Any, project: Project) -> None:
    embedded, _ = make_pool(60)
    session = TeachingSession(project, embedded)
    for _ in range(8):
        session.label("a")
        session.refit()
    assert session.probabilities is None
    assert session.predictions.classes.max() == -1
    assert session.current is not None


@pytest.mark.parametrize("number", [0, 1, 2])
def test_hardly_any_cells_are_taught_too(number: int, make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(number)
    session = TeachingSession(project, embedded)
    session.refit()
    assert len(teach(session, kinds, 5)) == number
    assert session.current is None


def test_labels_that_the_model_contradicts_are_offered_again(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(200, noise=0.3)
    session = TeachingSession(project, embedded)
    teach(session, kinds, 80, every=10)
    wrong = int(session.prepare_refit().rows[5])
    session.label_rows([wrong], NAMES[(kinds[wrong] + 1) % 3])
    assert session.contradicted()[0] == wrong


def test_a_class_that_is_none_is_refused_and_nothing_is_written(make_pool: Any, project: Project) -> None:
    session = TeachingSession(project, make_pool(60)[0])
    before = session.current
    with pytest.raises(RecipeError, match="No class 'zebra'"):
        session.label("zebra")
    assert (session.current, session.can_undo) == (before, False)


def test_a_project_that_is_only_looked_at_shows_its_labels(make_pool: Any, tmp_path: Path) -> None:
    embedded, kinds = make_pool(60)
    with Project.create(tmp_path, NAMES) as project:
        teach(TeachingSession(project, embedded), kinds, 20)
        looking = TeachingSession(Project.open(tmp_path, read_only=True), embedded)
        looking.refit()
        assert np.count_nonzero(looking.pool.labels >= 0) == 20


def test_the_gallery_shows_labels_and_predictions_but_no_random_cell(make_pool: Any, project: Project) -> None:
    embedded, kinds = make_pool(120)
    session = TeachingSession(project, embedded)
    teach(session, kinds, 30)
    cells = session.gallery_cells
    labelled = session.pool.labels >= 0
    assert cells.given.tolist() == labelled.tolist()
    assert (cells.classes == kinds)[labelled].all()
    waiting = session.pool.is_test & ~labelled
    assert (cells.classes[waiting] == -1).all()
    assert (cells.classes[~waiting] >= 0).all()
