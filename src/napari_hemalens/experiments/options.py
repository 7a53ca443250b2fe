"""Options that every comparison takes, and the key of one of its trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from napari_hemalens.errors import RecipeError

Preset = Literal["full", "laptop", "ci"]
Table6Protocol = Literal["tad", "tvad"]
Table6Networks = Literal["paper", "efficientnet_lite0"]
FoldScheme = Literal["paper", "leave-one-out"]
TestSplit = Literal["val", "paper"]
PoolName = Literal["imbalanced", "whole", "marrow"]
Start = Literal["scratch", "imagenet"]
StainChoice = Literal["both", "as_is", "reference"]


@dataclass(frozen=True, slots=True)
class ExperimentOptions:
    """Options that every comparison takes.

    Attributes
    ----------
    data : tuple of Path
        Folders of annotated cells or images.
    out : Path
        Folder for the table, pictures and every trial. A trial that is finished there is read, not run again.
    preset : str
        'full': the paper's recipe; 'laptop': a reduced one, for hours of one core; 'ci': a test of the machinery, never
        a result.
    seeds : tuple of int
        Every row is run once per seed.
    rows : tuple of str or None
        Names of the rows to run; None: all.
    changes : tuple of str
        Of the preset's recipe, as `option=value`.
    pixel_size_um : float or None
        Micrometres per pixel of images without a pixel size of their own; only detectors need one.
    """

    data: tuple[Path, ...]
    out: Path
    preset: str = "laptop"
    seeds: tuple[int, ...] = (0,)
    rows: tuple[str, ...] | None = None
    changes: tuple[str, ...] = ()
    pixel_size_um: float | None = None

    @property
    def folder(self) -> Path:
        """The one folder of data, for comparisons that take no more than one.

        Raises
        ------
        RecipeError
            If there are several, or none.
        """
        if len(self.data) != 1:
            raise RecipeError(f"This experiment takes one folder of data; got {len(self.data)}.")
        return self.data[0]

    def record(self, experiment: str, **choices: str) -> dict[str, Any]:
        """Return what the `run.json` of a comparison says: its name, these options, and choices of its own."""
        own: dict[str, Any] = {"rows": list(self.rows)} if self.rows else {}
        own |= {"pixel_size_um": self.pixel_size_um} if self.pixel_size_um else {}
        return {
            "experiment": experiment,
            "data": [str(folder) for folder in self.data],
            "preset": self.preset,
            "set": list(self.changes),
            "seeds": list(self.seeds),
            **own,
            **choices,
        }

    @property
    def trials(self) -> Path:
        """Folder of all trials."""
        return self.out / "trials"


class TrialKey(NamedTuple):
    """Which trial: a row of the table and one of its runs, such as 'seed 0' or 'fold 1'."""

    row: str
    case: str

    def __str__(self) -> str:
        return f"{self.row}, {self.case}"

    def folder(self, trials: Path) -> Path:
        """Return the folder of this trial in the folder of all trials."""
        return trials / str(self)


def check_choice(option: str, name: str, known: Sequence[str]) -> None:
    """Refuse a choice that does not exist.

    Raises
    ------
    RecipeError
        With the known choices.
    """
    if name not in known:
        raise RecipeError(f"No {option} {name!r}. Known: {', '.join(known)}.")
