"""*Train properly*: the network itself learns what a person taught, and is compared with what it was on random cells.

>>> from napari_hemalens.progress import finish
>>> from napari_hemalens.workflows.fine_tuning import adopt, fine_tune_steps
>>> tuned = finish(fine_tune_steps(session))  # doctest: +SKIP
>>> print(tuned.sentence)  # doctest: +SKIP
>>> adopt(session.project, tuned.card)  # doctest: +SKIP
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.active_learning.labelled_table import LabelledTable, labelled_table, pixel_size_of
from napari_hemalens.active_learning.learning_curve import CurvePoint, Gain
from napari_hemalens.active_learning.session import TeachingSession
from napari_hemalens.config.options import FineTuningRecipe
from napari_hemalens.formats.cell_table import CellTable
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.projects.project import Project
from napari_hemalens.records.tasks import own_task
from napari_hemalens.workflows.optional_packages import explain_missing_packages

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


def fine_tune_steps(session: TeachingSession, recipe: FineTuningRecipe | None = None) -> Steps[FineTuned]:
    """Train the embedding network on all labels of a project; yields after every step.

    Stopped or killed, it goes on from its last checkpoint if called again with the same labels. Losses are in
    `losses.csv` of its folder.

    Parameters
    ----------
    session : TeachingSession
        Its project's labels are trained on, whatever image they are of; random cells never are.
    recipe : FineTuningRecipe, optional
        Name, epochs, device.

    Raises
    ------
    TrainingError
        If there are too few labels, or the weights cannot be trained on boxes.
    """
    recipe = recipe or FineTuningRecipe()
    with explain_missing_packages():
        from napari_hemalens.inference import device  # noqa: PLC0415 -- loads torch
        from napari_hemalens.training import fine_tuning  # noqa: PLC0415 -- loads lightning

    project, start = session.project, _start_of(session)
    table = labelled_table(project, start.crop)
    training = fine_tuning.recipe_for(start, int((table.cells.parts == "train").sum()), recipe.epochs)
    device_ = device.choose(recipe.device)
    training = training.model_copy(update={"accelerator": "cpu" if device_.type == "cpu" else "auto"})
    folder = project.results / f"{recipe.name}-{table.digest}"
    new = weights.NewWeights(folder, recipe.name, _about(table, start, recipe))
    card = yield from fine_tuning.fine_tune_steps(
        table.cells, task=own_task(table.classes), start=start, recipe=training, new=new
    )
    yield Progress(0, 0, "naming the random cells")
    return _compare(session, table, card, recipe)


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


def _compare(
    session: TeachingSession, table: LabelledTable, card: ClassifierCard, recipe: FineTuningRecipe
) -> FineTuned:
    """Measure the linear model and the trained network on the same random cells, whose images are there."""
    from napari_hemalens.inference import device  # noqa: PLC0415 -- loads torch
    from napari_hemalens.inference.classifier import NetworkClassifier  # noqa: PLC0415
    from napari_hemalens.inference.labelled_crops import cut_boxes  # noqa: PLC0415
    from napari_hemalens.inference.naming import look  # noqa: PLC0415

    rows, tested = random_cells_of(session, card)
    before, after = (np.zeros(len(rows), dtype=np.bool_) for _ in range(2))
    session.refit()
    if session.probabilities is not None and len(rows):
        before = session.probabilities[rows].argmax(axis=1) == session.pool.labels[rows]
    if len(rows):
        classifier = NetworkClassifier.load(card, device.choose(recipe.device))
        found, _ = look(classifier, cut_boxes(tested, card.crop))
        after = np.array(card.classes)[found.argmax(axis=1)] == tested.class_names
    labels = int((table.cells.parts != "val").sum())
    points = [CurvePoint(labels, int(right.sum()), len(rows)) for right in (before, after)]
    gain = Gain(labels, labels, int((after & ~before).sum()), int((before & ~after).sum()), len(rows))
    return FineTuned(card, points[0], points[1], gain if len(rows) else None, table.notes)


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
