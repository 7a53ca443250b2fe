"""Files of annotations as texts: JSON, validated by pydantic models, and YAML."""

import codecs
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.image_names import is_file

_DEEPEST = 50  # lists in lists of a YAML
_VALIDATION = ("val", "valid", "validation")

Document = TypeVar("Document", bound=BaseModel)


def load(path: Path, model: type[Document], what: str) -> Document:
    """Return the file as a `model`; `what` names the format in messages.

    Raises
    ------
    AnnotationError
        If the file is missing, not JSON, or does not match the model.
    """
    try:
        return model.model_validate(content(path))
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
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f"{path} is not JSON: {error}.") from error


def yaml_content(text: str) -> Any:
    """Return a text of YAML, or JSON, as plain values.

    Raises
    ------
    yaml.YAMLError, ValueError
        If it is none, or nested deeper than any list of classes: reading it would take a time that grows as its square.
    """
    return yaml.load(text, Loader=_ShallowLoader)  # noqa: S506 -- a safe loader


class _ShallowLoader(yaml.SafeLoader):  # type: ignore[misc] # yaml has no types
    """Reads plain values alone, and no deep nests of them."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return what stands at a place."""
        if self.depth > _DEEPEST:
            raise yaml.YAMLError(f"it is nested more than {_DEEPEST} deep")
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def save(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document as UTF-8."""
    with writing(path) as temporary:
        temporary.write_text(
            json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8", errors="backslashreplace"
        )


def mapping(found: Any) -> Mapping[str, Any]:
    """Return a value of a document as a mapping, an empty one where it is none."""
    return found if isinstance(found, dict) else {}


def files_of(path: Path, split: str | None, usual: str) -> list[Path]:
    """Return the JSON files that a path stands for, in the layouts of the usual tools.

    In a folder these are the usual one, else all of the first place that has any: the folder itself, its folder
    `annotations`, its folders. With a split: the file or the folder of that name, `valid` for `val` and the reverse.
    """
    if not path.is_dir():
        return [path] if path.suffix.lower() == ".json" and is_file(path) else []
    if split is None and is_file(path / usual):
        return [path / usual]
    for pattern in ("*.json", "annotations/*.json", "*/*.json", "*/annotations/*.json"):
        found = sorted(file for file in path.glob(pattern) if file.is_file())
        kept = [file for file in found if split is None or _is_of(file.relative_to(path), split)]
        if kept:
            return kept
    return []


def _is_of(file: Path, split: str) -> bool:
    parts = {file.stem.casefold(), *(part.casefold() for part in file.parent.parts)}
    parts |= {stem.rpartition("_")[2] for stem in parts} | {stem.partition("_")[0] for stem in parts}
    return bool(parts & set(split_names(split)))


def split_names(split: str) -> tuple[str, ...]:
    """Return the names under which tools store a split."""
    name = split.casefold()
    return _VALIDATION if name in _VALIDATION else (name,)


def decoded(content: bytes) -> str:
    """Return the text of a file: UTF-8, or what its byte order mark says, or else that of Western Windows."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_text(path: Path) -> str:
    """Return the text of a file, see `decoded`.

    Raises
    ------
    AnnotationError
        If it cannot be read.
    """
    return decoded(_text(path))


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise AnnotationError(f"Cannot read {path}: {getattr(error, 'strerror', error)}.") from error
