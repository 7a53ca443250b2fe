"""A folder of results read back as what was counted, for reports: also where images are no more there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError, HemaLensError
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.formats.draft import number
from napari_hemalens.formats.naming import short_names
from napari_hemalens.formats.results import RUN, holds_classified, image_near, read_fields, read_run
from napari_hemalens.formats.tables import read_rows
from napari_hemalens.records.classified import UNCORRECTED, Classified
from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.differential import CELLS_ASKED, Differential, differential
from napari_hemalens.records.notes import pooled_notes
from napari_hemalens.records.taxonomy import ICSH, is_known
from napari_hemalens.reports.assay import Summary, summary
from napari_hemalens.reports.design import Sample
from napari_hemalens.reports.detections import UNSURE

_CELLS, _COUNTED, _SUMMARY = "cells.csv", "differential.csv", "summary.csv"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image that was looked at.

    Attributes
    ----------
    name : str
        As in tables.
    said : mapping
        What `run.json` says of it.
    path : Path or None
        Where it is; None: it cannot be found.
    """

    name: str
    said: Mapping[str, Any]
    path: Path | None


@dataclass(frozen=True, slots=True, eq=False)
class StoredSmear:
    """What Detect wrote.

    Attributes
    ----------
    folder : Path
        Where.
    run : mapping
        What `run.json` says.
    images : tuple of StoredImage
        All images that were read.
    fields : mapping of str to Detections
        Cells of the images, by name; an image without cells may have none.
    differential : Differential
        As in the tables.
    """

    folder: Path
    run: Mapping[str, Any]
    images: tuple[StoredImage, ...]
    fields: Mapping[str, Detections]
    differential: Differential


@dataclass(frozen=True, slots=True, eq=False)
class StoredAssay:
    """What Classify wrote.

    Attributes
    ----------
    folder, run, images
        As in `StoredSmear`.
    results : mapping of str to Classified
        Cells of the images, by name; an image without cells has none.
    summary : Summary or None
        What is counted; None where there is no cell.
    comparison : str
        What the run says of two groups compared, or why it could not; empty where it compared none.
    """

    folder: Path
    run: Mapping[str, Any]
    images: tuple[StoredImage, ...]
    results: Mapping[str, Classified]
    summary: Summary | None
    comparison: str


def read_stored(folder: str | Path) -> StoredSmear | StoredAssay:
    """Read a folder of results of either kind.

    Raises
    ------
    AnnotationError
        If it is no folder of results, or a file in it is damaged.
    """
    place = Path(folder)
    with decoding(f"Cannot read the results in {place}", AnnotationError):
        run = read_run(place / RUN)
        images = tuple(
            StoredImage(str(each["image"]), each, image_near(place, str(each.get("path", ""))))
            for each in run["images"]
        )
        return _assay(place, run, images) if holds_classified(place) else _smear(place, run, images)


def _smear(folder: Path, run: Mapping[str, Any], images: tuple[StoredImage, ...]) -> StoredSmear:
    found = read_fields(folder)
    fields = dict(zip(short_names(found), found, strict=True))
    rows = read_rows(folder / _COUNTED, ("class", "count", "by_hand"), "classes counted")
    counts = {row["class"]: int(row["count"] or row["by_hand"] or 0) for row in rows}
    unsure = counts.pop(UNSURE, 0)
    tissue = run.get("recipe", {}).get("tissue")
    counted = differential(
        counts,
        [row["class"] for row in rows if row["count"] and row["class"] != UNSURE],
        tissue=tissue if tissue in CELLS_ASKED else "marrow",
        fields=[image.name for image in images],
    )
    notes = pooled_notes([(image.name, image.said.get("notes", ())) for image in images]) if images else ()
    return StoredSmear(
        folder, run, images, fields, replace(counted, unsure=unsure, unknown=_unknown(fields), notes=notes)
    )


