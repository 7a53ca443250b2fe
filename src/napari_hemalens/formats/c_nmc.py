"""C-NMC 2019 as distributed: one segmented cell on black per file, with the subject in the file name.

`fold_*/all/UID_<subject>_<image>_<cell>_all.bmp` are leukaemic blasts,
`fold_*/hem/UID_H<subject>_<image>_<cell>_hem.bmp` normal cells. Gupta and Gupta 2019, https://doi.org/10.7937/tcia.2019.dc64i46r.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from napari_hemalens.errors import AnnotationError

_NAME = re.compile(r"UID_(?P<subject>(?P<healthy>H?)\d+)_\d+_\d+_(?P<kind>all|hem)\.bmp", re.IGNORECASE)
_CLASSES = {"all": "blast", "hem": "normal"}
LAYOUT = "fold_*/all and fold_*/hem"


@dataclass(frozen=True, slots=True)
class LoneCell:
    """A file that shows one cell on black.

    Attributes
    ----------
    image : Path
        The file.
    class_name : str
        'blast' or 'normal'.
    subject : str
        Number of the person, with a leading H for healthy ones.
    """

    image: Path
    class_name: str
    subject: str


def folds_of(folder: str | Path) -> dict[str, Path]:
    """Return the folds in a folder, or up to two folders deeper, by name."""
    for pattern in ("fold_*", "*/fold_*", "*/*/fold_*"):
        found = sorted(path for path in Path(folder).glob(pattern) if any((path / kind).is_dir() for kind in _CLASSES))
        if found:
            return {path.name: path for path in found}
    return {}


def read(folder: str | Path, *, split: str | None) -> tuple[LoneCell, ...]:
    """Read one split of the data set, or all of it.

    Parameters
    ----------
    folder : path
        Contains the folds.
    split : str or None
        'val' is the last fold; 'train' all others, without the subjects of the last; or a fold by name. None: all.

    Raises
    ------
    AnnotationError
        If there is no such split, it is empty, or a file name does not follow the pattern.
    """
    folds = folds_of(folder)
    if not folds:
        raise AnnotationError(f"{folder} holds no cells of C-NMC 2019, which are in {LAYOUT}.")
    parts = {name: tuple(_cells(fold)) for name, fold in folds.items()}
    if split is None:
        chosen = [cell for cells in parts.values() for cell in cells]
    elif split in parts:
        chosen = list(parts[split])
    else:
        chosen = _part(parts, split, Path(folder))
    if not chosen:
        raise AnnotationError(f"{folder} has no .bmp image in its split {split or 'all'}.")
    return tuple(chosen)


def _part(parts: dict[str, tuple[LoneCell, ...]], split: str, folder: Path) -> list[LoneCell]:
    if split not in {"train", "val"}:
        raise AnnotationError(f"{folder} has no split {split!r}; known: train, val, {', '.join(parts)}.")
    *others, last = parts
    if not others:
        raise AnnotationError(f"{folder} has only the fold {last}; the splits train and val need two or more.")
    if split == "val":
        return list(parts[last])
    held_back = {cell.subject for cell in parts[last]}
    return [cell for name in others for cell in parts[name] if cell.subject not in held_back]


def _cells(fold: Path) -> Iterator[LoneCell]:
    for kind, class_name in _CLASSES.items():
        for file in sorted((fold / kind).glob("*.[bB][mM][pP]")):
            if file.name.startswith("."):  # macOS metadata
                continue
            name = _NAME.fullmatch(file.name)
            if name is None or name["kind"].lower() != kind or bool(name["healthy"]) != (kind == "hem"):
                raise AnnotationError(
                    f"{file} is not named like a cell of C-NMC 2019 in {kind}, such as "
                    f"UID_{'H' if kind == 'hem' else ''}12_3_1_{kind}.bmp: subject, image, cell."
                )
            yield LoneCell(file, class_name, name["subject"].upper())
