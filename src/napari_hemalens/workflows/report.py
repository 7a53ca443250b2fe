"""Results written as a report that leaves the window: one HTML file, or a PDF."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from napari_hemalens.atomic import writing
from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.errors import HemaLensError, RecipeError
from napari_hemalens.extras import explain_missing_packages, install_hint
from napari_hemalens.formats.destinations import check_folder
from napari_hemalens.progress import Steps, finish
from napari_hemalens.reports.assay_page import assay_page
from napari_hemalens.reports.gallery import gallery_notes, shelves
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.page import Page, render
from napari_hemalens.reports.reference import read_reference
from napari_hemalens.reports.smear_page import smear_page
from napari_hemalens.reports.stored_results import StoredAssay, StoredSmear, read_stored
from napari_hemalens.workflows.report_gallery import Opened, cut_gallery_steps

_SUFFIXES = (".html", ".htm", ".pdf")


def report(results: str | Path, out: str | Path, recipe: ReportRecipe | None = None, **options: Any) -> Path:
    """Write a report on a folder of results; return its file.

    Parameters
    ----------
    results : path
        What Detect or Classify wrote.
    out : path
        The file: `.html`, which needs nothing beside itself, or `.pdf`, which needs WeasyPrint.
    recipe : ReportRecipe, optional
        How; or give its options as keywords: `report("results", "report.html", language="de")`.
    **options
        Options of `ReportRecipe`, on top of `recipe`.

    Raises
    ------
    HemaLensError
        If the folder holds no results, the file has another suffix or cannot be written, an option or the reference
        ranges cannot be used, or WeasyPrint is asked for and missing.
    """
    chosen = ReportRecipe.from_options(**(recipe or ReportRecipe()).model_dump() | options)
    return finish(report_steps(results, out, chosen))


def missing_for_pdf() -> str:
    """Return a sentence that says what has to be installed before a report can be a PDF; '' where nothing has."""
    return install_hint("A report as PDF", ("weasyprint",), "report")


def report_steps(
    results: str | Path, out: str | Path, recipe: ReportRecipe, *, opened: Opened = MappingProxyType({})
) -> Steps[Path]:
    """Write a report, see `report`; yields after each image of the gallery.

    `opened` opens images that are no files, by image and frame as the provenance of their cells says them.
    """
    target = Path(out)
    if target.suffix.lower() not in _SUFFIXES:
        raise RecipeError(f"A report is a file called {', '.join(_SUFFIXES)}, not {target.name!r}.")
    check_folder(target.parent)
    printer = _printer() if target.suffix.lower() == ".pdf" else None
    language = Language.of(recipe.language)
    stored = read_stored(results)
    page = _page(stored, recipe, language)
    gallery = yield from cut_gallery_steps(stored, recipe.thumbnails, opened)
    page = replace(
        page,
        gallery=shelves(gallery.classes, language),
        gallery_notes=gallery_notes(gallery.classes, gallery.width, gallery.missing, language),
    )
    text = render(page, language)
    with writing(target) as temporary:
        if printer is not None:
            printer(string=text).write_pdf(temporary)
        else:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return target


def _page(stored: StoredSmear | StoredAssay, recipe: ReportRecipe, language: Language) -> Page:
    if isinstance(stored, StoredSmear):
        ranges = {} if recipe.reference is None else read_reference(recipe.reference)
        return smear_page(stored, recipe, language, ranges)
    if recipe.reference is not None:
        raise RecipeError(
            f"Reference ranges are for differentials; {stored.folder} holds cells of Classify, which have none."
        )
    return assay_page(stored, recipe, language)


def _printer() -> Callable[..., Any]:
    """Return what prints HTML as a PDF, or say at once what is missing.

    WeasyPrint keeps to the rules for printed pages. Qt's own QTextDocument knows neither SVG nor flexible boxes, and
    would print a report without bars and its gallery one cell below the other.
    """
    try:
        with explain_missing_packages("A report as PDF needs", "report"):
            from weasyprint import HTML  # noqa: PLC0415 -- an extra
    except OSError as error:  # of the libraries of the system that it draws text with
        raise HemaLensError(
            f"WeasyPrint cannot print here ({error}): install Pango, or print the .html from a browser."
        ) from error
    return cast("Callable[..., Any]", HTML)
