"""What cells and fields are classified into: the four questions, and the names of their answers; and detection."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from napari_hemalens.errors import RecipeError

TaskName: TypeAlias = Literal["micronucleus", "all", "leukocyte", "field"]
ExplainedName: TypeAlias = Literal[TaskName, "detection"]


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
        The answers, in the order of a network's outputs; of detection, the weights have their own.
    weights : str
        Name of the packed weights that answer it.
    positive : str or None
        Of two answers, the one that is looked for.
    unit : str
        What has an answer: a 'cell' of a label image, or a 'field', which is a whole image and needs no labels.
    """

    name: ExplainedName
    title: str
    classes: tuple[str, ...]
    weights: str
    positive: str | None = None
    unit: Literal["cell", "field"] = "cell"


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
        # Haematogones, which are benign, and three stages of acute lymphoblastic leukaemia of B cells.
        Task("field", "Leukaemia stage of a field", ("benign", "early", "pre", "pro"), "field-rcan", unit="field"),
    )
}

DETECTION = Task("detection", "Detected cells", (), "marrow-attention")
"""What a detector finds, and names by classes of its own: no task of classifiers, but explained as theirs are."""

EXPLAINED: Mapping[str, Task] = {**TASKS, DETECTION.name: DETECTION}
"""All whose answers can be explained, by name."""


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
