"""Where cells come from, as text inside files that hold tables: one document for all images of a file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from napari_hemalens._version import __version__
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.documents import mapping
from napari_hemalens.formats.draft import Draft, number, size
from napari_hemalens.formats.image_names import folders_near, locate_image
from napari_hemalens.formats.naming import Record, short_names

KEY = "hemalens"
"""Under which the document is kept in a file."""


class SizedRecord(Record, Protocol):
    """The cells of one image whose size is known."""

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width in level-0 pixels."""


def provenance_text(fields: Sequence[SizedRecord]) -> str:
    """Return version, and for each image its name in tables, path, size and `Provenance`, as JSON."""
    images = []
    for name, field in zip(short_names(fields), fields, strict=True):
        height, width = field.image_shape
        origin = asdict(field.provenance)
        images.append({**origin, "image": name, "path": field.provenance.image, "height": height, "width": width})
    return json.dumps({"version": __version__, "images": images}, ensure_ascii=False, default=str)


def image_drafts(file: Path, text: str | bytes) -> dict[str, Draft]:
    """Return a draft without cells for each image of a document, by its name in tables.

    Parameters
    ----------
    file : Path
        The file; images are searched beside it.
    text : str or bytes
        The document.

    Raises
    ------
    AnnotationError
        If it is none.
    """
    return {name: _draft(file, name, about) for name, about in _images(file, text)}


def _images(file: Path, text: str | bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        listed = mapping(json.loads(text)).get("images")
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f"{file} does not say which images its cells are of: {error}.") from error
    for about in map(mapping, listed if isinstance(listed, list) else ()):
        yield str(about.get("image", "")), about


def _draft(file: Path, name: str, about: Mapping[str, Any]) -> Draft:
    scale = number(about.get("pixel_size_um"))
    notes = about.get("notes")
    return Draft(
        file,
        locate_image(name, folders_near(file)),
        size(about.get("height"), about.get("width")),
        scale if scale > 0 else None,
        notes=tuple(map(str, notes)) if isinstance(notes, list) else (),
    )
