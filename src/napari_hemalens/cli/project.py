"""`hemalens project`: its slides, its queue of runs, its groups compared."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens.cli.app import app, err_console, out_console, run
from napari_hemalens.cli.options import writable
from napari_hemalens.config.recipe import change_recipe
from napari_hemalens.config.report import LanguageCode
from napari_hemalens.errors import RecipeError
from napari_hemalens.formats.naming import typed
from napari_hemalens.progress import counted
from napari_hemalens.workflows import project_comparison, project_queue, teaching
from napari_hemalens.workflows.project_queue import Operation, RunOutcome
from napari_hemalens.workflows.project_slides import add_slides, missing_in_words, read_slides

project_app = typer.Typer(
    help="Slides of a project: patients and groups, a queue of runs, comparison.", no_args_is_help=True
)
app.add_typer(project_app, name="project")

Folder = Annotated[Path, typer.Argument(metavar="PROJECT", help="Folder of the project.")]


@project_app.command("slides")
def slides(
    project: Folder,
    images: Annotated[
        list[str] | None, typer.Argument(metavar="[IMAGE…]", help="Images, patterns or folders to add.")
    ] = None,
    *,
    table: Annotated[
        Path | None,
        typer.Option(help="Table with the column path and any of patient, sample, stain, group; others are kept."),
    ] = None,
) -> None:
    """List the slides of a project, after images are added and what a table says of them; makes a new project."""
    if images or table is not None:
        with teaching.open_project(project):  # no window may be changing it
            add_slides(project, images or (), table)
    found = read_slides(project)
    for slide in found:
        said = ", ".join(filter(None, (slide.patient, slide.sample, slide.stain, slide.group)))
        out_console.print(escape(f"{slide.path}: {said}" if said else slide.path))
    out_console.print(f"{counted(len(found), 'slide')} in {escape(str(project / 'slides.csv'))}")
    if missing := missing_in_words(project, found):
        out_console.print(escape(missing))


@project_app.command("run")
def run_project(  # noqa: PLR0913 -- an option each
    project: Folder,
    operation: Annotated[
        Operation | None, typer.Argument(metavar="[detect|classify|explain]", help="None: resume what waits.")
    ] = None,
    *,
    options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OPTION=VALUE", help="Change the project's settings; repeatable."),
    ] = None,
    methods: Annotated[list[str] | None, typer.Option("--method", help="Of heatmaps; repeatable.")] = None,
    taught: Annotated[
        bool, typer.Option("--taught", help="Classify with the network that learned the project's own classes.")
    ] = False,
    later: Annotated[bool, typer.Option("--later", help="Add to the queue, and run nothing yet.")] = False,
) -> None:
    """Add a run over all slides to the queue of a project, and run what waits in it, one run after the other.

    Options are those that the project keeps of the dock. A queue that was stopped goes on by the command without an
    operation. Results are in `results/detect-1` and so on.
    """
    if operation is not None:
        recipe = project_queue.settings_of(project, operation)
        if taught:
            if operation == "detect":
                raise RecipeError("--taught is of classify and explain; a detector names cells by its weights.")
            options = ["task=own", f"weights={project_queue.taught_weights(project)}", *(options or ())]
        added = project_queue.queue_run(project, operation, change_recipe(recipe, options or ()), methods=methods or ())
        out_console.print(f"{added.name}: {counted(len(added.slides), 'slide')}")
    elif options or methods or taught or later:
        raise RecipeError("--set, --method, --taught and --later are of a new run: say detect, classify or explain.")
    if later:
        return
    steps = project_queue.run_queue_steps(project)
    again = f"The command `hemalens project run {typed(project)}` goes on from there."
    outcomes = run(steps, "Running", go_on=again)
    for outcome in outcomes:
        _say(project, outcome)
    if not outcomes:
        out_console.print("Nothing waits in the queue.")
    raise typer.Exit(1 if any(each.failed or each.run.state == "failed" for each in outcomes) else 0)


@project_app.command("queue")
def list_queue(
    project: Folder,
    *,
    remove: Annotated[
        str | None, typer.Option(metavar="RUN", help="Take a run out of the queue; its results stay.")
    ] = None,
) -> None:
    """List the runs of a project, with what became of each and the slides that failed."""
    if remove is not None:
        project_queue.remove_run(project, remove)
    outcomes = project_queue.outcomes_of(project)
    for outcome in outcomes:
        _say(project, outcome)
    if not outcomes:
        out_console.print("The queue is empty.")


@project_app.command("compare")
def compare(
    project: Folder,
    run_name: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="A run of detect or classify, such as detect-1, or work: the cells of Detect as a person left them. "
            "By default the last run.",
        ),
    ] = None,
    *,
    groups: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="GROUP_A GROUP_B", help="Two groups, the control first; by default the only two."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder; by default in the project's results.", callback=writable)
    ] = None,
    language: Annotated[LanguageCode, typer.Option(help="Language of the page.")] = "en",
) -> None:
    """Count results by slide, patient and group, and compare two groups, by cells and by patients."""
    compared = project_comparison.compare_project(project, run_name, groups, out, language=language)
    out_console.print(escape(project_comparison.comparison_text(compared.found)))
    out_console.print(f"Written to {escape(str(compared.folder))}")
    raise typer.Exit(1 if compared.found.refusal else 0)


def _say(project: Path, outcome: RunOutcome) -> None:
    """Print what became of a run."""
    place = outcome.run.results(project)
    out_console.print(escape(f"{outcome.run.name} ({outcome.run.state}): {outcome.sentence} {place}"))
    for reason in outcome.failed.values():
        err_console.print(f"[red]not done[/red] {escape(reason)}")
