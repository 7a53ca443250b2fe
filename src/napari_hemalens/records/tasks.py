"""What cells and fields are classified into: the one place where a task is declared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from napari_hemalens.errors import RecipeError


@dataclass(frozen=True, slots=True)
class Task:
    """One question that a classifier answers.

    Attributes
    ----------
    name : str
        What options and the command line call it.
    title : str
        What a person calls it.
    short_title : str
        The same where there is little room, as in a menu.
    classes : tuple of str
        The answers, in the order of a network's outputs; empty for detection, whose weights have their own.
    weights : str
        Name of the packed weights that answer it by default.
    preset : str
        Name of the recipe in `config.presets` that such weights are trained by.
    positive : str or None
        Of two answers, the one that is looked for.
    unit : {'cell', 'field'}
        What has an answer: a cell of a label image, or a whole image, which needs no labels.
    """

    name: str
    title: str
    short_title: str
    classes: tuple[str, ...]
    weights: str
    preset: str
    positive: str | None = None
    unit: Literal["cell", "field"] = "cell"


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(
            name="micronucleus",
            title="Micronucleus",
            short_title="Micronucleus",
            classes=("micronucleus", "none"),
            weights="micronucleus-attention",
            preset="micronucleus",
            positive="micronucleus",
        ),
        Task(
            name="all",
            title="Acute lymphoblastic leukaemia",
            short_title="ALL",
            classes=("blast", "normal"),
            weights="all-eca",
            preset="all",
            positive="blast",
        ),
        Task(
            name="leukocyte",
            title="Leukocyte type",
            short_title="Leukocytes",
            classes=("neutrophil", "eosinophil", "basophil", "lymphocyte", "monocyte"),
            weights="leukocyte-types",
            preset="leukocyte",
        ),
        # Haematogones, which are benign, and three stages of acute lymphoblastic leukaemia of B cells.
        Task(
            name="field",
            title="Leukaemia stage of a field",
            short_title="Field stage",
            classes=("benign", "early", "pre", "pro"),
            weights="field-rcan",
            preset="field",
            unit="field",
        ),
    )
}
"""Every task of classifiers by name."""

DETECTION = Task(
    name="detection",
    title="Detected cells",
    short_title="Detection",
    classes=(),
    weights="marrow-attention",
    preset="marrow-attention",
)
"""What a detector finds and classifies; not a task of classifiers, but explained like one."""

EXPLAINABLE: Mapping[str, Task] = {**TASKS, DETECTION.name: DETECTION}
"""Every task whose answers can be explained, by name."""

if TYPE_CHECKING:
    TaskName: TypeAlias = str
    ExplainableName: TypeAlias = str
else:  # pydantic, typer and the forms read their choices from here
    TaskName = Literal[tuple(TASKS)]
    ExplainableName = Literal[tuple(EXPLAINABLE)]


def task(name: str) -> Task:
    """Return a task of classifiers by name.

    Raises
    ------
    RecipeError
        If there is no such task.
    """
    if name not in TASKS:
        raise RecipeError(f"No task {name!r}. Known: {', '.join(TASKS)}.")
    return TASKS[name]
