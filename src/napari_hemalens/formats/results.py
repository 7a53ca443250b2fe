"""Folders of results that Detect and Classify wrote, read back with what a person corrected in them."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import FORMATS, read_annotations
from napari_hemalens.formats.decoding import decoding, reason
from napari_hemalens.formats.image_names import is_there
from napari_hemalens.formats.label_images import match_by_name
from napari_hemalens.formats.naming import file_stems, short_names, typed
from napari_hemalens.formats.tables import read_header, read_rows
from napari_hemalens.progress import counted
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.notes import listed
from napari_hemalens.records.tasks import OWN

RUN = "run.json"
_CELLS = "cells.csv"
_GIVEN = ("class", "accepted")  # corrections of classified cells


@dataclass(frozen=True, slots=True, eq=False)
class DetectedImage:
    """The cells of an image by box.

    Attributes
    ----------
    image : Path
        The image, which is there: a file, a folder that is one image, or a part of these (`formats.image_parts`).
    cells : Detections
        As a person left them.
    corrected : bool
        Whether the person changed or confirmed anything in it.
    channel : int, str or None
        The channel that was looked at; 'rgb': the colours.
    """

    image: Path
    cells: Detections
    corrected: bool
    channel: int | str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ClassifiedImage:
    """The cells of an image by label.

    Attributes
    ----------
    image, labels : Path
        The image and its label image; both are there.
    ids : (N,) int64
        Numbers of the cells in the label image.
    class_names : (N,) str
        Their classes, as a person left them.
    given : (N,) bool
        Whether the person gave or confirmed the class.
    task : str
        What was asked of them.
    frame : str
        Of an image that has several, as 'T=2,Z=5'.
    channel : int, str or None
        The channel that was looked at.
    """

    image: Path
    labels: Path
    ids: NDArray[np.int64]
    class_names: NDArray[np.str_]
    given: NDArray[np.bool_]
    task: str = OWN
    frame: str = ""
    channel: int | str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What a folder holds.

    Attributes
    ----------
    detected : tuple of DetectedImage
        Of Detect.
    classified : tuple of ClassifiedImage
        Of Classify.
    missing : tuple of str
        A sentence about images that are not there any more, and one about label images.
    """

    detected: tuple[DetectedImage, ...] = ()
    classified: tuple[ClassifiedImage, ...] = ()
    missing: tuple[str, ...] = ()


def read_results(folder: str | Path) -> Results:
    """Read a folder of results of either kind.

    Raises
    ------
    AnnotationError
        If it is no folder of results, or a file in it is damaged.
    """
    place = Path(folder)
    with decoding(f"Cannot read the results in {place}", AnnotationError):
        return _read(place)


def _read(place: Path) -> Results:
    run = read_run(place / RUN)
    paths = {str(each["image"]): image_near(place, str(each.get("path", ""))) for each in run["images"]}
    return _classified(place, run, paths) if holds_classified(place) else _detected(place, run, paths)


def read_run(file: Path) -> dict[str, Any]:
    """Return what `run.json` says.

    Raises
    ------
    AnnotationError
        If it is not there, or does not say which images the results are of.
    """
    try:
        run = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AnnotationError(
            f"{file.parent} holds no results of HemaLens: cannot read {RUN}: {reason(error, str(file))}."
        ) from error
    if not isinstance(run, dict) or not isinstance(run.get("images"), list):
        raise AnnotationError(f"{file} does not say which images the results are of.")
    if not all(isinstance(each, dict) and "image" in each for each in run["images"]):
        raise AnnotationError(
            f"{file.parent} holds no results of `detect` or `classify`: its {RUN} is of another command, such as "
            "`suggest`."
        )
    return run


def holds_classified(folder: Path) -> bool:
    """Whether the cells in a folder of results are those of Classify."""
    file = folder / _CELLS
    return file.is_file() and "centroid_y" in read_header(file)


def check_no_results(folder: Path) -> None:
    """Refuse results of Classify where a set to train or to measure on is asked for: it is made of them first.

    Raises
    ------
    AnnotationError
        If the folder holds them.
    """
    if holds_classified(folder) and (folder / RUN).is_file():
        raise AnnotationError(
            f"{folder} holds results, no set to train or to measure on: `hemalens collect {typed(folder)} --out SET` "
            "makes one of the classes that a person gave or confirmed."
        )


def image_near(folder: Path, path: str) -> Path | None:
    """Return where the image of a result is: where it was, or beside the results.

    A path that a command was given from the folder it ran in is looked for in all folders around the results first,
    the nearest before others, and where this command runs last: there, another experiment may call its images alike.
    """
    place = Path(os.path.abspath(folder))  # noqa: PTH100 -- without '..', whose parents are others; links stay
    real = place.resolve()  # where a link leads, the run was started
    around = [each / path for each in (place, *place.parents, real, *real.parents)]  # itself where it is absolute
    places = (*around, Path(path), place / Path(path).name, place.parent / Path(path).name)
    return next((each for each in places if path and is_there(each)), None)


