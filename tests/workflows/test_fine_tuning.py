"""A project's labels train its network; before and after are told on the same random cells."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.active_learning.learning_curve import CurvePoint, Gain
from napari_hemalens.config.options import ClassificationRecipe, FineTuningRecipe, TeachingRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Steps, finish
from napari_hemalens.workflows import classify, teaching
from napari_hemalens.workflows.fine_tuning import FineTuned, adopt, fine_tune_steps
from napari_hemalens.workflows.teaching import TeachingSession

RECIPE = FineTuningRecipe(name="mine", epochs=1, device="cpu")


@pytest.fixture
def folder_of_cells(tmp_path: Path) -> Path:
    """Thirty pictures of one cell each, of two colours."""
    folder, rng = tmp_path / "cells", np.random.default_rng(0)
    folder.mkdir()
    y, x = np.mgrid[:40, :40]
    for k in range(30):
        rgb = np.full((40, 40, 3), 230) + rng.normal(0, 3, (40, 40, 3))
        rgb[np.hypot(y - 20, x - 20) < 12] = np.array([(60, 30, 140), (190, 60, 60)][k % 2]) + rng.normal(0, 8, 3)
        iio.imwrite(folder / f"{k:02d}.png", rgb.clip(0, 255).astype(np.uint8))
    return folder


def test_labels_train_weights_that_classify_and_are_adopted_on_request(
    folder_of_cells: Path, nucleated: ClassifierCard, tmp_path: Path
) -> None:
    with teaching.open_project(tmp_path / "p", classes=["blue", "red"]) as project:
        cells = teaching.cells_of_images([folder_of_cells])
        recipe = TeachingRecipe(weights=str(nucleated.file), device="cpu")
        session = finish(teaching.start_steps(project, cells, recipe))
        with pytest.raises(TrainingError, match="two classes with 3 labels each"):
            next(fine_tune_steps(session, RECIPE))
        while session.current is not None and sum(session.pool.counts.values()) < 24:
            session.label(("blue", "red")[session.current % 2])
        steps = fine_tune_steps(session, RECIPE)
        next(steps)
        steps.close()  # stopped, and begun again
        tuned = finish(_during_labelling(session))
        assert tuned.card.folder.parent == project.results
        assert (tuned.card.name, tuned.card.task, tuned.card.classes) == ("mine", "own", ("blue", "red"))
        assert tuned.before.tested == tuned.after.tested == 4
        assert tuned.before.labels == 20
        assert tuned.gain is not None
        assert tuned.after.correct - tuned.before.correct == tuned.gain.gained - tuned.gain.lost
        assert (tuned.card.folder / "losses.csv").exists()
        assert project.weights is not None
        assert project.weights.sha256 == nucleated.sha256
        adopt(project, tuned.card)
        again = finish(teaching.start_steps(project, cells, TeachingRecipe(device="cpu")))
        assert again.embedded.sha256 == tuned.card.sha256
        assert again.pool.labels.tolist() == session.pool.labels.tolist()
    labels = np.zeros((40, 40), np.int32)
    labels[10:30, 10:30] = 1
    asked = ClassificationRecipe(task="own", weights=str(tuned.card.file), device="cpu", pixel_size_um=0.5)
    assert classify(folder_of_cells / "00.png", labels, asked).names == ("blue", "red")


def _during_labelling(session: TeachingSession) -> Steps[FineTuned]:
    """Train while the person labels on: what is said meanwhile is neither trained on nor measured."""
    steps = fine_tune_steps(session, RECIPE)
    session.label_rows(session.pool.random.tolist(), "red")
    tuned = yield from steps
    session.undo()
    return tuned


@pytest.mark.parametrize(
    ("gained", "lost", "said"), [(20, 1, "better"), (1, 20, "worse"), (3, 3, "not clearly better or worse")]
)
def test_the_sentence_says_what_a_person_has_to_know(
    gained: int, lost: int, said: str, nucleated: ClassifierCard
) -> None:
    points = CurvePoint(200, 20, 40), CurvePoint(200, 20 + gained - lost, 40)
    tuned = FineTuned(nucleated, *points, Gain(200, 200, gained, lost, 40), ())
    assert tuned.sentence.endswith(f": {said}.")
    assert tuned.sentence.startswith("On 40 random cells 50 % were named rightly before")
    assert "cannot be told" in FineTuned(nucleated, *points, None, ()).sentence
