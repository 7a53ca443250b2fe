"""The comparisons of the papers, each in one run."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import RecipeError
from napari_hemalens.progress import Steps
from napari_hemalens.records.tasks import task
from napari_hemalens.workflows.optional_packages import explain_missing_packages

if TYPE_CHECKING:
    from napari_hemalens.experiments.detection_report import DetectionComparison
    from napari_hemalens.experiments.field_views import FieldViews
    from napari_hemalens.experiments.refinement_report import RefinementComparison
    from napari_hemalens.experiments.report import Comparison

_TABLE6_PROTOCOLS = ("tad", "tvad")
_ALL_SCHEMES = ("paper", "leave-one-out")
_TABLE1_SPLITS = ("val", "paper")


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
        Some of `experiments.table6.ROWS`; by default all.
    """
    with explain_missing_packages():
        from napari_hemalens.experiments import table6  # noqa: PLC0415 -- loads torch and lightning

    _known("protocol", protocol, _TABLE6_PROTOCOLS)
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
    with explain_missing_packages():
        from napari_hemalens.experiments import cross_validation  # noqa: PLC0415 -- loads torch and lightning

    folders = [Path(folder) for folder in data]
    return (yield from cross_validation.steps(folders, Path(out), task=task(task_name), recipe=recipe, number=folds))


def all_folds_steps(
    data: str | Path,
    out: str | Path,
    *,
    preset: str = "cpu",
    scheme: str = "paper",
    seeds: Sequence[int] = (0,),
    rows: Sequence[str] | None = None,
) -> Steps["Comparison"]:
    """Train and test ECA-VGG16 of Ullah et al. 2021 and its relatives on seven folds; the table lies in `out`.

    Parameters
    ----------
    data : path
        Folder as `formats.named_cells` describes it, or C-NMC 2019: blasts and normal cells, of all its parts together.
        Folds are by subject where subjects are known, else by image.
    out : path
        Folder for the table, pictures and every trial. A trial that is finished there is read, not run again.
    preset : str
        'full': the paper's recipe; 'cpu': a reduced one for two cores; 'ci': never a result.
    scheme : str
        'paper': six runs, each trained on one of folds 1-6 alone, all tested on fold 7; 'leave-one-out': seven runs,
        each tested on one fold and trained on all others.
    seeds : sequence of int
        All runs of every row for each.
    rows : sequence of str, optional
        Some of `experiments.all_folds.ROWS`; by default all.
    """
    with explain_missing_packages():
        from napari_hemalens.experiments import all_folds  # noqa: PLC0415 -- loads torch and lightning

    _known("scheme", scheme, _ALL_SCHEMES)
    return (
        yield from all_folds.steps(
            Path(data),
            Path(out),
            preset=preset,
            scheme=scheme,  # type: ignore[arg-type] # one of them, or refused
            seeds=seeds,
            rows=rows,
        )
    )


def fields_steps(
    data: str | Path,
    out: str | Path,
    *,
    preset: str = "cpu",
    seeds: Sequence[int] = (0,),
    rows: Sequence[str] | None = None,
) -> Steps["FieldViews"]:
    """Train and test networks on whole fields, and on the single cells cut from them; the tables lie in `out`.

    Each row is trained four times: on fields and on cells, with the stain as it is and normalised. Fields are also
    named by their cells.

    Parameters
    ----------
    data : path
        Folder that `prepare_cells_steps("field", …)` has written.
    out : path
        Folder for the tables, pictures and every trial. A trial that is finished there is read, not run again.
    preset : str
        'full': as the other papers train; 'cpu': a reduced one for one core and an hour; 'ci': never a result.
    seeds : sequence of int
        A run of every row for each.
    rows : sequence of str, optional
        Some of `experiments.fields.ROWS`; by default all.
    """
    with explain_missing_packages():
        from napari_hemalens.experiments import fields  # noqa: PLC0415 -- loads torch and lightning

    return (yield from fields.steps(Path(data), Path(out), preset=preset, seeds=seeds, rows=rows))


def detection_table1_steps(
    data: Sequence[str | Path],
    out: str | Path,
    *,
    preset: str = "cpu",
    split: str = "val",
    seeds: Sequence[int] = (0,),
    rows: Sequence[str] | None = None,
    pixel_size_um: float | None = None,
) -> Steps["DetectionComparison"]:
    """Train and test the three detectors of Table 1 of Wang et al. 2021 under one budget; the table lies in `out`.

    Parameters
    ----------
    data : sequence of path
        Folders of annotated images with the parts train and val, in any format that `formats.read_annotations` reads.
    out : path
        Folder for the table, pictures and every trial. A trial that is finished there is read, not run again.
    preset : str
        'full': the paper's recipe; 'cpu': a reduced one for one core and an hour or two; 'ci': never a result.
    split : str
        'val': trained on train, tested on val; 'paper': a tenth of all images is drawn to test on.
    seeds : sequence of int
        A run of every row for each.
    rows : sequence of str, optional
        Some of `experiments.detection_table1.ROWS`; by default all.
    pixel_size_um : float, optional
        Of images that have none.
    """
    with explain_missing_packages():
        from napari_hemalens.experiments import detection_table1  # noqa: PLC0415 -- loads torch, lightning

    _known("split", split, _TABLE1_SPLITS)
    return (
        yield from detection_table1.steps(
            [Path(folder) for folder in data],
            Path(out),
            preset=preset,
            split=split,  # type: ignore[arg-type] # one of them, or refused
            seeds=seeds,
            rows=rows,
            pixel_size_um=pixel_size_um,
        )
    )


def box_refinement_steps(
    data: Sequence[str | Path],
    out: str | Path,
    *,
    preset: str = "cpu",
    seeds: Sequence[int] = (0,),
    rows: Sequence[str] | None = None,
    pixel_size_um: float | None = None,
) -> Steps["RefinementComparison"]:
    """Teach agents to move the boxes of one trained detector in several ways, and compare; the table lies in `out`.

    Parameters
    ----------
    data : sequence of path
        Folders of annotated images with the parts train and val, in any format that `formats.read_annotations` reads.
    out : path
        Folder for the table and every trial. A trial that is finished there is read, not run again; the detectors may
        be those of `detection_table1_steps`, copied into `out/trials`.
    preset : str
        'full', 'cpu' or 'ci', as of `detection_table1_steps`.
    seeds : sequence of int
        A detector, and all rows on it, for each.
    rows : sequence of str, optional
        Some of `experiments.refinement_variants.ROWS`; by default all.
    pixel_size_um : float, optional
        Of images that have none.
    """
    with explain_missing_packages():
        from napari_hemalens.experiments import box_refinement  # noqa: PLC0415 -- loads torch and lightning

    folders = [Path(folder) for folder in data]
    return (
        yield from box_refinement.steps(
            folders, Path(out), preset=preset, seeds=seeds, rows=rows, pixel_size_um=pixel_size_um
        )
    )


def _known(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise RecipeError(f"No {what} {name!r}. Known: {', '.join(known)}.")
