"""Teaching: a person names cells, a machine chooses which, and measures what it has learned.

    >>> from napari_hemalens.workflows import detect, teaching
    >>> from napari_hemalens.progress import finish
    >>> found = detect("smear.tif")  # doctest: +SKIP
    >>> with teaching.open_project("my project", classes=["blast", "hairy cell", "other"]) as project:  # doctest: +SKIP
    ...     cells = teaching.cells_of_boxes("smear.tif", found)
    ...     session = finish(teaching.start_steps(project, cells))
    ...     while session.current is not None and not session.curve.saturated:
    ...         session.label(ask_a_person(session.embedded.thumbnails[session.current]))
    ...         session.refit()
    ...     print(session.pool.counts, session.curve.sentence)

Every label is in the project's folder when `label` returns, and comes back when the project is opened again. torch is
imported when cells are looked at for the first time, not before.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from napari_hemalens.active_learning import stored_pool
from napari_hemalens.active_learning.cell_sources import (
    ReadableCells,
    cells_of_boxes,
    cells_of_crops,
    cells_of_images,
    cells_of_images_steps,
    cells_of_labels,
    cells_of_table,
    join_cells,
)
from napari_hemalens.active_learning.embedded import Embedded
from napari_hemalens.active_learning.known_images import KnownImages
from napari_hemalens.active_learning.learning_curve import CurvePoint, LearningCurve
from napari_hemalens.active_learning.pool_labels import NO_CLASS
from napari_hemalens.active_learning.refitting import Refit, Refitted
from napari_hemalens.active_learning.session import Predictions, TeachingSession
from napari_hemalens.active_learning.stored_pool import has_pool as has_stored_cells
from napari_hemalens.active_learning.stored_pool import stored as stored_cells
from napari_hemalens.config.options import TeachingRecipe
from napari_hemalens.models import weights
from napari_hemalens.progress import Steps
from napari_hemalens.projects.document import FILE
from napari_hemalens.projects.project import Project
from napari_hemalens.records.class_set import ClassSet, OwnClass
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.records.tasks import task as task_called

__all__ = [
    "NO_CLASS",
    "ClassSet",
    "CurvePoint",
    "Embedded",
    "KnownImages",
    "LearningCurve",
    "OwnClass",
    "Predictions",
    "Project",
    "ReadableCells",
    "Refit",
    "Refitted",
    "TeachingRecipe",
    "TeachingSession",
    "cells_of_boxes",
    "cells_of_crops",
    "cells_of_images",
    "cells_of_images_steps",
    "cells_of_labels",
    "cells_of_table",
    "has_stored_cells",
    "join_cells",
    "known_images",
    "open_project",
    "start_steps",
    "stored_cells",
]

WEIGHTS = TASKS["nucleated"].weights
"""What cells are embedded by, unless a recipe or the project says otherwise."""


def open_project(
    folder: str | Path, *, classes: Sequence[str] | ClassSet = (), preset: str | None = None, read_only: bool = False
) -> Project:
    """Open a project, or make it if there is none in the folder.

    Parameters
    ----------
    folder : path
        Its folder.
    classes : sequence of str, or ClassSet
        Classes of a new project.
    preset : str, optional
        A task (`records.tasks`) whose classes a new project begins with, before `classes`.
    read_only : bool
        Look at a project although it is open elsewhere.

    Raises
    ------
    ProjectError
        If the folder cannot be used, the project is of a newer version, or is open elsewhere.
    RecipeError
        If there is no such task, or a name is no class name.
    """
    if read_only or (Path(folder) / FILE).exists():
        return Project.open(folder, read_only=read_only)
    chosen = classes if isinstance(classes, ClassSet) else ClassSet.of_names(classes)
    if preset is not None:
        begun = ClassSet.of_task(task_called(preset))
        for each in chosen:
            begun = begun.add(each.name)
        chosen = begun
    return Project.create(folder, chosen)


def known_images(project: Project) -> KnownImages:
    """Return what a project knows of image files; give it to `cells_of_…` so that a second start reads none of them."""
    return KnownImages(None if project.read_only else project.caches)


def start_steps(
    project: Project, cells: ReadableCells, recipe: TeachingRecipe | None = None, known: KnownImages | None = None
) -> Steps[TeachingSession]:
    """Look at cells, those that are new to the project, and begin to teach; yields after every batch of cells.

    The project remembers them (`stored_cells`).

    Stopped, it keeps what is done; called again, it goes on from there.

    Parameters
    ----------
    project : Project
        Open.
    cells : ReadableCells
        Of `cells_of_boxes` and the like.
    recipe : TeachingRecipe, optional
        Weights, strategy, device, runtime.
    known : KnownImages, optional
        Is saved.

    Raises
    ------
    HemaLensError
        If weights, device or an image are not there.
    """
    from napari_hemalens.active_learning.embeddings import embed_steps  # noqa: PLC0415 -- loads torch

    recipe = recipe or TeachingRecipe()
    name = recipe.weights or (project.weights.name if project.weights else WEIGHTS)
    card = weights.classifier_card(name)
    embedded = yield from embed_steps(cells, card, project.caches, recipe, read_only=project.read_only)
    if known is not None:
        known.save()
    if not project.read_only:
        notes = stored_pool.store(project, cells)
        embedded = replace(embedded, notes=(*embedded.notes, *notes))
        project.remember_weights(name, card.sha256)
    return TeachingSession(project, embedded, strategy=recipe.strategy)
