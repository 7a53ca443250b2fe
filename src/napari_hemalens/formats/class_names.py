"""Files that say what to call the classes of annotations, and the annotations called so.

A file is a table of two columns, the name in the annotations and the class (CSV, without a header or with
`name,class`), or a mapping from the one to the other (JSON, YAML). A class left empty leaves its cells out. Names are
compared as `records.synonyms` does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.documents import read_text, yaml_content
from napari_hemalens.formats.tables import read_lines
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.synonyms import meaning, spelling
from napari_hemalens.records.taxonomy import is_known


def read_class_names(path: str | Path) -> dict[str, str]:
    """Read what to call classes: names as in the annotations, and theirs.

    Raises
    ------
    AnnotationError
        If the file cannot be read, or is neither a table of two columns nor a mapping.
    """
    file = Path(path)
    if file.suffix.lower() in {".json", ".yaml", ".yml"}:
        return _mapping(read_text(file), file)
    rows = [[cell.strip() for cell in row] for row in read_lines(file)]
    wrong = next((row for row in rows if len(row) != 2), None)
    if wrong is not None or not rows:
        line = ", ".join(wrong) if wrong else ""
        raise AnnotationError(f"{file} is no table of a name and its class a line; got {line!r}.")
    return dict(rows[1:] if rows[0][1].casefold() == "class" else rows)


def renamed(fields: Sequence[Detections], classes: Mapping[str, str]) -> tuple[Detections, ...]:
    """Return annotations whose classes are called as `classes` says; '' leaves the cells of a class out."""
    if not classes:
        return tuple(fields)
    given = {spelling(name): wanted for name, wanted in classes.items()}
    return tuple(_renamed(field, given) for field in fields)


def by_meaning(fields: Iterable[Detections]) -> tuple[Detections, ...]:
    """Return annotations whose classes are called as they are here, where it is known what their names mean."""
    return tuple(_renamed(field, {spelling(name): meaning(name) or name for name in field.names}) for field in fields)


def unknown_names(fields: Iterable[Detections]) -> dict[str, int]:
    """Return the number of cells of each class of which it is not known what kind of cell it is."""
    counts: dict[str, int] = {}
    for field in fields:
        for name, count in field.counts().items():
            if not is_known(name):
                counts[name] = counts.get(name, 0) + count
    return counts


def _renamed(field: Detections, given: Mapping[str, str]) -> Detections:
    wanted = [given.get(spelling(name), name) for name in field.names]
    if wanted == list(field.names):
        return field
    names = tuple(dict.fromkeys(name for name in wanted if name))
    lookup = np.array([names.index(name) if name else -1 for name in wanted], dtype=np.int64)
    recognised = [given.get(spelling(name), name) for name in field.recognised]
    found = replace(
        field,
        classes=lookup[field.classes],
        names=names,
        recognised=tuple(dict.fromkeys(name for name in recognised if name)),
        corrections=None if field.corrections is None else field.corrections.map_classes(lookup),
        naming=None,  # probabilities of classes that are no longer called so
    )
    return found.take(found.classes >= 0)


def _mapping(text: str, file: Path) -> dict[str, str]:
    try:
        found = yaml_content(text)  # JSON is YAML
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise AnnotationError(f"{file} is not YAML or JSON: {error}.") from error
    if not isinstance(found, dict) or not all(isinstance(value, (str, type(None))) for value in found.values()):
        raise AnnotationError(f"{file} is no mapping from names to classes.")
    return {str(name): value or "" for name, value in found.items()}
