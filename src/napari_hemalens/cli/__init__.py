"""`hemalens`: one thin command a workflow, a module a subject."""

from rich.markup import escape

from napari_hemalens.cli import (
    annotations,
    classification,
    collecting,
    detection,
    experiment,
    explain,
    heatmaps,
    points,
    preparing,
    rendering,
    robustness,
    segmentation,
    suggestions,
    weights,
)
from napari_hemalens.cli.app import app, err_console
from napari_hemalens.errors import HemaLensError

__all__ = [
    "annotations",
    "app",
    "classification",
    "collecting",
    "detection",
    "experiment",
    "explain",
    "heatmaps",
    "main",
    "points",
    "preparing",
    "rendering",
    "robustness",
    "segmentation",
    "suggestions",
    "weights",
]


def main() -> None:
    """Run the command line; an error that a user can mend is one sentence and exit code 2."""
    try:
        app()
    except HemaLensError as error:
        err_console.print(f"[red]hemalens:[/red] {escape(str(error))}")
        raise SystemExit(2) from error
    except KeyboardInterrupt:
        err_console.print("[red]hemalens:[/red] stopped")
        raise SystemExit(130) from None
