"""What was found in one image, kept in a file (`.npz`) so that a run that was stopped goes on from there.

Arrays are kept as they are, all else as JSON; nothing is unpickled.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.formats.decoding import DAMAGE
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.measurements import Measurements
from napari_hemalens.records.naming import Naming

_KINDS = {kind.__name__: kind for kind in (Classified, Corrections, Detections, Measurements, Naming, Provenance)}
_KIND, _ARRAY = "kind", "array"
_TEXT = "record.json"


def write_record(parts: Mapping[str, Any], path: str | Path, *, key: str, compressed: bool = False) -> None:
    """Write what was found in an image.

    Parameters
    ----------
    parts : mapping of str to object
        Records of cells, arrays, texts, numbers, or None.
    path : path
        The file; whole or not there at all.
    key : str
        All that the result depends on, as a hash.
    compressed : bool
        Whether arrays take less room and more time.
    """
    arrays: dict[str, NDArray[Any]] = {}
    tree = {name: _taken_apart(part, arrays) for name, part in parts.items()}
    text = json.dumps({"key": key, "parts": tree}, default=str).encode("ascii")
    arrays[_TEXT] = np.frombuffer(text, np.uint8)
    with writing(path) as temporary, temporary.open("wb") as file:
        (np.savez_compressed if compressed else np.savez)(file, **arrays)  # type: ignore[arg-type]


def read_record(path: str | Path, *, key: str) -> dict[str, Any] | None:
    """Return what was found; None where there is no such file, it is damaged, or of another key."""
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            kept = json.loads(stored[_TEXT].tobytes())
            if kept["key"] != key:
                return None
            return {name: _put_together(part, stored) for name, part in kept["parts"].items()}
    except (*DAMAGE, zipfile.BadZipFile):  # it is found again
        return None


def _taken_apart(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, np.ndarray):
        name = f"{len(arrays)}"
        arrays[name] = value
        return {_ARRAY: name}
    if is_dataclass(value):
        parts = {each.name: _taken_apart(getattr(value, each.name), arrays) for each in fields(value)}
        return {_KIND: type(value).__name__, "parts": parts}
    return dict(value) if isinstance(value, Mapping) else value


def _put_together(kept: Any, stored: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(kept, dict) and set(kept) == {_ARRAY}:
        return stored[kept[_ARRAY]]
    if isinstance(kept, dict) and set(kept) == {_KIND, "parts"}:
        return _KINDS[kept[_KIND]](**{name: _put_together(part, stored) for name, part in kept["parts"].items()})
    return tuple(kept) if isinstance(kept, list) else kept  # records hold tuples
