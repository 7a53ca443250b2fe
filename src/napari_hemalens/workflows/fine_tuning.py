"""*Train properly*: the network itself learns what a person taught, and is compared with what it was on random cells.

>>> from napari_hemalens.progress import finish
>>> from napari_hemalens.workflows.fine_tuning import adopt, fine_tune_steps
>>> tuned = finish(fine_tune_steps(session))  # doctest: +SKIP
>>> print(tuned.sentence)  # doctest: +SKIP
>>> adopt(session.project, tuned.card)  # doctest: +SKIP
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning import linear
from napari_hemalens.active_learning.labelled_table import LabelledTable, labelled_table, pixel_size_of
from napari_hemalens.active_learning.learning_curve import CurvePoint, Gain
from napari_hemalens.active_learning.refitting import Refit
from napari_hemalens.active_learning.session import TeachingSession
from napari_hemalens.config.options import FineTuningRecipe
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.projects.project import Project
from napari_hemalens.records.tasks import own_task

__all__ = ["FineTuned", "FineTuningRecipe", "adopt", "fine_tune_steps"]


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What training brought.

    Attributes
    ----------
    card : ClassifierCard
        The weights, in the project's results; nothing uses them yet.
    before, after : CurvePoint
        Accuracy on the random cells of the linear model, and of the trained network.
    gain : Gain or None
        What the training brought; None where no random cell has a label.
    notes : tuple of str
        What is not as one might expect, a sentence each.
    """

    card: ClassifierCard
    before: CurvePoint
    after: CurvePoint
    gain: Gain | None
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What became of accuracy, for a person who has to decide."""
        if self.gain is None:
            return "No random cell has a label: what the training brought cannot be told."
        low, high = self.gain.bounds
        verdict = "better" if low > 0 else "worse" if high < 0 else "not clearly better or worse"
        return (
            f"On {self.after.tested} random cells {100 * self.before.accuracy:.0f} % were named rightly before, "
            f"{100 * self.after.accuracy:.0f} % after ({100 * low:+.0f} to {100 * high:+.0f} points): {verdict}."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Labels:
    """The labels of the moment at which training was asked for.

    Attributes
    ----------
    table : LabelledTable
        To train on.
    start : ClassifierCard
        The network that is trained.
    tested, rows, truth : CellTable, (n,) int64, (n,) int64
        The random cells that have a label, their rows in the pool, their classes.
    refit : Refit
        The pool, for the linear model.
    """

    table: LabelledTable
    start: ClassifierCard
    tested: CellTable
    rows: NDArray[np.int64]
    truth: NDArray[np.int64]
    refit: Refit


def fine_tune_steps(session: TeachingSession, recipe: FineTuningRecipe | None = None) -> Steps[FineTuned]:
    """Train the embedding network on all labels of a project; yields after every step.

    Labels are read when this is called; the session may go on meanwhile. Stopped or killed, it goes on from its last
    checkpoint if called again with the same labels. Losses are in `losses.csv` of its folder.

    Parameters
    ----------
    session : TeachingSession
        Its project's labels are trained on, whatever image they are of; random cells never are.
    recipe : FineTuningRecipe, optional
        Name, epochs, views, device.

    Raises
    ------
    TrainingError
        If there are too few labels, or the weights cannot be trained on boxes.
    """
    start = _start_of(session)
    table = labelled_table(session.project, start.crop)
    rows, tested = random_cells_of(session, start)
    labels = _Labels(table, start, tested, rows, session.pool.labels[rows], session.prepare_refit())
    return _train_steps(labels, session.project.results, recipe or FineTuningRecipe())


def adopt(project: Project, card: ClassifierCard) -> None:
    """Let trained weights embed the project's cells from the next start on; labels stay as they are."""
    project.remember_weights(str(card.file), card.sha256)


def _start_of(session: TeachingSession) -> ClassifierCard:
    known = session.project.weights
    return weights.classifier_card(known.name if known else session.embedded.weights)


