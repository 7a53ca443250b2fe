"""What an observer said, read from results, reviewed tables and annotations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_hemalens.config.agreement import AgreementRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.readings import ReadCells, Reading
from napari_hemalens.formats import read_annotations
from napari_hemalens.formats.naming import short_names
from napari_hemalens.formats.results import RUN, holds_classified, read_fields, read_run
from napari_hemalens.formats.tables import read_header, read_rows
from napari_hemalens.progress import counted
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.corrections import UNNAMED_KINDS
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.reports.stored_results import StoredAssay, read_stored

NETWORK = "network"
"""The name of a network among observers."""

_LABELLED = ("image", "cell", "class")


@dataclass(frozen=True, slots=True, eq=False)
class SaidCells:
    """What a file or folder says of cells: as an observer left them, and as the network had them.

    Attributes
    ----------
    read : Reading
        The observer's.
    network : Reading or None
        The network's; None where the file does not keep it.
    """

    read: Reading
    network: Reading | None = None


def read_observer(path: str | Path, name: str = "", recipe: AgreementRecipe | None = None) -> SaidCells:
    """Read what one observer said.

    Parameters
    ----------
    path : path
        A folder that Detect or Classify wrote, a table of cells, or annotations that `formats.read_annotations` reads.
    name : str
        Who; by default who corrected the cells, 'network' where nobody did, else the name of the file.
    recipe : AgreementRecipe, optional
        Whether cells that nobody touched count as read.

    Raises
    ------
    AnnotationError
        If nothing can be read there.
    """
    place, untouched = Path(path), (recipe or AgreementRecipe()).untouched
    if place.is_dir() and holds_classified(place):
        return _of_folder(place, name, untouched=untouched)
    if place.is_file() and place.suffix.lower() in (".csv", ".tsv"):
        columns = {*read_header(place)}
        if {*_LABELLED} <= columns and not columns & {"y0", "ymin", "x0", "xmin", "width", "w"}:
            return _of_table(place, name, untouched=untouched)
    is_result = place.is_dir() and (place / RUN).is_file()
    fields = read_fields(place) if is_result else read_annotations(place)
    run = read_run(place / RUN) if is_result else {}
    return said_of_boxes(
        dict(zip(short_names(fields), fields, strict=True)),
        name or _stem(place),
        run,
        untouched=untouched,
        named=bool(name),
    )


def said_of_boxes(
    fields: Mapping[str, Detections],
    title: str,
    run: Mapping[str, Any] | None = None,
    *,
    untouched: bool = False,
    named: bool = True,
) -> SaidCells:
    """Return what an observer and the network said of detected cells.

    Parameters
    ----------
    fields : mapping of str to Detections
        The cells by the name of their image.
    title : str
        The name of the observer.
    run : mapping, optional
        What `run.json` says: which cells a person removed.
    untouched : bool
        Whether cells with a nucleus that nobody touched count as read, where others were.
    named : bool
        Whether the name was given; else it is that of whoever corrected the cells.
    """
    kinds = np.concatenate([np.zeros(0, dtype=np.str_), *(each.correction_kinds for each in fields.values())])
    who = np.concatenate([np.zeros(0, dtype=np.str_), *(each.observers for each in fields.values())])
    corrected = bool((kinds != "").any())
    images = {}
    for name, cells in fields.items():
        read = ~_unnamed(cells) | (not corrected)
        if untouched:
            read |= _nucleated(cells)
        images[name] = ReadCells(np.where(read, cells.class_names, ""), boxes=cells.boxes)
    observer = title if named else _observer(who, title, is_network=not corrected and bool((run or {}).get("weights")))
    small = sum(int((~_nucleated(cells) & _unnamed(cells)).sum()) for cells in fields.values())
    reading = Reading(observer, images, _note(observer, kinds, untouched=untouched, small=small))
    if not corrected:
        return SaidCells(reading)
    removed = {str(each.get("image")): _removed(each) for each in (run or {}).get("images", ())}
    network = {name: _predicted(cells, removed.get(name)) for name, cells in fields.items()}
    return SaidCells(reading, Reading(NETWORK, network))


def said_of_labels(
    results: Mapping[str, Classified], title: str, *, untouched: bool = False, named: bool = True
) -> SaidCells:
    """Return what an observer and the network said of classified cells, by the name of their image."""
    kinds = np.concatenate([np.zeros(0, dtype=np.str_), *(each.correction_kinds for each in results.values())])
    who = np.concatenate([np.zeros(0, dtype=np.str_), *(each.observers for each in results.values())])
    corrected = bool((kinds != "").any())
    images = {
        name: ReadCells(
            np.where((each.correction_kinds != "") | (not corrected) | untouched, each.class_names, ""), ids=each.ids
        )
        for name, each in results.items()
    }
    observer = title if named else _observer(who, title, is_network=not corrected)
    reading = Reading(observer, images, _note(observer, kinds, untouched=untouched))
    if not corrected:
        return SaidCells(reading)
    said = {name: ReadCells(each.predicted_class_names, ids=each.ids) for name, each in results.items()}
    return SaidCells(reading, Reading(NETWORK, said))


def _of_folder(place: Path, name: str, *, untouched: bool) -> SaidCells:
    stored = read_stored(place)
    if not isinstance(stored, StoredAssay):
        raise AnnotationError(f"{place} holds no cells of Classify.")
    return said_of_labels(stored.results, name or _stem(place), untouched=untouched, named=bool(name))


def _of_table(file: Path, name: str, *, untouched: bool) -> SaidCells:
    """Read a table of labelled cells: image, number in the label image, class; with what was corrected, if it says."""
    rows: dict[str, list[Mapping[str, str]]] = {}
    for row in read_rows(file, _LABELLED, "cells by their numbers"):
        rows.setdefault(row["image"], []).append(row)
    kinds = np.array([row.get("corrected", "") for each in rows.values() for row in each], dtype=np.str_)
    who = np.array([row.get("observer", "") for each in rows.values() for row in each], dtype=np.str_)
    corrected = bool((kinds != "").any())
    images = {}
    for image, each in rows.items():
        read = [not corrected or untouched or bool(row.get("corrected")) for row in each]
        said = [row["class"] if there else "" for row, there in zip(each, read, strict=True)]
        images[image] = ReadCells(np.array(said, dtype=np.str_), ids=_ids(file, each))
    observer = name or _observer(who, _stem(file), is_network=False)
    reading = Reading(observer, images, _note(observer, kinds, untouched=untouched))
    if not corrected or not all("predicted_class" in row for each in rows.values() for row in each):
        return SaidCells(reading)
    said_by_network = {
        image: ReadCells(np.array([row["predicted_class"] for row in each], dtype=np.str_), ids=_ids(file, each))
        for image, each in rows.items()
    }
    return SaidCells(reading, Reading(NETWORK, said_by_network))


def _ids(file: Path, rows: list[Mapping[str, str]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    try:
        return np.array([int(row["cell"]) for row in rows], dtype=np.int64)
    except ValueError as error:
        raise AnnotationError(f"{file}: every cell needs a whole number; {error}.") from error


def _predicted(cells: Detections, removed: ReadCells | None) -> ReadCells:
    """Return the cells that the network found, also those that a person removed."""
    found = cells.predicted_class_names != ""
    own = ReadCells(cells.predicted_class_names[found], boxes=cells.boxes[found])
    if removed is None or removed.boxes is None or own.boxes is None:
        return own
    return replace(
        own, classes=np.concatenate([own.classes, removed.classes]), boxes=np.concatenate([own.boxes, removed.boxes])
    )


def _removed(image: Mapping[str, Any]) -> ReadCells | None:
    listed = image.get("corrections", {}).get("removed", ())
    if not listed:
        return None
    boxes = np.array([each["box"] for each in listed], dtype=np.float32).reshape(-1, 4)
    return ReadCells(np.array([each["class"] for each in listed], dtype=np.str_), boxes=boxes)


def _observer(who: np.ndarray[Any, Any], title: str, *, is_network: bool) -> str:
    names = sorted({name for name in who.tolist() if name})
    return " and ".join(names) or (NETWORK if is_network else title)


def _note(observer: str, kinds: np.ndarray[Any, Any], *, untouched: bool, small: int = 0) -> tuple[str, ...]:
    """Say what becomes of cells that nobody named, `small` of which have no nucleus."""
    left = int((np.isin(kinds, UNNAMED_KINDS)).sum())
    if not left or left == len(kinds):
        return ()
    if not untouched:
        cells = counted(left, "cell that nobody named is", "cells that nobody named are")
        return (f"{observer}: {cells} left out; the class would be the network's.",)
    said = []
    if left > small:
        cells = counted(left - small, "cell that nobody named is", "cells that nobody named are")
        said.append(f"{observer}: {cells} taken as read, with the class that the network gave.")
    if small:
        cells = counted(
            small, "red cell or platelet that nobody named is", "red cells or platelets that nobody named are"
        )
        said.append(f"{observer}: {cells} left out, since nobody reads them.")
    return tuple(said)


def _unnamed(cells: Detections) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which cells have no class of a person."""
    found: np.ndarray[Any, np.dtype[np.bool_]] = np.isin(cells.correction_kinds, UNNAMED_KINDS)
    return found


def _nucleated(cells: Detections) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which cells have a nucleus, by their class."""
    known = np.array([cell_class(name).nucleated for name in cells.names], dtype=np.bool_)
    found: np.ndarray[Any, np.dtype[np.bool_]] = known[cells.classes]
    return found


def _stem(path: Path) -> str:
    return path.name if path.is_dir() else path.name.split(".")[0]
