"""`hemalens`: one thin command a workflow, a module a subject."""

import io
import sys

from rich.markup import escape

from napari_hemalens.cli import (
    agreement,
    annotations,
    classification,
    collecting,
    detection,
    experiment,
    explain,
    heatmaps,
    points,
    preparing,
    project,
    rendering,
    report,
    robustness,
    segmentation,
    suggestions,
    weights,
)
from napari_hemalens.cli.app import app, err_console
from napari_hemalens.cli.given import check_given
from napari_hemalens.cli.stopping import Stopped, handle_signals, stop_at_once
from napari_hemalens.errors import HemaLensError

__all__ = [
    "agreement",
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
    "project",
    "rendering",
    "report",
    "robustness",
    "segmentation",
    "suggestions",
    "weights",
]


def main() -> None:
    """Run the command line; an error that a user can mend is one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that a terminal cannot show is shown with escapes
            stream.reconfigure(errors="backslashreplace")
    try:
        with handle_signals(stop_at_once):
            check_given(["hemalens", *sys.argv[1:]])
            app()
    except Stopped as stop:
        _say(stop)
        raise SystemExit(stop.exit_code) from None
    except (HemaLensError, OSError) as error:
        _say(error)
        raise SystemExit(2) from error


def _say(error: BaseException) -> None:
    said = str(error)
    if isinstance(error, OSError) and error.strerror:  # in place of "[Errno 13] Permission denied: '…'"
        said = f"{error.strerror}." if error.filename is None else f"{error.filename}: {error.strerror}."
    err_console.print(f"[red]hemalens:[/red] {escape(said)}")
