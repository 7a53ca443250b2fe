"""Detect, Classify and Attention over the slides of a project, as a queue that can be stopped and resumed.

>>> from napari_hemalens.progress import finish
>>> from napari_hemalens.workflows.project_queue import queue_run, run_queue_steps, settings_of
>>> run = queue_run("my project", "detect", settings_of("my project", "detect"))  # doctest: +SKIP
>>> for outcome in finish(run_queue_steps("my project")):  # doctest: +SKIP
...     print(outcome.run.name, len(outcome.cells), outcome.failed)
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from napari_hemalens.config.options import ClassificationRecipe, DetectionRecipe, ExplanationRecipe
from napari_hemalens.config.recipe import Recipe
from napari_hemalens.errors import HemaLensError, ProjectError, WeightsError
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import Progress, Steps, stage
from napari_hemalens.projects import document, queue, slides_table
from napari_hemalens.projects.queue import Operation, Queue, QueuedRun
from napari_hemalens.projects.slides_table import ProjectSlide
from napari_hemalens.projects.work import KINDS, read_document
from napari_hemalens.records.tasks import OWN
from napari_hemalens.workflows.classify_files import classify_files_steps
from napari_hemalens.workflows.detect_files import detect_files_steps
from napari_hemalens.workflows.explain_files import explain_files_steps
from napari_hemalens.workflows.results_folder import ResultsFolder
from napari_hemalens.workflows.run_outcomes import RunOutcome, outcomes_of, slides_in_table, slides_left

__all__ = [
    "RECIPES",
    "Operation",
    "QueuedRun",
    "RunOutcome",
    "outcomes_of",
    "queue_run",
    "remove_run",
    "run_queue_steps",
    "settings_of",
    "taught_weights",
]

RECIPES: Mapping[Operation, type[Recipe]] = {
    "detect": DetectionRecipe,
    "classify": ClassificationRecipe,
    "explain": ExplanationRecipe,
}
"""The options of each operation."""


def settings_of(project: str | Path, operation: Operation) -> Recipe:
    """Return the options that a project keeps of the dock for an operation, else the defaults.

    Attention keeps none: its task, weights and channel are those of Classify.

    Raises
    ------
    HemaLensError
        If the folder is no project, or its options are of a version that knew other ranges.
    """
    folder = Path(project)
    document.read(folder)
    kept = read_document(folder, operation if operation in KINDS else "classify")
    recipe = RECIPES[operation]
    said = {} if kept is None else kept.choices.get("options", {})
    # Which frame is on screen says nothing of other slides.
    known = {name: value for name, value in said.items() if name in recipe.model_fields and name != "frame"}
    return recipe.from_options(**known)


def taught_weights(project: str | Path) -> Path:
    """Return the network that learned the project's own classes last (*Train properly* in Teach).

    Raises
    ------
    WeightsError
        If there is none.
    """
    files = sorted(Path(project).glob("results/*/*.safetensors"), key=lambda file: file.stat().st_mtime, reverse=True)
    found = next((file for file in files if _names_own_classes(file)), None)
    if found is None:
        raise WeightsError(f"No network has learned the classes of {project} yet: Train properly in Teach first.")
    return found


def queue_run(
    project: str | Path,
    operation: Operation,
    recipe: Recipe,
    *,
    methods: Sequence[str] = (),
    slides: Sequence[str] | None = None,
) -> QueuedRun:
    """Add a run to the queue of a project; nothing is computed yet.

    The same options over the same slides and more go on in the folder of the earlier run; slides that are no longer in
    `slides.csv` leave its tables.

    Parameters
    ----------
    project : path
        Its folder.
    operation : {'detect', 'classify', 'explain'}
        What is done.
    recipe : Recipe
        Its options.
    methods : sequence of str
        Methods of heatmaps, in place of the recipe's one.
    slides : sequence of str, optional
        Paths as in `slides.csv`; by default all that it holds now.

    Raises
    ------
    HemaLensError
        If the folder is no project, it has no slides, or the queue cannot be written.
    """
    folder = Path(project)
    document.read(folder)
    known = [slide.path for slide in slides_table.read(folder)]
    chosen = tuple(known if slides is None else slides)
    if not chosen:
        raise ProjectError(f"{folder} has no slides to look at: add images to its table of slides first.")
    foreign = [path for path in chosen if path not in known]
    if foreign:
        raise ProjectError(f"{foreign[0]!r} is no slide of {folder}. Add it to the table of slides first.")
    options = recipe.model_dump(mode="json")
    asked = QueuedRun(name="", operation=operation, recipe=options, methods=tuple(methods), slides=chosen)
    return queue.add(folder, asked, known)


def remove_run(project: str | Path, name: str) -> None:
    """Take a run out of the queue; its results stay where they are.

    Raises
    ------
    ProjectError
        If there is no such run.
    """
    queue.change(Path(project), lambda now: now.without(name))


def run_queue_steps(project: str | Path) -> Steps[tuple[RunOutcome, ...]]:
    """Run what waits in the queue of a project, one run after the other; yields after every slide.

    Stopped, what was found stays, and called again it goes on from there. A run that cannot be run is noted with its
    reason, tried again the next time, and does not end the others. Runs that are added meanwhile are run as well, and
    one that is removed ends after the step at hand. Slides that were taken out of the table are not looked at.

    Parameters
    ----------
    project : path
        Its folder.

    Returns
    -------
    tuple of RunOutcome
        Of all that was run.

    Raises
    ------
    ProjectError
        If the folder is no project, or its queue is run elsewhere.
    """
    folder = Path(project)
    document.read(folder)
    run_by_now: list[str] = []
    with queue.hold(folder):
        while waiting := [r for r in queue.read(folder).runs if r.state != "done" and r.name not in run_by_now]:
            run, total = waiting[0], len(run_by_now) + len(waiting)
            steps = stage(_run_steps(folder, run), len(run_by_now) / total, (len(run_by_now) + 1) / total)
            yield from _named(steps, run.name)
            run_by_now.append(run.name)
    return tuple(each for each in outcomes_of(folder) if each.run.name in run_by_now)


def _run_steps(folder: Path, run: QueuedRun) -> Steps[None]:
    """Run one run, and note what became of it; one that is stopped still waits."""
    left = slides_left(run, slides_in_table(folder))
    yield Progress(0, len(left), "begins")
    if not left:
        _note(folder, run, state="done", reason="")
        return
    try:
        run = _over(folder, run, left)
        with closing(_steps_of(folder, run)) as steps:
            for step in steps:
                yield step
                if not any(each.name == run.name for each in queue.read(folder).runs):
                    return  # removed by a person, who does not want to wait for the rest
        _note(folder, run, state="done", reason="")
    except HemaLensError as error:
        _note(folder, run, state="failed", reason=str(error))


def _steps_of(folder: Path, run: QueuedRun) -> Steps[Any]:
    files = [ProjectSlide(path).located(folder) for path in run.slides]
    may_change = (*files, *(ProjectSlide(path).located(folder) for path in run.removed))
    out = ResultsFolder(run.results(folder), may_change=frozenset(map(str, may_change)))
    recipe = RECIPES[run.operation].from_options(**run.recipe)
    if isinstance(recipe, DetectionRecipe):
        return detect_files_steps(files, recipe, out)
    if isinstance(recipe, ClassificationRecipe):
        return classify_files_steps(files, recipe, out)
    if isinstance(recipe, ExplanationRecipe):
        return explain_files_steps(files, recipe, out, methods=run.methods)
    raise ProjectError(f"{run.operation!r} is no operation. Known: {', '.join(RECIPES)}.")


def _over(folder: Path, run: QueuedRun, slides: Sequence[str]) -> QueuedRun:
    """Return a run over slides that are left to it, after that is noted in the queue."""
    changed = run.over(slides)
    if changed != run:
        queue.change(folder, lambda now: now.with_run(changed) if run in now.runs else now)
    return changed


def _named(steps: Steps[None], name: str) -> Steps[None]:
    """Say of which run steps are; its pictures, which come after its tables, do not begin at 0 again."""
    reached = 0.0
    for step in steps:
        reached = max(reached, step.share)
        yield replace(step, message=f"{name}: {step.message}", at=reached)


def _note(folder: Path, run: QueuedRun, **said: str) -> None:
    queue.change(folder, partial(_with_note, run=run, said=said))


def _with_note(now: Queue, run: QueuedRun, said: Mapping[str, str]) -> Queue:
    """Return the queue with what became of a run, unless it was removed or given more slides meanwhile."""
    return now.with_run(run.model_copy(update=dict(said))) if run in now.runs else now


def _names_own_classes(file: Path) -> bool:
    try:
        return classifier_card(file).task == OWN
    except HemaLensError:  # a detector, or a checkpoint without a card
        return False
