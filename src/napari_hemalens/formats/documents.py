"""JSON files of annotations, validated by pydantic models."""

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
        If the file is missing, not JSON, or does not match the model.
    """
    try:
        return model.model_validate_json(_text(path))
    except ValidationError as error:
        raise AnnotationError(f"{path} is not a {what}: {first_fault(error)}.") from error


def first_fault(error: ValidationError) -> str:
    """Return the first error of a document, as text."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    fault = first["msg"][:1].lower() + first["msg"][1:]
    return f"{where}: {fault}" if where else fault


def content(path: Path) -> Any:
    """Return the file as plain values, to detect its format."""
    try:
        return json.loads(_text(path))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise AnnotationError(f"{path} is not JSON: {error}.") from error


def save(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document as UTF-8."""
    with writing(path) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")


def file_of(path: Path, split: str | None, usual: str) -> Path:
    """Return the JSON file that a path stands for.

    In a folder that is `<split>.json`, or without a split the only JSON file, else `usual`.
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