def _about(table: LabelledTable, start: ClassifierCard, recipe: FineTuningRecipe) -> dict[str, str]:
    trained = table.cells.take(table.cells.parts == "train")
    images = len(np.unique(trained.images.astype(str)))
    return {
        "description": recipe.description or f"Own classes, taught in HemaLens: {', '.join(table.classes)}",
        "data": f"{len(trained):,} cells of {images:,} images, named by a person; start {start.name}: {start.data}",
        "licence": start.licence,
    }


def _train_steps(labels: _Labels, results: Path, recipe: FineTuningRecipe) -> Steps[FineTuned]:
    with explain_missing_packages():
        from napari_hemalens.inference import device  # noqa: PLC0415 -- loads torch
        from napari_hemalens.training import fine_tuning  # noqa: PLC0415 -- loads lightning

    table, start = labels.table, labels.start
    cells = int((table.cells.parts == "train").sum())
    training = fine_tuning.recipe_for(start, cells, recipe.epochs, recipe.views)
    device_ = device.choose(recipe.device)
    training = training.model_copy(update={"accelerator": "cpu" if device_.type == "cpu" else "auto"})
    new = weights.NewWeights(results / f"{recipe.name}-{table.digest}", recipe.name, _about(table, start, recipe))
    card = yield from fine_tuning.fine_tune_steps(
        table.cells, task=own_task(table.classes), start=start, recipe=training, new=new
    )
    yield Progress(0, 0, "naming the random cells")
    return _compare(labels, card, recipe)


def _compare(labels: _Labels, card: ClassifierCard, recipe: FineTuningRecipe) -> FineTuned:
    """Measure the linear model and the trained network on the same random cells, whose images are there."""
    from napari_hemalens.inference import device  # noqa: PLC0415 -- loads torch
    from napari_hemalens.inference.classifier import NetworkClassifier  # noqa: PLC0415
    from napari_hemalens.inference.labelled_crops import cut_boxes  # noqa: PLC0415
    from napari_hemalens.inference.naming import look  # noqa: PLC0415

    rows, refit = labels.rows, labels.refit
    before, after = (np.zeros(len(rows), dtype=np.bool_) for _ in range(2))
    model = linear.fit(refit.placed[refit.rows], refit.labels, len(refit.classes))
    if model is not None and len(rows):
        before = model.probabilities(refit.placed[rows]).argmax(axis=1) == labels.truth
    if len(rows):
        classifier = NetworkClassifier.load(card, device.choose(recipe.device))
        found, _ = look(classifier, cut_boxes(labels.tested, card.crop))
        after = np.array(card.classes)[found.argmax(axis=1)] == labels.tested.class_names
    trained = int((labels.table.cells.parts != "val").sum())
    points = [CurvePoint(trained, int(right.sum()), len(rows)) for right in (before, after)]
    gain = Gain(trained, trained, int((after & ~before).sum()), int((before & ~after).sum()), len(rows))
    return FineTuned(card, points[0], points[1], gain if len(rows) else None, labels.table.notes)


def random_cells_of(session: TeachingSession, card: ClassifierCard) -> tuple[NDArray[np.int64], CellTable]:
    """Return the rows of the random cells that have a label and whose images are files, and these cells as a table."""
    pool, cells = session.pool, session.embedded.cells
    rows = pool.labelled[pool.is_test[pool.labelled]]
    paths = [session.project.path_of(image.fingerprint) for image in cells.images]
    rows = np.array([row for row in rows if paths[int(cells.image_index[row])] is not None], dtype=np.int64)
    images = [cells.images[index] for index in cells.image_index[rows].tolist()]
    sizes = [pixel_size_of(image, card.crop) for image in images]
    table = CellTable(
        images=np.array([paths[index] for index in cells.image_index[rows].tolist()], dtype=object),
        boxes=cells.boxes[rows],
        pixel_sizes=np.array(sizes, dtype=np.float32),
        class_names=np.array(session.class_names, dtype=np.str_)[pool.labels[rows]],
        laboratories=np.full(len(rows), ""),
        blocks=np.array([image.fingerprint for image in images], dtype=np.str_),
        parts=np.full(len(rows), "val"),
    )
    return rows, table
