"""Where a YOLO data set keeps its images, labels and names of classes.

Four layouts are known: `data.yaml` with folders or lists of splits (Ultralytics, Roboflow, CVAT); `classes.txt` beside
`images/` and `labels/` (Label Studio); `classes.txt` beside images and labels in one folder (labelImg); `obj.names`
beside `obj_train_data/` (Darknet, CVAT).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.documents import first_fault, read_text, split_names, yaml_content
from napari_hemalens.formats.images import IMAGE_SUFFIXES
from napari_hemalens.formats.yolo_lists import image_list, listed_folders, listed_images

_LISTS = ("classes.txt", "obj.names", "labels.txt", "classes.names", "predefined_classes.txt", "_darknet.labels")
_SPLITS = ("train", "val", "valid", "validation", "test")
_OTHER_TEXTS = (
    "readme",
    "train",
    "val",
    "valid",
    "test",
    "license",
    "notes",
)  # stems, in whose place an image may be, too


class Note(BaseModel):
    """The name and size of an image, stored by `yolo.write`."""

    file_name: str
    height: int = Field(gt=0)
    width: int = Field(gt=0)


class _Data(BaseModel):
    model_config = ConfigDict(extra="allow")  # the splits are keys too

    names: dict[int, str] = Field(default_factory=dict)
    path: str = ""
    hemalens: dict[str, Note] = Field(default_factory=dict)  # by stem of the label file
    kpt_shape: Any = None

    @field_validator("names", mode="before")
    @classmethod
    def _number_names(cls, names: Any) -> Any:
        listed = dict(enumerate(names)) if isinstance(names, list) else names
        return {key: str(name) for key, name in listed.items()} if isinstance(listed, dict) else listed

    @field_validator("path", mode="before")
    @classmethod
    def _no_path(cls, path: Any) -> Any:
        return path or ""

    @property
    def splits(self) -> Mapping[str, tuple[str, ...]]:
        """The folders or lists of images of each split."""
        extra = {key: [value] if isinstance(value, str) else value for key, value in (self.model_extra or {}).items()}
        return {
            key: tuple(value)
            for key, value in extra.items()
            if isinstance(value, list) and value and all(isinstance(each, str) for each in value) and key not in _WORDS
        }


_WORDS = {"download", "task", "author", "license", "version", "date"}  # of data.yaml, with texts that name no folder


@dataclass(frozen=True, slots=True)
class Layout:
    """A YOLO data set, or a split of it.

    Attributes
    ----------
    source : Path
        The file that says how it is laid out; for messages.
    names : mapping of int to str
        The classes by number.
    pictures, texts : mapping of str to Path
        Images, and files of labels, by their common name: path in their folder, without suffix.
    folders : tuple of Path
        Where the images lie.
    notes : mapping of str to Note
        What `data.yaml` says of images, by their common name.
    keypoints : bool
        Whether the numbers after a box are points, not corners.
    """

    source: Path
    names: Mapping[int, str]
    pictures: Mapping[str, Path]
    texts: Mapping[str, Path]
    folders: tuple[Path, ...]
    notes: Mapping[str, Note] = field(default_factory=dict)
    keypoints: bool = False


def layout_of(path: Path, split: str | None) -> Layout | None:
    """Return how a data set, or a split of it, is laid out; None if there is none.

    Raises
    ------
    AnnotationError
        If its data.yaml cannot be read.
    """
    file = _data_file(path)
    if file is not None:
        return _of_data(file, split)
    root = path.parent if path.is_file() and path.name in _LISTS else path
    names = _names_file(root)
    if not root.is_dir() or (names is None and not _holds_lines(root)):
        return None
    folders = _image_folders(root, split)
    layout = _laid_out(names or root, dict(_listed_names(names)), folders)
    return layout if layout.texts else None


def _names_file(root: Path) -> Path | None:
    return next((root / name for name in _LISTS if (root / name).is_file()), None)


def _data_file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.suffix.lower() in {".yaml", ".yml"} else None
    usual = (path / name for name in ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml"))
    there = [file for file in usual if file.is_file()]
    others = (file for file in sorted([*path.glob("*.yaml"), *path.glob("*.yml")]) if _names_classes(file))
    return there[0] if there else next(others, None)


def _names_classes(file: Path) -> bool:
    return any(line.startswith("names:") for line in read_text(file).splitlines())


def _of_data(file: Path, split: str | None) -> Layout | None:
    data = _data(file)
    if split is not None:
        key = next((name for name in split_names(split) if name in data.splits), None)
        if key is None and not (data.names and any((file.parent / name).is_dir() for name in split_names(split))):
            return None
        folders = _split_folders(file, data, key) if key else _image_folders(file.parent, split)
    else:
        key = None
        named = [folder for key in data.splits for folder in _split_folders(file, data, key)]
        inside = [file.parent / "images"] if (file.parent / "images").is_dir() else []
        # What data.yaml names, and what only lies beside it; a folder within another is read once.
        folders = _outermost([*inside, *named]) or _image_folders(file.parent, None)
    names = dict(data.names) or dict(_listed_names(_names_file(file.parent)))
    layout = _laid_out(file, names, folders, data)
    lists = [image_list(file, data.path, value) for value in data.splits[key]] if key else []
    return _of_lists(layout, [each for each in lists if each]) if lists and all(lists) else layout


def _of_lists(layout: Layout, lists: Iterable[Path]) -> Layout:
    """Return what of a layout is listed: of images in one folder, lists may be all that tells splits apart."""
    stems = {PurePosixPath(name).stem for each in lists for name in listed_images(each)}
    pictures, texts = (
        {key: found for key, found in files.items() if PurePosixPath(key).name in stems}
        for files in (layout.pictures, layout.texts)
    )
    return replace(layout, pictures=pictures, texts=texts)


def _data(file: Path) -> _Data:
    try:
        return _Data.model_validate(yaml_content(read_text(file)))
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        if isinstance(error, ValidationError):
            raise AnnotationError(f"{file} is not a YOLO data set: {first_fault(error)}.") from error
        raise AnnotationError(f"{file} is not YAML: {error}.") from error


def _split_folders(file: Path, data: _Data, key: str) -> list[Path]:
    return [folder for value in data.splits[key] for folder in _split_folders_of(file, data.path, value)]


def _split_folders_of(file: Path, stated: str, value: str) -> list[Path]:
    listed = image_list(file, stated, value)
    return (listed_folders(listed) if listed else []) or [_split_folder(file, stated, value)]


def _split_folder(file: Path, stated: str, value: str) -> Path:
    """Return the folder that a split names.

    `path` is often from another machine, and Roboflow writes '../train/images' for 'train/images'.
    """
    value = value.replace("\\", "/")
    value = str(PurePosixPath(value).parent) if value.endswith(".txt") else value  # a list of images
    near = value.removeprefix("../").removeprefix("./")
    last = PurePosixPath(near).parts[-2:]
    candidates = (file.parent / stated / value, file.parent / value, file.parent / near, file.parent.joinpath(*last))
    return next((c.resolve() for c in candidates if c.is_dir()), file.parent / near)


def _image_folders(root: Path, split: str | None) -> list[Path]:
    """Return folders of images of a data set without data.yaml, or whose data.yaml names none that are there."""
    wanted = split_names(split) if split else _SPLITS
    by_split = [root / "images" / name for name in wanted] + [root / name / "images" for name in wanted]
    plain = [root / name for name in (*wanted, *(f"obj_{name}_data" for name in wanted))]
    by_split += [folder for folder in plain if not (folder / "images").is_dir()]
    there = [folder for folder in by_split if folder.is_dir()]
    if split is None:
        there = [root / "images"] if (root / "images").is_dir() else there or [root]
    return _outermost(there)


def _outermost(folders: Iterable[Path]) -> list[Path]:
    kept = list(dict.fromkeys(folder.resolve() for folder in folders))
    return [folder for folder in kept if not any(folder.is_relative_to(other) for other in kept if other != folder)]


def _laid_out(source: Path, names: Mapping[int, str], folders: Iterable[Path], data: _Data | None = None) -> Layout:
    places = tuple(folders)
    pictures: dict[str, Path] = {}
    texts: dict[str, Path] = {}
    for number, images in enumerate(places):
        labels = _labels_of(images)
        before = f"{number}/" if len(places) > 1 else ""
        found = (file for file in sorted(images.rglob("*")) if file.suffix.lower() in IMAGE_SUFFIXES)
        pictures |= {before + _key(file, images): file for file in found}
        lines = (file for file in sorted(labels.rglob("*.txt")) if _is_of_labels(file))
        texts |= {before + _key(file, labels): file for file in lines}
    notes = data.hemalens if data else {}
    return Layout(source, names, pictures, texts, places, notes, bool(data and data.kpt_shape))


def _labels_of(images: Path) -> Path:
    """Return the folder of labels of a folder of images: `labels` in place of `images`, else the same."""
    parts = list(images.parts)
    if "images" not in parts:
        beside = images / "labels"
        return beside if beside.is_dir() else images
    last = len(parts) - 1 - parts[::-1].index("images")
    parts[last] = "labels"
    labels = Path(*parts)
    return labels if labels.is_dir() or not any(images.glob("*.txt")) else images


def _key(file: Path, folder: Path) -> str:
    return file.relative_to(folder).with_suffix("").as_posix()


def _listed_names(file: Path | None) -> list[tuple[int, str]]:
    if file is None or not file.is_file():
        return []
    lines = [line.strip() for line in read_text(file).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return list(enumerate(lines))


def _is_of_labels(file: Path) -> bool:
    """Whether a text holds labels, by its name; by its first word, where that is also the name of lists and notes."""
    if file.name.lower() in _LISTS:
        return False
    if file.stem.lower().partition(".")[0] not in _OTHER_TEXTS:
        return True
    return (read_text(file).split() or ["0"])[0].isdigit()


def _holds_lines(root: Path) -> bool:
    """Whether a folder without names of classes holds labels beside images, whose first line is a box or a polygon."""
    folder = next((root / name for name in ("labels", "obj_train_data") if (root / name).is_dir()), root)
    texts = (file for file in sorted(folder.glob("*.txt")) if _is_of_labels(file))
    first = next((line.split() for file in texts for line in read_text(file).splitlines() if line.strip()), [])
    return len(first) >= 5 and all(word.replace(".", "").replace("e-", "").isdigit() for word in first)
