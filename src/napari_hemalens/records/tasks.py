"""Classification tasks: the one place where they are declared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE


@dataclass(frozen=True, slots=True)
class Task:
    """A classification task.

    Attributes
    ----------
    name : str
        Name in options and on the command line.
    title : str
        Title on screen.
    short_title : str
        Title for menus.
    classes : tuple of str
        Classes in the order of a network's outputs; empty for detection and own classes, whose weights have theirs.
    weights : str
        Name of the packed weights used by default; empty: none.
    preset : str
        Name of the training recipe in `config.presets`.
    positive : str or None
        The positive class of a task with two classes.
    unit : {'cell', 'field'}
        What is classified: a cell of a label image, or a whole image, which needs no labels.
    members : mapping of str to tuple of str
        The finer classes that each class takes in, by which weights of a finer task answer this one as well.
    broader : mapping of str to tuple of str
        Names in training sets that say less than a class: the classes that such a cell may be of.
    """

    name: str
    title: str
    short_title: str
    classes: tuple[str, ...]
    weights: str
    preset: str
    positive: str | None = None
    unit: Literal["cell", "field"] = "cell"
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    broader: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def admissible(self, name: str) -> tuple[int, ...]:
        """Return the classes that a cell called `name` in a training set may be of, as indices; none if unknown."""
        names = self.broader.get(name, (name,))
        return tuple(self.classes.index(n) for n in names if n in self.classes)

    def answered_by(self, classes: Sequence[str]) -> bool:
        """Return whether weights with these classes answer the task: with its own, or with finer ones."""
        if tuple(classes) == self.classes:
            return True
        return bool(self.members) and {n for names in self.members.values() for n in names} <= set(classes)


_NEUTROPHILS = ("band_neutrophil", "segmented_neutrophil")
_MATURING = ("promyelocyte", "myelocyte", "metamyelocyte", *_NEUTROPHILS, "eosinophil", "basophil", "monocyte")
_BENIGN = (*_MATURING, "erythroblast", "lymphocyte")
# A haematogone ("benign") is no blast, and there is no class for it.
_BROADER = {"neutrophil": _NEUTROPHILS, "benign": _BENIGN, "not_identifiable": (UNCLASSIFIABLE,)}

OWN = "own"
"""Name of the task of weights that were taught classes of a person's own: their model card says which."""

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
            members={"blast": ("blast",), "normal": _BENIGN},
        ),
        Task(
            name="leukocyte",
            title="Leukocyte type",
            short_title="Leukocytes",
            classes=("neutrophil", "eosinophil", "basophil", "lymphocyte", "monocyte"),
            weights="leukocyte-types",
            preset="leukocyte",
            members={"neutrophil": _NEUTROPHILS}
            | {name: (name,) for name in ("eosinophil", "basophil", "lymphocyte", "monocyte")},
        ),
        # What names the cells that a detector finds in a smear of blood or marrow.
        Task(
            name="nucleated",
            title="Nucleated cell",
            short_title="Nucleated cells",
            classes=("blast", *_BENIGN, UNCLASSIFIABLE),
            weights="nucleated-cells",
            preset="nucleated",
            broader=_BROADER,
        ),
        # The same with plasma cells. The images that show those forbid commercial use: no weights are packed.
        Task(
            name="plasma",
            title="Plasma cell and others",
            short_title="Plasma cells",
            classes=("blast", *_BENIGN, "plasma_cell", UNCLASSIFIABLE),
            weights="",
            preset="nucleated",
            broader=_BROADER | {"not_plasma_cell": ("blast", *_BENIGN, UNCLASSIFIABLE)},
        ),
        # Benign haematogones, and three stages of B-cell acute lymphoblastic leukaemia.
        Task(
            name="field",
            title="Leukaemia stage of a field",
            short_title="Field stage",
            classes=("benign", "early", "pre", "pro"),
            weights="field-rcan",
            preset="field",
            unit="field",
        ),
        Task(
            name=OWN,
            title="Own classes",
            short_title="Own classes",
            classes=(),  # those of the weights
            weights="",
            preset="own",
        ),
    )
}
"""All classification tasks by name."""


def own_task(classes: Sequence[str]) -> Task:
    """Return the task of weights that a person taught classes of their own."""
    return replace(TASKS[OWN], classes=tuple(classes))


def task_of(name: str, classes: Sequence[str]) -> Task:
    """Return the task that the model card of a classifier names, with its classes where they are a person's own."""
    return own_task(classes) if name == OWN else task(name)


DETECTION = Task(
    name="detection",
    title="Detected cells",
    short_title="Detection",
    classes=(),
    weights="marrow-attention",
    preset="marrow-attention",
)
"""Detection: not a classification task, but its results can be explained like one."""

EXPLAINABLE: Mapping[str, Task] = {**TASKS, DETECTION.name: DETECTION}
"""All tasks whose results can be explained, by name."""

if TYPE_CHECKING:
    TaskName: TypeAlias = str
    ExplainableName: TypeAlias = str
else:  # pydantic, typer and the forms read their choices here
    TaskName = Literal[tuple(TASKS)]
    ExplainableName = Literal[tuple(EXPLAINABLE)]


def task(name: str) -> Task:
    """Return a classification task by name.

    Raises
    ------
    RecipeError
        If there is no such task.
    """
    if name not in TASKS:
        raise RecipeError(f"No task {name!r}. Known: {', '.join(TASKS)}.")
    return TASKS[name]
