"""Figures of a round, and a trial that knows whose it is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.active_learning.rounds import Round, SimulatedAnnotation
from napari_hemalens.config.active_learning import RoundsRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.experiments import labelling_trial
from napari_hemalens.experiments.labelling_pools import POOLS, STRANGE, VAL, DrawnCells, draw
from napari_hemalens.experiments.labelling_trial import figures_of, trial_steps
from napari_hemalens.experiments.options import TrialKey
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.progress import Steps, finish

RECIPE = RoundsRecipe(shares=(0.1, 0.2))
KEY = TrialKey("loss", "seed 1")
Cut = Callable[[DrawnCells], SimulatedAnnotation]


def test_figures_are_recalls_and_means_of_them(blood: DrawnCells) -> None:
    """Neutrophils 3 of 4, lymphocytes 1 of 1, eosinophils 1 of 2, basophils 0 of 1; there is no monocyte."""
    truth = np.array([0, 0, 0, 0, 1, 3, 3, 4])
    said = np.array([0, 0, 0, 1, 1, 3, 0, 0])
    found = figures_of(np.eye(5, dtype=np.float32)[said], truth, blood)
    assert found["accuracy"] == pytest.approx(5 / 8)
    assert found["balanced accuracy"] == pytest.approx((0.75 + 1 + 0.5 + 0) / 4)
    assert found["rare recall"] == pytest.approx(0.25)
    assert found["lowest recall"] == 0
    assert found["recall of eosinophil"] == 0.5
    assert "recall of monocyte" not in found


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds that name every cell right, at once."""

    def rounds(cells: SimulatedAnnotation, recipe: RoundsRecipe, _: Path) -> Steps[tuple[Round, ...]]:
        yield from ()
        said = {name: np.eye(cells.classes)[of.labels].tolist() for name, of in cells.tests.items()}
        return tuple(Round(tuple(range(3 + number)), (), said, 1.0) for number in range(len(recipe.shares)))

    monkeypatch.setattr(labelling_trial, "rounds_steps", rounds)


@pytest.mark.usefixtures("finished")
def test_a_trial_counts_labels_by_class_and_measures_each_round(blood: DrawnCells, blank: Cut, tmp_path: Path) -> None:
    trial = finish(trial_steps(blood, blank(blood), RECIPE, key=KEY, folder=tmp_path))
    assert (trial.row, trial.case) == ("loss", "seed 1")
    assert [each.labels for each in trial.rounds] == [3, 4]
    assert sum(trial.rounds[-1].by_class.values()) == 4
    assert trial.rounds[0].figures[VAL]["accuracy"] == 1
    assert set(trial.rounds[0].figures) == {VAL, STRANGE}


@pytest.mark.usefixtures("finished")
def test_a_trial_of_another_recipe_or_other_cells_is_refused(
    blood: DrawnCells, blank: Cut, smear_table: Callable[..., CellTable], tmp_path: Path
) -> None:
    def run(drawn: DrawnCells, recipe: RoundsRecipe) -> None:
        finish(trial_steps(drawn, blank(drawn), recipe, key=KEY, folder=tmp_path))

    run(blood, RECIPE)
    run(blood, RECIPE)
    with pytest.raises(TrainingError, match="holds a trial of another recipe; choose another folder"):
        run(blood, RECIPE.model_copy(update={"steps": 7}))
    with pytest.raises(TrainingError, match="holds a trial of other cells; choose another folder"):
        run(draw(POOLS["imbalanced"], smear_table(monocyte=59)), RECIPE)
