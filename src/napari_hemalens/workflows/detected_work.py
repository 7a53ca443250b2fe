"""What Detect keeps in a project: the cells of each image as network and person left them, and what undo needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.projects.work import Record, WorkDocument, WorkEntry, WorkFiles, WorkItem, read_parts
from napari_hemalens.records.corrections import no_names
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.differential import Tissue
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.predictions import Predictions
from napari_hemalens.slides.frames import Frame
from napari_hemalens.workflows.kept_images import KeptImage, read_images

KIND = "detect"
PAST_KEPT = 20
"""Steps that undo can go back after the project was opened again."""

_CELLS, _PAST = "cells", "past"


@dataclass(frozen=True, slots=True, eq=False)
class KeptBoxes:
    """The cells of one image, or of one frame of it.

    Attributes
    ----------
    image : KeptImage
        The image.
    title : str
        What it is called in tables.
    reviewed : ReviewedBoxes
        Its cells down to the lowest score, and what a person did to them.
    frame : Frame
        Which frame.
    hidden : bool
        Whether it was counted without being shown, as most images of a folder are.
    score_threshold : float
        The score from which its cells count.
    """

    image: KeptImage
    title: str
    reviewed: ReviewedBoxes
    frame: Frame = ()
    hidden: bool = False
    score_threshold: float = 0.5

    @property
    def cells(self) -> Detections:
        """The cells as they were counted, with corrections."""
        return self.reviewed.current(self.score_threshold)


@dataclass(frozen=True, slots=True, eq=False)
class PastStep:
    """A state that undo returns to: the tissue, whether it shifts the odds, and the cells of each image."""

    tissue: Tissue
    tissue_prior: bool
    cells: tuple[ReviewedBoxes, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DetectedWork:
    """The work of Detect.

    Attributes
    ----------
    images : tuple of KeptBoxes
        In the order of their first run.
    choices : mapping
        Options, score threshold, tissue and the like, as plain values.
    past : tuple of PastStep
        The last one last.
    """

    images: tuple[KeptBoxes, ...] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)
    past: tuple[PastStep, ...] = ()


def write_detected(files: WorkFiles, project: Path, work: DetectedWork) -> bool:
    """Write what has changed, and return whether anything had.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    past = work.past[-PAST_KEPT:]
    items = [_item(project, each, [step.cells[i] for step in past]) for i, each in enumerate(work.images)]
    steps = [{"tissue": step.tissue, "tissue_prior": step.tissue_prior} for step in past]
    return files.write(KIND, items, {**work.choices, _PAST: steps}, DetectionRecipe().model_dump(mode="json"))


def read_detected(
    project: Path, document: WorkDocument | None, files: WorkFiles | None = None
) -> tuple[DetectedWork, tuple[str, ...]]:
    """Return the work of Detect, and a sentence for each image whose record is damaged: it is left out."""
    if document is None:
        return DetectedWork(), ()
    reader = _Reader(project, float(document.choices.get("score_threshold", 0.5)))
    found, notes = read_images(document.images, reader.boxes, "cells")
    past = () if notes else _past(reader, [entry for entry, _ in found], document.choices.get(_PAST, ()))
    if files is not None:
        files.adopt((_record(cells), name) for name, cells in reader.read.items())
    choices = {name: value for name, value in document.choices.items() if name != _PAST}
    return DetectedWork(tuple(kept for _, kept in found), choices, past), notes


def _item(project: Path, each: KeptBoxes, past: Sequence[ReviewedBoxes]) -> WorkItem:
    frame = each.frame if isinstance(each.frame, str) else list(each.frame)
    entry = each.image.entry(project, {"title": each.title, "frame": frame, "hidden": each.hidden})
    earlier = {f"{_PAST}-{step}": _record(cells) for step, cells in enumerate(past)}
    return WorkItem(entry, {**each.image.records, _CELLS: _record(each.reviewed), **earlier})


def _record(reviewed: ReviewedBoxes) -> Record:
    said = reviewed.predictions
    return Record(
        (reviewed,),
        lambda: {
            "cells": reviewed.cells,
            "touched": reviewed.touched,
            "removed": reviewed.removed,
            "predicted_boxes": said.boxes,
            "predicted_classes": said.classes,
            "predicted_scores": said.scores,
            "observers": reviewed.observers,
        },
    )


@dataclass(slots=True)
class _Reader:
    """Reads each record once, so that the same state is the same object."""

    project: Path
    score_threshold: float
    read: dict[str, ReviewedBoxes] = field(default_factory=dict)

    def boxes(self, entry: WorkEntry) -> KeptBoxes | None:
        reviewed = self.cells(entry.records.get(_CELLS, ""))
        if reviewed is None:
            return None
        kept, said = KeptImage.read(self.project, entry), entry.said
        frame = said.get("frame", ())
        frame = tuple(frame) if isinstance(frame, list) else frame
        title, hidden = str(said.get("title", kept.name)), bool(said.get("hidden"))
        return KeptBoxes(kept, title, reviewed, frame, hidden, self.score_threshold)

    def cells(self, name: str) -> ReviewedBoxes | None:
        if name not in self.read:
            found = read_parts(self.project, name) if name else None
            if found is None:
                return None
            predictions = Predictions(*(found[f"predicted_{part}"] for part in ("boxes", "classes", "scores")))
            parts = found["cells"], found["touched"], found["removed"], predictions
            self.read[name] = ReviewedBoxes(*parts, found.get("observers", no_names()))
        return self.read[name]


def _past(reader: _Reader, entries: Sequence[WorkEntry], steps: Sequence[Mapping[str, Any]]) -> tuple[PastStep, ...]:
    """Return the states that undo returns to, those of which all is there."""
    found: list[PastStep] = []
    for number, step in enumerate(steps):
        cells = [reader.cells(entry.records.get(f"{_PAST}-{number}", "")) for entry in entries]
        there = tuple(each for each in cells if each is not None)
        if len(there) < len(cells):
            found.clear()  # what came before cannot be reached past it
            continue
        found.append(PastStep(step["tissue"], bool(step["tissue_prior"]), there))
    return tuple(found)
