"""Results as CSV tables for statistics programs, and as text for terminals.

CSV files are UTF-8 with `.` as the decimal point; images have the same names as in the rest of an export.
"""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from napari_hemalens._version import __version__
from napari_hemalens.atomic import writing
from napari_hemalens.formats.naming import Record, short_names
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.differential import ClassCount, Differential, Tissue, UnsureCells
from napari_hemalens.records.taxonomy import ICSH, Taxonomy

FAILED = "failed.csv"
"""Beside `run.json`: the images that failed, for people."""

RESEARCH_USE = "For research use; not a diagnostic device."

UNSURE = "unsure"
"""Name of the row of cells that are counted apart."""

_COUNT_COLUMNS = ("count", "percent", "low", "high", "by_hand")
_PACKAGES = ("torch", "torchvision", "numpy")


def write_counts(
    fields: Sequence[Detections],
    path: str | Path,
    *,
    tissue: Tissue = "marrow",
    taxonomy: Taxonomy = ICSH,
    unsure: UnsureCells = "apart",
) -> None:
    """Write `counts.csv`: a block of rows per image, one for each class recognised or counted in it.

    Nucleated classes have their percentage of the nucleated cells with its 95 % interval; red cells and platelets have
    none. Of a class that is not recognised, `by_hand` says how many cells a person gave it. The note is what speaks
    against trusting the counts of an image.
    """
    rows = []
    for image, detections in zip(short_names(fields), fields, strict=True):
        count = detections.differential(taxonomy, tissue, unsure)
        known = (row for row in (*count.rows, *count.beside) if row.count is not None or row.given)
        doubts = " ".join(count.notes)
        rows += [(image, row.name, *_numbers(row), row.note or doubts) for row in known]
        if count.unsure:
            rows.append((image, UNSURE, count.unsure, None, None, None, None, doubts))
    write_csv(path, ("image", "class", *_COUNT_COLUMNS, "note"), rows)


def write_differential(differential: Differential, path: str | Path) -> None:
    """Write `differential.csv`: every class; one not recognised has no count, but cells that were given it `by_hand`.

    The note of a class says so; that of a count is what speaks against trusting it.
    """
    rows = (*differential.rows, *differential.beside)
    doubts = " ".join(differential.notes)
    lines = [(row.name, *_numbers(row), row.note or doubts) for row in rows]
    if differential.unsure:
        lines.append((UNSURE, differential.unsure, None, None, None, None, "counted apart"))
    write_csv(path, ("class", *_COUNT_COLUMNS, "note"), lines)


def differential_text(differential: Differential) -> str:
    """Return the differential as a table for a terminal, with its warnings."""
    width = max(len(row.name) for row in (*differential.rows, *differential.beside))
    ratio = differential.myeloid_erythroid
    shown = "no erythroblasts counted" if ratio is None else f"{ratio:.2f}"
    return "\n".join(
        [
            f"{'class':<{width}}  {'count':>7}  {'%':>5}  95 % interval",
            *(_line(row, width) for row in differential.rows),
            "beside the differential",
            *(_line(row, width) for row in differential.beside),
            "",
            f"Nucleated cells: {differential.nucleated}; images: {len(differential.fields)}",
            f"Myeloid:erythroid ratio: {shown}",
            *(f"Doubtful: {note}" for note in differential.notes),
            *differential.warnings,
            RESEARCH_USE,
        ]
    )


def write_run(
    fields: Sequence[Record],
    recipe: Mapping[str, Any],
    path: str | Path,
    *,
    failed: Mapping[str, str] | None = None,
    left: Sequence[str] = (),
) -> None:
    """Write `run.json`: what is needed to reproduce the result, what speaks against it, and the corrections.

    Parameters
    ----------
    fields : sequence of Detections, or another record of cells
        The result.
    recipe : mapping
        The options of the run.
    path : path
        The file.
    failed : mapping of str to str, optional
        Images that could not be read, with the reason.
    left : sequence of str
        Images that were not looked at, since the run was stopped; with any, the run is not complete.
    """
    origins = [field.provenance for field in fields]
    run = {
        "hemalens": __version__,
        "versions": _versions(origins),
        "weights": {name: sha for of in origins for name, sha in ((of.weights, of.sha256), *of.naming.items()) if name},
        "licences": {name: terms for origin in origins for name, terms in origin.licences.items()},
        "recipe": dict(recipe),
        "images": [
            {
                "image": name,
                "path": origin.image,
                **({"frame": origin.frame} if origin.frame else {}),
                "pixel_size_um": origin.pixel_size_um,
                "pixel_size_source": origin.pixel_size_source,
                "cells": len(field),
                **({"notes": list(origin.notes)} if origin.notes else {}),
                **_unsure(field),
                **_corrections(field),
            }
            for name, origin, field in zip(short_names(fields), origins, fields, strict=True)
        ],
        "failed": [{"image": image, "reason": reason} for image, reason in (failed or {}).items()],
        "complete": not left,
        "not_looked_at": list(left),
    }
    with writing(path) as temporary:
        text = json.dumps(run, indent=2, ensure_ascii=False, default=str)
        # A name that is no text, as Linux allows, is written with escapes, which JSON knows.
        temporary.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def write_failed(failed: Mapping[str, str], path: str | Path) -> None:
    """Write `failed.csv`: each image that could not be looked at, and why."""
    write_csv(path, ("image", "reason"), failed.items())


def _unsure(field: Record) -> dict[str, int]:
    if not isinstance(field, Detections) or field.naming is None:
        return {}
    return {"unsure": int(field.unsure.sum())}


def _corrections(field: Record) -> dict[str, Any]:
    if not isinstance(field, (Detections, Classified)) or field.corrections is None:
        return {}
    counts = field.corrections.counts()
    if not counts:
        return {}
    removed = field.corrections.removed_cells(field.names)
    names = field.corrections.observer_counts()
    return {"corrections": {"counts": counts, **({"observers": names} if names else {}), "removed": removed}}


def _numbers(row: ClassCount) -> tuple[float | None, ...]:
    shares = (row.percent, row.low, row.high)
    return (row.count, *(None if share is None else round(share, 2) for share in shares), row.given or None)


def _line(row: ClassCount, width: int) -> str:
    if row.count is None:
        return f"{row.name:<{width}}  {'-':>7}  {'-':>5}  {row.note}"
    if row.percent is None:
        return f"{row.name:<{width}}  {row.count:>7}"
    return f"{row.name:<{width}}  {row.count:>7}  {row.percent:>5.1f}  {row.low:.1f}-{row.high:.1f}"


def _versions(origins: Sequence[Provenance]) -> dict[str, str]:
    """Return the packages that this process has, and those that the cells depend on, of whatever machine found them."""
    # From the metadata, to avoid loading torch.
    here = {"python": platform.python_version(), **{name: metadata.version(name) for name in _PACKAGES}}
    used: dict[str, set[str]] = {}
    for package, version in (pair for origin in origins for pair in origin.versions.items()):
        used.setdefault(package, set()).add(version)
    used.pop("napari-hemalens", None)  # which the run names by itself
    return here | {package: ", ".join(sorted(versions)) for package, versions in used.items()}
