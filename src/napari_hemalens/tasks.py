"""What cells are classified into: the three questions, and the names of their answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from napari_hemalens.errors import RecipeError

TaskName: TypeAlias = Literal["micronucleus", "all", "leukocyte"]


@dataclass(frozen=True, slots=True)
class Task:
    """One question.

    Attributes
    ----------
    name : str
        What the command line calls it.
    title : str
        What a menu calls it.
    classes : tuple of str
        The answers, in the order of a network's outputs.
    weights : str
        Name of the packed weights that answer it.
    positive : str or None
        Of two answers, the one that is looked for.
    """

    name: TaskName
    title: str
    classes: tuple[str, ...]
    weights: str
    positive: str | None = None


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(
            "micronucleus",
            "Micronucleus",
            ("micronucleus", "none"),
            "micronucleus-attention",
            positive="micronucleus",
        ),
        Task("all", "Acute lymphoblastic leukaemia", ("blast", "normal"), "all-eca", positive="blast"),
        Task(
            "leukocyte",
            "Leukocyte type",
            ("neutrophil", "eosinophil", "basophil", "lymphocyte", "monocyte"),
            "leukocyte-types",
        ),
    )
}


def task(name: str) -> Task:
    """Return a task by name.

    Raises
    ------
    RecipeError
        If there is no such task.
    """
    if name not in TASKS:
        raise RecipeError(f"No task {name!r}. Known: {', '.join(TASKS)}.")
    return TASKS[name]
