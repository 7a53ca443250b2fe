"""What a run of a project found in one of its slides, read back to be shown over it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError, ProjectError
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.formats.naming import file_stems, short_names
from napari_hemalens.formats.results import read_fields
from napari_hemalens.formats.tables import read_rows
from napari_hemalens.projects.slides_table import ProjectSlide
from napari_hemalens.records.detections import Detections
from napari_hemalens.workflows.project_queue import RunOutcome, outcomes_of


@dataclass(frozen=True, slots=True, eq=False)
class SlideResults:
    """What a run found in a slide.

    Attributes
    ----------
    run : str
        Its name.
    cells : Detections or None
        Boxes, of Detect.
    labels : (H, W) int array or None
        Outlined cells, of Classify and Attention; None where whole fields were classified.
    classes : mapping of int to str
        Class of each label, of Classify.
    heatmaps : mapping of str to (H, W) float32
        Where the network looked, in 0-1, by method.
    """

    run: str
    cells: Detections | None = None
    labels: NDArray[np.integer[Any]] | None = None
    classes: Mapping[int, str] = field(default_factory=dict)
    heatmaps: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def results_of_slide(project: str | Path, path: str) -> tuple[SlideResults, ...]:
    """Return what each run of a project found in a slide, `path` as in `slides.csv`; runs without it are left out.

    Raises
    ------
    HemaLensError
        If no run has results of the slide, or a file of them is damaged.
    """
    folder = Path(project)
    with_it = [outcome for outcome in outcomes_of(folder) if path in outcome.cells]
    if not with_it:
        failed = next((each.failed[path] for each in outcomes_of(folder) if path in each.failed), "")
        raise ProjectError(failed or f"No run has results of {Path(path).name} yet.")
    with decoding(f"Cannot read the results of {path}", AnnotationError):
        return tuple(_of_run(folder, outcome, path) for outcome in with_it)


def _of_run(folder: Path, outcome: RunOutcome, path: str) -> SlideResults:
    run = outcome.run
    place = run.results(folder)
    stems = file_stems([str(ProjectSlide(each).located(folder)) for each in run.slides])
    stem = dict(zip(run.slides, stems, strict=True))[path]
    if run.operation == "detect":
        fields = read_fields(place)
        named = dict(zip(short_names(fields), fields, strict=True))
        return SlideResults(run.name, cells=named.get(outcome.names[path]))
    outlined = place / f"{stem}.labels.tif"
    labels = read_labels(outlined) if outlined.exists() else None
    if run.operation == "classify":
        rows = read_rows(place / "cells.csv", ("image", "cell", "class"), "classified cells")
        classes = {int(row["cell"]): row["class"] for row in rows if row["image"] == outcome.names[path]}
        return SlideResults(run.name, labels=labels, classes=classes)
    return SlideResults(run.name, labels=labels, heatmaps=_heatmaps(place, stem))


def _heatmaps(place: Path, stem: str) -> dict[str, NDArray[np.float32]]:
    from tifffile import imread  # noqa: PLC0415 -- only heatmaps need it

    file = place / stem
    found = sorted(file.parent.glob("*.tif"))
    mine = {each.name[len(file.name) + 1 : -4]: each for each in found if each.name.startswith(f"{file.name}.")}
    return {method: np.asarray(imread(each), np.float32) for method, each in mine.items() if method != "labels"}
