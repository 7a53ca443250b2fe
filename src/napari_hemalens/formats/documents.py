"""JSON files of annotations, read against a model of what they must hold."""

import codecs
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError

Document = TypeVar("Document", bound=BaseModel)


def load(path: Path, model: type[Document], what: str) -> Document:
    """Return the file as a `model`; `what` names the format in messages.

    Raises
    ------
    AnnotationError
        If the file is missing, no JSON, or not laid out as the model says.
    """
    try:
        return model.model_validate_json(_text(path))
    except ValidationError as error:
        raise AnnotationError(f"{path} is no {what}: {first_fault(error)}.") from error


def first_fault(error: ValidationError) -> str:
    """Return where a document first differs from its model, and how, in words."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    fault = first["msg"][:1].lower() + first["msg"][1:]
    return f"{where}: {fault}" if where else fault


def content(path: Path) -> Any:
    """Return the file as plain values, to look at what it is."""
    try:
        return json.loads(_text(path))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise AnnotationError(f"{path} is not JSON: {error}.") from error


def save(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document as UTF-8, with the names as they are."""
    with writing(path) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")


def file_of(path: Path, split: str | None, usual: str) -> Path:
    """Return the JSON file meant by a path.

    In a folder that is `<split>.json`; without a split `usual`, or the only JSON file there is.
    """
    if not path.is_dir():
        return path
    if split:
        return path / f"{split}.json"
    only = list(path.glob("*.json"))
    return only[0] if len(only) == 1 else path / usual


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise AnnotationError(f"Cannot read {path}: {error.strerror}.") from error
