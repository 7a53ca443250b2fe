"""Lists of the images of a YOLO split: a text with a path in each line, as `train: train.txt` in data.yaml names it."""

from pathlib import Path, PurePosixPath

from napari_hemalens.formats.documents import read_text
from napari_hemalens.formats.image_names import is_file


def image_list(file: Path, stated: str, value: str) -> Path | None:
    """Return the list that a split of a data.yaml names; None if it names a folder, or a list that is not there.

    `stated` is the path of the data set as the file says it, which is often that of another machine.
    """
    name = value.replace("\\", "/")
    if not name.endswith(".txt"):
        return None
    near = (file.parent / stated / name, file.parent / name, file.parent / PurePosixPath(name).name)
    return next((each for each in near if is_file(each)), None)


def listed_images(listed: Path) -> list[str]:
    """Return the paths in a list as they are written, with `/` in them."""
    return [line.strip().replace("\\", "/") for line in read_text(listed).splitlines() if line.strip()]


def listed_folders(listed: Path) -> list[Path]:
    """Return the folders of the images in a list that are there, as near to the list as the ends of their paths say."""
    parents = dict.fromkeys(PurePosixPath(name).parent for name in listed_images(listed))
    found = (_folder(listed.parent, parent) for parent in parents)
    return [folder for folder in found if folder is not None]


def _folder(root: Path, parent: PurePosixPath) -> Path | None:
    parts = parent.parts
    ends = [root.joinpath(*parts[start:]) for start in range(len(parts))] or [root]
    return next((end.resolve() for end in ends if end.is_dir()), None)
