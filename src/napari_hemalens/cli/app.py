"""What all commands share: their groups, the bar, the consoles, what is said at the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from napari_hemalens._version import __version__
from napari_hemalens.cli.stopping import StopAsked, Stopped, handle_signals
from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.evaluation.left_out import left_out_in_words
from napari_hemalens.formats.naming import typed
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.weights import ABOUT, NewWeights
from napari_hemalens.progress import RemainingTime, Steps
from napari_hemalens.workflows.annotations import read_class_names

T = TypeVar("T")

app = typer.Typer(
    help="Detect, count and classify blood and bone-marrow cells.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
train_app = typer.Typer(help="Train networks on annotated images.", no_args_is_help=True)
evaluate_app = typer.Typer(help="Measure weights on annotated images.", no_args_is_help=True)
weights_app = typer.Typer(help="The weights that are there.", no_args_is_help=True)
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(weights_app, name="weights")

out_console = Console(soft_wrap=True, highlight=False)
err_console = Console(stderr=True, soft_wrap=True, highlight=False)


def run(steps: Steps[T], title: str, *, go_on: str = "") -> T:
    """Run a workflow behind a bar; closed after the step at hand when a signal asks for it, so that results stand.

    Parameters
    ----------
    steps : Steps
        The workflow.
    title : str
        What stands before the bar.
    go_on : str
        What to do after a stop, for the user.

    Raises
    ------
    Stopped
        If a signal asked to end.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[message]}"),
    )
    remaining = RemainingTime()
    asked = StopAsked(lambda: err_console.print("Stopping after the step at hand; once more stops at once."))
    with Bar(*columns, console=err_console, transient=True) as bar, handle_signals(asked.note):
        task = bar.add_task(title, total=None, message="", left="")
        try:
            while True:
                step = next(steps)
                remaining.note(step.share, reused=step.reused)
                done = step.done if step.at is None else step.at * step.total
                message, left = escape(step.message), remaining.words
                bar.update(task, completed=done, total=step.total or None, message=message, left=left)
                if asked.signum is not None:
                    of = f" of {step.total:,}" if step.total else ""
                    raise Stopped(asked.signum, f"stopped after {step.done:,}{of}. {go_on}".rstrip())
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        finally:
            steps.close()


def cluster_of(scheduler: str | None, workers: int | None) -> ClusterRecipe | None:
    """Return what `--scheduler` and `--workers` say, or None.

    Raises
    ------
    RecipeError
        If there are workers without a scheduler.
    """
    if scheduler is not None:
        return ClusterRecipe.from_options(scheduler=scheduler, workers=workers)
    if workers is not None:
        raise RecipeError(f"--workers {workers} needs --scheduler: local, the address of one, or a YAML file.")
    return None


def parts_of(text: str) -> tuple[str, ...]:
    """Return the names in an option with commas between them, such as `--formats csv,coco`."""
    return tuple(filter(None, map(str.strip, text.split(","))))


def class_names(file: Path | None) -> Mapping[str, str] | None:
    """Return what `--classes` says, or None."""
    return read_class_names(file) if file else None


def go_on_from(out: Path) -> str:
    """Return the sentence that says how a stopped run goes on."""
    return f"What was found is in {out}; the same command goes on from there."


def train_further_from(out: Path) -> str:
    """Return the sentence that says how a stopped training, or comparison of trainings, goes on."""
    return f"What was learned is in {out}; the same command goes on from there."


class _Batch(Protocol):
    """What became of images."""

    @property
    def failed(self) -> Mapping[str, str]: ...

    @property
    def unpictured(self) -> Mapping[str, str]: ...

    @property
    def kept(self) -> int: ...


def say_of_batch(batch: _Batch, failed: str) -> None:
    """Print which images an earlier run had done, and which failed; `failed` are the words before these."""
    if batch.kept:
        out_console.print(f"Images that were done before, and are as they were: {batch.kept:,}")
    for words, reasons in ((failed, batch.failed), ("no picture", batch.unpictured)):
        for reason in reasons.values():
            err_console.print(f"[red]{words}[/red] {escape(reason)}")


def new_weights(out: Path, name: str, about: list[str] | None) -> NewWeights:
    """Return where weights are written, with what `--about` says of them.

    Raises
    ------
    RecipeError
        If it says something else than a card holds.
    """
    said = dict[str, str]()
    for note in about or ():
        key, given, text = note.partition("=")
        if not given or key not in ABOUT:
            raise RecipeError(f"--about is written KEY=TEXT, with the keys {', '.join(ABOUT)}; got {note!r}.")
        said[key] = text
    return NewWeights(out, name, said)


def say_of(card: DetectorCard) -> None:
    """Print how good the weights of a detector are, and how to use them."""
    out_console.print(
        f"{card.name}: AP50 {card.metrics['AP50']:.3f} of all hypotheses, {card.metrics['counted AP50']:.3f} of what "
        f"is counted at scores >= {card.score_threshold}"
    )
    if "left out" in card.metrics:
        out_console.print(escape(left_out_in_words(card.metrics["left out"])))
    out_console.print(f"Use it with: --weights {escape(typed(card.file))}")


class Figures(Protocol):
    """What was measured."""

    def text(self) -> str:
        """Return it for a terminal."""


def say_figures(figures: Figures, out: Path | None) -> None:
    """Print what was measured, and where else it is."""
    out_console.print(escape(figures.text()))
    if out is not None:
        out_console.print(f"Written to {escape(str(out))}")


@app.callback(invoke_without_command=True)
def version(*, show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Answer `--version`."""
    if show:
        out_console.print(__version__)
        raise typer.Exit