def _unknown(fields: Mapping[str, Detections]) -> dict[str, int]:
    """Return cells by class where it is not known what the name means; they were counted as unclassifiable."""
    unknown: dict[str, int] = {}
    for cells in fields.values():
        for name, count in cells.take(~cells.unsure).counts().items():
            if not (ICSH.class_of(name) or is_known(name)):
                unknown[name] = unknown.get(name, 0) + count
    return unknown


def _assay(folder: Path, run: Mapping[str, Any], images: tuple[StoredImage, ...]) -> StoredAssay:
    rows: dict[str, list[Mapping[str, str]]] = {}
    needed = ("image", "cell", "class", "corrected", "predicted_class", "area", "centroid_y", "centroid_x")
    for row in read_rows(folder / _CELLS, needed, "classified cells"):
        rows.setdefault(row["image"], []).append(row)
    there = [image for image in images if image.name in rows]
    results = {image.name: _classified(image, rows[image.name]) for image in there}
    if not results:
        return StoredAssay(folder, run, images, {}, None, "")
    of_cells, micronuclei = (
        [_whole(rows[image.name], column) for image in there] for column in ("belongs_to", "micronuclei")
    )
    counted = read_rows(folder / _SUMMARY, ("level", "group", "replicate", "concentration", "unit"), "groups counted")
    said = summary(
        list(results.values()),
        cells=of_cells,
        micronuclei=micronuclei if any(each is not None for each in micronuclei) else None,
        design=_design(counted, results),
        of_fields=any(row["unit"] == "field" for row in counted),
    )
    return StoredAssay(folder, run, images, results, said, _comparison(said, run))


def _classified(image: StoredImage, rows: Sequence[Mapping[str, str]]) -> Classified:
    names = tuple(column.removeprefix("p_") for column in rows[0] if column.startswith("p_"))
    index = {name: position for position, name in enumerate(names)}
    found = [index[row["predicted_class"]] for row in rows]
    origin = Provenance(
        image=image.name,
        pixel_size_um=image.said.get("pixel_size_um"),
        pixel_size_source=str(image.said.get("pixel_size_source", "unknown")),
    )
    cells = Classified(
        ids=_numbers(rows, "cell").astype(np.int64),
        probabilities=np.stack([_numbers(rows, f"p_{name}") for name in names], axis=1).astype(np.float32),
        classes=np.array(found, dtype=np.int64),
        names=names,
        centres=np.stack([_numbers(rows, "centroid_y"), _numbers(rows, "centroid_x")], axis=1) - 0.5,
        areas=_numbers(rows, "area").astype(np.int64),
        image_shape=(0, 0),
        provenance=origin,
        corrections=Corrections.none(
            np.array(found, dtype=np.int64), _numbers(rows, "predicted_score").astype(np.float32)
        ),
    )
    given = [index[row["class"]] if row["corrected"] else UNCORRECTED for row in rows]
    who = np.array([row.get("observer", "") if row["corrected"] else "" for row in rows], dtype=np.str_)
    return cells.with_corrections(np.array(given), who)


def _numbers(rows: Sequence[Mapping[str, str]], column: str) -> NDArray[np.float64]:
    return np.array([number(row.get(column)) for row in rows])


def _whole(rows: Sequence[Mapping[str, str]], column: str) -> NDArray[np.int64] | None:
    """Return a column of whole numbers; None where the table has no such column, or nothing in it."""
    if any(not row.get(column) for row in rows):
        return None
    return np.array([int(row[column]) for row in rows], dtype=np.int64)


def _design(rows: Sequence[Mapping[str, str]], results: Mapping[str, Classified]) -> dict[str, Sample] | None:
    """Return the design of the experiment, as the table of the summary has it by image."""
    samples = {row["group"]: Sample(row["replicate"], row["concentration"]) for row in rows if row["level"] == "image"}
    stated = any(sample != Sample() for sample in samples.values()) and samples.keys() >= results.keys()
    return samples if stated else None


def _comparison(said: Summary, run: Mapping[str, Any]) -> str:
    compared = run.get("recipe", {}).get("compare")
    try:
        return said.compare(*map(str, compared)).sentence if compared else ""
    except HemaLensError as error:  # as in the run, where an image was not read
        return str(error)
