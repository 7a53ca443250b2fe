"""What Classify keeps in a project: the cells of each image with their probabilities, a person's words, and labels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.projects.work import Record, WorkDocument, WorkEntry, WorkFiles, WorkItem, read_parts
from napari_hemalens.records.classified import Classified
from napari_hemalens.reports.design import Sample
from napari_hemalens.review.classes import ReviewedClasses
from napari_hemalens.workflows.kept_images import KeptImage, read_images

KIND = "classify"

_CELLS, _NUCLEI = "cells", "nuclei"


@dataclass(frozen=True, slots=True, eq=False)
class KeptLabels:
    """A layer of labels that a result was made with.

    Attributes
    ----------
    name : str
        Of the layer.
    layer : mapping
        How it was shown, as plain values; empty where it was no Labels layer: boxes of Detect.
    labels : array or None
        Its numbers; None where they are those of the result, or too many to be kept.
    source : tuple
        What stands for the numbers.
    """

    name: str
    layer: Mapping[str, Any] = field(default_factory=dict)
    labels: NDArray[Any] | None = None
    source: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class NucleusRecords:
    """What is known of nuclei: their cells, and micronuclei.

    Attributes
    ----------
    arrays : mapping of str to array
        By what they are; those that are not known are missing.
    corrected : bool
        Whether a person changed the pairs among them.
    """

    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    corrected: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class KeptClasses:
    """The cells of one layer, asked one question.

    Attributes
    ----------
    image : KeptImage
        The image.
    labels : (H, W) int
        The cells.
    reviewed : ReviewedClasses
        Their classes, and those that a person gave.
    task : str
        The question.
    frame, plane : tuple of int
        Of the image, and of the layer that the cells come from.
    parted : bool
        Whether each separate piece is a cell.
    threshold : float
        Probability from which a cell is called what the task looks for.
    sample : Sample
        Replicate and concentration.
    cells_from : KeptLabels
        The layer that the cells come from.
    cells_by : KeptLabels, 'pairs' or None
        What makes cells of nuclei.
    nuclei : NucleusRecords
        What is known of the nuclei.
    uncounted : str
        Why micronuclei are not counted.
    """

    image: KeptImage
    labels: NDArray[Any]
    reviewed: ReviewedClasses
    task: str
    frame: tuple[int, ...] = ()
    plane: tuple[int, ...] = ()
    parted: bool = False
    threshold: float = 0.5
    sample: Sample = field(default_factory=Sample)
    cells_from: KeptLabels = field(default_factory=lambda: KeptLabels(""))
    cells_by: KeptLabels | str | None = None
    nuclei: NucleusRecords = field(default_factory=NucleusRecords)
    uncounted: str = ""

    @property
    def cells(self) -> Classified:
        """The cells with the last word on each: a person's, else the classifier's."""
        return self.reviewed.current


@dataclass(frozen=True, slots=True, eq=False)
class ClassifiedWork:
    """The work of Classify.

    Attributes
    ----------
    images : tuple of KeptClasses
        In the order of their first run.
    choices : mapping
        Options and the like, as plain values.
    """

    images: tuple[KeptClasses, ...] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)


def write_classified(files: WorkFiles, project: Path, work: ClassifiedWork) -> bool:
    """Write what has changed, and return whether anything had.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    items = [_item(project, each) for each in work.images]
    return files.write(KIND, items, work.choices, ClassificationRecipe().model_dump(mode="json"))


def read_classified(
    project: Path, document: WorkDocument | None, files: WorkFiles | None = None
) -> tuple[ClassifiedWork, tuple[str, ...]]:
    """Return the work of Classify, and a sentence for each image whose record is damaged: it is left out."""
    if document is None:
        return ClassifiedWork(), ()
    found, notes = read_images(document.images, partial(_read, project), "classes")
    if files is not None:
        for entry, kept in found:
            records = _item(project, kept).records
            files.adopt((record, entry.records[what]) for what, record in records.items() if what in entry.records)
    return ClassifiedWork(tuple(kept for _, kept in found), document.choices), notes


def _item(project: Path, each: KeptClasses) -> WorkItem:
    by = each.cells_by
    said = {
        "task": each.task,
        "frame": list(each.frame),
        "plane": list(each.plane),
        "parted": each.parted,
        "threshold": each.threshold,
        "sample": asdict(each.sample),
        "uncounted": each.uncounted,
        "pairs_corrected": each.nuclei.corrected,
        "corrections": _by_text(each.reviewed.corrections),
        "observers": _by_text(each.reviewed.observers),
        "cells_from": _said(each.cells_from),
        "cells_by": _said(by) if isinstance(by, KeptLabels) else by,
    }
    records = {**each.image.records, _CELLS: _cells_record(each)}
    if each.nuclei.arrays:
        arrays = each.nuclei.arrays
        records[_NUCLEI] = Record(tuple(arrays.values()), lambda: arrays, compressed=True)
    for what, layer in (("cells_from", each.cells_from), ("cells_by", by)):
        if isinstance(layer, KeptLabels) and layer.labels is not None:
            records[what] = _labels_record(layer)
    return WorkItem(each.image.entry(project, said), records)


def _cells_record(each: KeptClasses) -> Record:
    cells, labels = each.reviewed.cells, each.labels
    return Record((cells, labels), lambda: {"cells": cells, "labels": labels}, compressed=True)


def _labels_record(layer: KeptLabels) -> Record:
    return Record(layer.source, lambda: {"labels": np.array(layer.labels)}, compressed=True)


def _by_text(names: Mapping[int, str]) -> dict[str, str]:
    return {str(cell): name for cell, name in names.items()}


def _by_number(names: Mapping[str, str]) -> dict[int, str]:
    return {int(cell): name for cell, name in names.items()}


def _said(layer: KeptLabels) -> dict[str, Any]:
    return {"name": layer.name, "layer": dict(layer.layer)}


def _read(project: Path, entry: WorkEntry) -> KeptClasses | None:
    found = {what: read_parts(project, name) for what, name in entry.records.items() if what != "pixels"}
    cells, said = found.get(_CELLS), entry.said
    if cells is None or None in found.values():
        return None
    nuclei = found.get(_NUCLEI) or {}
    by = said.get("cells_by")
    return KeptClasses(
        KeptImage.read(project, entry),
        cells["labels"],
        ReviewedClasses(cells["cells"], _by_number(said["corrections"]), _by_number(said.get("observers", {}))),
        said["task"],
        tuple(said["frame"]),
        tuple(said["plane"]),
        said["parted"],
        said["threshold"],
        Sample(**said["sample"]),
        _layer(said["cells_from"], found.get("cells_from")),
        _layer(by, found.get("cells_by")) if isinstance(by, dict) else by,
        NucleusRecords(nuclei, said["pairs_corrected"]),
        said["uncounted"],
    )


def _layer(said: Mapping[str, Any], found: Mapping[str, Any] | None) -> KeptLabels:
    labels = None if found is None else found["labels"]
    return KeptLabels(said["name"], said["layer"], labels, () if labels is None else (labels,))
