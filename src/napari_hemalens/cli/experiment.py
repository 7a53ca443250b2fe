"""`hemalens experiment`: the comparisons of the papers."""

from pathlib import Path
from typing import Annotated

import typer

from napari_hemalens import workflows
from napari_hemalens.cli.app import Figures, app, run, say_figures, train_further_from
from napari_hemalens.cli.classification import Cells, RecipeOption
from napari_hemalens.cli.options import SET, Out
from napari_hemalens.config.presets import CLASSIFICATION, training_recipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.experiments.options import (
    ExperimentOptions,
    FoldScheme,
    PoolName,
    Preset,
    StainChoice,
    Start,
    Table6Networks,
    Table6Protocol,
    TestSplit,
)
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.progress import Steps
from napari_hemalens.records.tasks import TaskName

experiment_app = typer.Typer(help="Run the comparisons of the papers.", no_args_is_help=True)
app.add_typer(experiment_app, name="experiment")


PresetOption = Annotated[
    Preset, typer.Option(help="The paper's recipe; a reduced one for a laptop; or a test of the machinery.")
]
Seeds = Annotated[str, typer.Option(metavar="N,N…", help="Every row is run once per seed.")]
Fields = Annotated[
    list[Path], typer.Option(help="Folder with train and val (COCO, VOC, YOLO, VIA, points); repeatable.")
]
PixelSize = Annotated[
    float | None, typer.Option("--pixel-size", metavar="UM", help="Micrometres per pixel of images without one.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="OPTION=VALUE", help="Change the preset's recipe, which the title then says; repeatable."
    ),
]
Rows = Annotated[str | None, typer.Option(metavar="ROW,ROW…", help="Some of the rows; by default all.")]


@experiment_app.command("micronucleus-table6")
def micronucleus_table6(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder of label images with tables of nuclei, train.csv and val.csv.")],
    out: Out,
    *,
    preset: PresetOption = "laptop",
    protocol: Annotated[
        Table6Protocol, typer.Option(help="Choose the epoch on nuclei as they are, or on five copies of each.")
    ] = "tad",
    split: Annotated[
        TestSplit, typer.Option(help="Test on the part val; or split all images 6:2:2, as the paper does.")
    ] = "val",
    networks: Annotated[
        Table6Networks,
        typer.Option(help="The paper's thirteen, or EfficientNet-Lite0 with and without the paper's attention."),
    ] = "paper",
    seeds: Seeds = "0",
    rows: Rows = None,
    changes: Changes = None,
) -> None:
    """Compare networks as in Table 6 of Wei et al. 2022; finished trials are not run again."""
    with explain_missing_packages():
        from napari_hemalens.experiments import table6  # noqa: PLC0415 -- loads torch and lightning

    options = ExperimentOptions((data,), out, preset, _numbers(seeds), _names(rows), tuple(changes or ()))
    _compare(table6.micronucleus_table6_steps(options, protocol=protocol, split=split, networks=networks), out)


@experiment_app.command("all-folds")
def all_folds(  # noqa: PLR0913 -- an option each
    data: Annotated[
        Path, typer.Option(help="Folder of label images with tables of blasts and normal cells, or C-NMC 2019.")
    ],
    out: Out,
    *,
    preset: PresetOption = "laptop",
    scheme: Annotated[
        FoldScheme,
        typer.Option(help="Train on each of folds 1-6 alone and test on fold 7; or test on each fold in turn."),
    ] = "paper",
    seeds: Seeds = "0",
    rows: Rows = None,
    changes: Changes = None,
) -> None:
    """Compare VGG16 with and without the attention of Ullah et al. 2021, in seven folds by subject."""
    with explain_missing_packages():
        from napari_hemalens.experiments import all_folds as experiment  # noqa: PLC0415 -- loads torch and lightning

    options = ExperimentOptions((data,), out, preset, _numbers(seeds), _names(rows), tuple(changes or ()))
    _compare(experiment.all_folds_steps(options, scheme=scheme), out)


@experiment_app.command("fields")
def fields(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder that `hemalens prepare field` has written.")],
    out: Out,
    *,
    preset: PresetOption = "laptop",
    stain: Annotated[
        StainChoice, typer.Option(help="Train with the stain as it is, with all brought to one reference, or both.")
    ] = "both",
    seeds: Seeds = "0",
    rows: Rows = None,
    changes: Changes = None,
) -> None:
    """Compare networks on whole fields and on their single cells; finished trials are not run again."""
    with explain_missing_packages():
        from napari_hemalens.experiments import fields as experiment  # noqa: PLC0415 -- loads torch and lightning

    options = ExperimentOptions((data,), out, preset, _numbers(seeds), _names(rows), tuple(changes or ()))
    _compare(experiment.fields_steps(options, stain=stain), out)


@experiment_app.command("laboratories")
def laboratories(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder that `hemalens prepare nucleated` has written.")],
    out: Out,
    *,
    preset: PresetOption = "laptop",
    seeds: Seeds = "0",
    rows: Rows = None,
    changes: Changes = None,
) -> None:
    """Name nucleated cells with each laboratory left out of the training; finished rows are not trained again."""
    with explain_missing_packages():
        from napari_hemalens.experiments import laboratories as experiment  # noqa: PLC0415 -- loads torch and lightning

    options = ExperimentOptions((data,), out, preset, _numbers(seeds), _names(rows), tuple(changes or ()))
    _compare(experiment.laboratories_steps(options), out)


