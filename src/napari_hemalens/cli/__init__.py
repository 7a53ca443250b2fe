"""`hemalens`: one thin command a workflow, a module a subject."""

import io
import sys

from napari_hemalens.cli.given import check_given
from napari_hemalens.cli.stopping import Stopped, handle_signals, stop_at_once
from napari_hemalens.errors import HemaLensError

__all__ = ["main"]


def main() -> None:
    """Run the command line; an error that a user can mend is one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that a terminal cannot show is shown with escapes
            stream.reconfigure(errors="backslashreplace")
    try:
        with handle_signals(stop_at_once):
            check_given(["hemalens", *sys.argv[1:]])
            from napari_hemalens.cli.commands import app  # noqa: PLC0415 -- takes a second, which may be stopped, too

            app()
    except Stopped as stop:
        _say(stop)
        raise SystemExit(stop.exit_code) from None
    except (HemaLensError, OSError) as error:
        _say(error)
        raise SystemExit(2) from error


def _say(error: BaseException) -> None:
    from rich.console import Console  # noqa: PLC0415 -- as above
    from rich.markup import escape  # noqa: PLC0415

    said = str(error)
    if isinstance(error, OSError) and error.strerror:  # in place of "[Errno 13] Permission denied: '…'"
        said = f"{error.strerror}." if error.filename is None else f"{error.filename}: {error.strerror}."
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"[red]hemalens:[/red] {escape(said)}")
