"""`hemalens report`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from napari_hemalens import workflows
from napari_hemalens.cli.app import app, out_console, run
from napari_hemalens.config.report import LanguageCode, ReportRecipe, fields_of


@app.command()
def report(  # noqa: PLR0913 -- an option each
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder that detect or classify wrote.")],
    out: Annotated[Path, typer.Option(help="The report: a file .html, or .pdf (needs WeasyPrint).")],
    *,
    title: Annotated[str, typer.Option(help="Title; by default what was counted.")] = "",
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL=TEXT", help="What is said of patient and sample, as 'Patient=…'; repeatable."),
    ] = None,
    observer: Annotated[str, typer.Option(help="Who looked at the cells; by default who corrected them.")] = "",
    reference: Annotated[
        Path | None,
        typer.Option(help="Table of reference ranges: class, low, high in per cent; source. None are built in."),
    ] = None,
    language: Annotated[LanguageCode, typer.Option(help="Language of the report.")] = "en",
    thumbnails: Annotated[int, typer.Option(min=0, max=16, help="Pictures of cells a class; 0: no gallery.")] = 16,
) -> None:
    """Write a report on results: counts with intervals, review, gallery, and how it was made, in one file."""
    recipe = ReportRecipe.from_options(
        title=title,
        fields=fields_of(field or []),
        observer=observer,
        reference=reference,
        language=language,
        thumbnails=thumbnails,
    )
    written = run(workflows.report_steps(results, out, recipe), "Reporting")
    out_console.print(f"Written to {escape(str(written))}")