def read_fields(folder: Path) -> tuple[Detections, ...]:
    """Return the cells of Detect in a folder of results, one record per image.

    Raises
    ------
    AnnotationError
        If there are none, or their file is damaged.
    """
    there = (name for name, each in FORMATS.items() if (folder / each.target).exists())
    form = next((name for name in there if FORMATS[name].holds(folder / FORMATS[name].target, None)), None)
    if form is None:
        raise AnnotationError(f"{folder} holds no cells: neither {_CELLS} nor annotations of another format.")
    return read_annotations(folder / FORMATS[form].target, format=form)


def _detected(folder: Path, run: Mapping[str, Any], paths: Mapping[str, Path | None]) -> Results:
    fields = read_fields(folder)
    said = {str(each["image"]): each for each in run["images"]}
    detected, missing, channel = [], list[str](), run.get("recipe", {}).get("channel")
    for name, cells in zip(short_names(fields), fields, strict=True):
        path, about = paths.get(name), said.get(name, {})
        if path is None:
            missing.append(name)
            continue
        size = cells.provenance.pixel_size_um or about.get("pixel_size_um")
        frame = str(about.get("frame", ""))
        provenance = replace(cells.provenance, image=str(path), pixel_size_um=size, frame=frame)
        corrected = bool(about.get("corrections")) or bool((cells.correction_kinds != "").any())
        detected.append(DetectedImage(path, replace(cells, provenance=provenance), corrected, channel))
    return Results(detected=tuple(detected), missing=_gone(folder, "image", missing))


def _classified(folder: Path, run: Mapping[str, Any], paths: Mapping[str, Path | None]) -> Results:
    rows: dict[str, list[dict[str, str]]] = {}
    for row in read_rows(folder / _CELLS, ("image", "cell", "class", "corrected"), "classified cells"):
        rows.setdefault(row["image"], []).append(row)
    labels = dict(zip(paths, _labels_of(folder, run, paths), strict=True))
    frames = {str(each["image"]): str(each.get("frame", "")) for each in run["images"]}
    recipe = run.get("recipe", {})
    classified, missing, unlabelled = [], list[str](), list[str]()
    for name, cells in rows.items():
        image, outlines = paths.get(name), labels.get(name)
        if image is None or outlines is None:
            (unlabelled if image else missing).append(name)
            continue
        asked = {"task": str(recipe.get("task") or OWN), "channel": recipe.get("channel")}
        classified.append(replace(_image_of(image, outlines, cells, folder), frame=frames[name], **asked))
    gone = (*_gone(folder, "image", missing), *_gone(folder, "label image", unlabelled))
    return Results(classified=tuple(classified), missing=gone)


def _gone(folder: Path, what: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the sentence about images that are not there any more, as of one; none where all are."""
    if not names:
        return ()
    found = f"{counted(len(names), what)} of {folder} cannot be found"
    return (f"{found}, neither where the run had {'it' if len(names) == 1 else 'them'} nor beside: {listed(names)}.",)


def _labels_of(folder: Path, run: Mapping[str, Any], paths: Iterable[str]) -> tuple[Path | None, ...]:
    """Return the label image of each image: those in the folder, else those that the run was given."""
    names = [Path(name) for name in paths]
    own = tuple(folder / f"{stem}.labels.tif" for stem in file_stems([str(name) for name in names]))
    if all(file.is_file() for file in own):  # of frames and parts of one image, the others' begin alike
        return own
    given = (image_near(folder, str(path)) for path in run.get("recipe", {}).get("labels") or ())
    for found in (sorted(folder.rglob("*.labels.tif")), [path for path in given if path is not None]):
        if found:
            try:
                return match_by_name(names, found)
            except AnnotationError:  # some have labels, and some not
                return tuple(_own_labels(name, found) for name in names)
    return (None,) * len(names)


def _own_labels(image: Path, labels: Iterable[Path]) -> Path | None:
    return next((path for path in labels if path.name.split(".labels.")[0] == image.stem), None)


def _image_of(image: Path, labels: Path, rows: list[dict[str, str]], folder: Path) -> ClassifiedImage:
    try:
        ids = np.array([int(row["cell"]) for row in rows], dtype=np.int64)
    except ValueError as error:
        raise AnnotationError(f"{folder / _CELLS}: every cell needs a whole number; {error}.") from error
    names = np.array([row["class"] for row in rows], dtype=np.str_)
    return ClassifiedImage(image, labels, ids, names, np.array([row["corrected"] in _GIVEN for row in rows]))