@experiment_app.command("active-learning")
def active_learning(  # noqa: PLR0913 -- an option each
    data: Annotated[Path, typer.Option(help="Folder that `hemalens prepare nucleated` has written.")],
    out: Out,
    *,
    preset: PresetOption = "laptop",
    pool: Annotated[PoolName, typer.Option(help="Cells to choose from; `imbalanced` is drawn as unequal as blood.")] = (
        "imbalanced"
    ),
    start: Annotated[
        Start, typer.Option(help="What networks begin with; the weights of ImageNet are downloaded.")
    ] = "scratch",
    seeds: Seeds = "0,1,2",
    rows: Rows = None,
    changes: Changes = None,
) -> None:
    """Compare ways to choose which cells to label (Jiang et al. 2023); finished rounds are not run again."""
    with explain_missing_packages():
        from napari_hemalens.experiments import active_learning as experiment  # noqa: PLC0415 -- loads torch, lightning

    options = ExperimentOptions((data,), out, preset, _numbers(seeds), _names(rows), tuple(changes or ()))
    _compare(experiment.active_learning_steps(options, pool=pool, start=start), out)


@experiment_app.command("teaching")
def teaching(  # noqa: PLR0913 -- an option each
    data: Annotated[
        Path, typer.Option(help="Folder with parts train and val: images of single cells with tables, or boxes.")
    ],
    out: Out,
    *,
    weights: Annotated[str, typer.Option(help="Classifier whose embedding is taught on, by name or file.")],
    preset: PresetOption = "full",
    seeds: Seeds = "0,1,2,3,4",
    rows: Rows = None,
    train: Annotated[
        bool, typer.Option("--train/--no-train", help="Also train the network itself from the first row's labels.")
    ] = True,
    changes: Changes = None,
    pixel_size: PixelSize = None,
) -> None:
    """Simulate an annotator: balanced accuracy after so many labels, by strategy; finished trials are not run again."""
    with explain_missing_packages():
        from napari_hemalens.experiments import teaching as experiment  # noqa: PLC0415 -- loads torch

    options = ExperimentOptions(
        (data,), out, preset, _numbers(seeds), _names(rows), tuple(changes or ()), pixel_size_um=pixel_size
    )
    _compare(experiment.teaching_steps(options, weights=weights, train=train), out)


@experiment_app.command("detection-table1")
def detection_table1(  # noqa: PLR0913 -- an option each
    data: Fields,
    out: Out,
    *,
    preset: PresetOption = "laptop",
    split: Annotated[
        TestSplit, typer.Option(help="Test on the part val; or on a tenth of all images, drawn at random.")
    ] = "val",
    seeds: Seeds = "0",
    rows: Rows = None,
    changes: Changes = None,
    pixel_size: PixelSize = None,
) -> None:
    """Compare the three detectors of Wang et al. 2021, Table 1; finished trials are not run again."""
    with explain_missing_packages():
        from napari_hemalens.experiments import detection_table1 as experiment  # noqa: PLC0415 -- loads torch

    options = ExperimentOptions(
        tuple(data), out, preset, _numbers(seeds), _names(rows), tuple(changes or ()), pixel_size
    )
    _compare(experiment.detection_table1_steps(options, split=split), out)


@experiment_app.command("box-refinement")
def box_refinement(  # noqa: PLR0913 -- an option each
    data: Fields,
    out: Out,
    *,
    preset: PresetOption = "laptop",
    seeds: Seeds = "0",
    rows: Rows = None,
    changes: Changes = None,
    pixel_size: PixelSize = None,
) -> None:
    """Compare ways to train box refinement (Wang et al. 2021); finished trials are not run again."""
    with explain_missing_packages():
        from napari_hemalens.experiments import box_refinement as experiment  # noqa: PLC0415 -- loads torch

    options = ExperimentOptions(
        tuple(data), out, preset, _numbers(seeds), _names(rows), tuple(changes or ()), pixel_size
    )
    _compare(experiment.box_refinement_steps(options), out)


@experiment_app.command("folds")
def cross_validation(  # noqa: PLR0913 -- an option each
    data: Cells,
    out: Out,
    *,
    task: Annotated[TaskName, typer.Option(help="What is asked of each cell.")],
    recipe: RecipeOption = None,
    folds: Annotated[int, typer.Option(min=2, help="How many.")] = 5,
    options: Annotated[list[str] | None, typer.Option("--set", metavar="OPTION=VALUE", help=SET)] = None,
) -> None:
    """Train one recipe on all folds but one and test it on that one, each in turn; finished folds are not run again."""
    with explain_missing_packages():
        from napari_hemalens.experiments import cross_validation as experiment  # noqa: PLC0415 -- loads torch

    named = recipe or workflows.default_training(data, task)
    chosen = training_recipe(named, options or (), presets=CLASSIFICATION)
    where = ExperimentOptions(tuple(data), out)
    _compare(experiment.cross_validation_steps(where, chosen, task_name=task, folds=folds), out)


def _compare(steps: Steps[Figures], out: Path) -> None:
    say_figures(run(steps, "Comparing", go_on=train_further_from(out)), out)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in text.split(","))
    except ValueError as error:
        raise RecipeError(f"Seeds are whole numbers with commas between them, such as 0,1,2; got {text!r}.") from error


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(","))
