"""The comparisons of the papers, each in one run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_hemalens.errors import RecipeError
from napari_hemalens.progress import Steps
from napari_hemalens.recipes import ClassifierTraining
from napari_hemalens.tasks import task
from napari_hemalens.workflows.extras import training_extra

if TYPE_CHECKING:
    from napari_hemalens.training.experiments.report import Comparison

_TABLE6_PROTOCOLS = ("tad", "tvad")


def micronucleus_table6_steps(
    data: str | Path,
    out: str | Path,
    *,
    preset: str = "cpu",
    protocol: str = "tad",
    seeds: Sequence[int] = (0,),
    rows: Sequence[str] | None = None,
) -> Steps["Comparison"]:
    """Train and test the thirteen networks of Table 6 of Wei et al. 2022 under one budget; the table lies in `out`.

    Parameters
    ----------
    data : path
        Folder as `formats.named_cells` describes it, with the parts 'train' and 'val': nuclei with or without
        micronuclei. Images of 'train' are held back to choose the epoch by; the figures are of 'val'.
    out : path
        Folder for the table, pictures and every trial. A trial that is finished there is read, not run again.
    preset : str
        'full': the paper's recipe; 'cpu': a reduced one for two cores and half an hour; 'ci': never a result.
    protocol : str
        'tad': the epoch is chosen on cells as they are; 'tvad': on five copies of each.
    seeds : sequence of int
        A run of every row for each.
    rows : sequence of str, optional
        Some of `training.experiments.table6.ROWS`; by default all.
    """
    with training_extra():
        from napari_hemalens.training.experiments import table6  # noqa: PLC0415 -- loads torch and lightning

    _known(protocol, _TABLE6_PROTOCOLS)
    return (
        yield from table6.steps(
            Path(data),
            Path(out),
            preset=preset,
            protocol=protocol,  # type: ignore[arg-type] # one of them, or refused
            seeds=seeds,
            rows=rows,
        )
    )


def cross_validation_steps(
    data: Sequence[str | Path],
    recipe: ClassifierTraining,
    out: str | Path,
    *,
    task_name: str,
    folds: int = 5,
) -> Steps["Comparison"]:
    """Train and test one recipe on folds of the part 'train', by subject or image; the table lies in `out`.

    Parameters
    ----------
    data : sequence of path
        Folders as `formats.named_cells` describes them.
    recipe : ClassifierTraining
        Every choice of the training.
    out : path
        Folder for the table, pictures and every fold. A fold that is finished there is read, not run again.
    task_name : str
        What is asked of each cell: a key of `tasks.TASKS`.
    folds : int
        How many.
    """
    with training_extra():
        from napari_hemalens.training.experiments import cross_validation  # noqa: PLC0415 -- loads torch and lightning

    folders = [Path(folder) for folder in data]
    return (yield from cross_validation.steps(folders, Path(out), task=task(task_name), recipe=recipe, number=folds))


def _known(protocol: str, known: Sequence[str]) -> None:
    if protocol not in known:
        raise RecipeError(f"No protocol {protocol!r}. Known: {', '.join(known)}.")
