"""The slides of a project, `slides.csv`: which image is of which patient, sample, stain and group.

All of it is free text, and any of it may be missing. It is a table that any spreadsheet opens and saves; columns that
HemaLens does not know stay in it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_hemalens.errors import AnnotationError, ProjectError, RecipeError
from napari_hemalens.formats.image_parts import whole_path
from napari_hemalens.formats.tables import read_header, read_rows, write_csv
from napari_hemalens.projects.document import path_from

FILE = "slides.csv"
FIELDS = ("patient", "sample", "stain", "group")
"""What is said of a slide."""

COLUMNS = ("path", *FIELDS)

_CONTROLS = (
    *("control", "controls", "ctrl", "ctl", "kontrolle", "kontrollen", "untreated", "unbehandelt", "vehicle"),
    *("placebo", "sham", "mock", "healthy", "gesund", "normal", "negative", "negativ", "neg", "baseline", "wildtype"),
)
"""Words by which a group is known as the control, the surest first."""

_NO_CONTROLS = frozenset({"positive", "positiv", "pos"})


@dataclass(frozen=True, slots=True)
class ProjectSlide:
    """An image of a project, and what it is of.

    Attributes
    ----------
    path : str
        Of the file, with '/', from the project's folder if it lies near.
    patient, sample, stain, group : str
        Empty where it is not known.
    beside : mapping of str to str
        What other columns say.
    """

    path: str
    patient: str = ""
    sample: str = ""
    stain: str = ""
    group: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the file."""
        return Path(self.path).name

    def located(self, folder: Path) -> Path:
        """Return where the file lies: where it is said to be, or by its name in the project's folder."""
        said = folder / self.path
        there = next((each for each in (said, folder / self.name) if whole_path(each).exists()), said)
        return there.resolve()


@dataclass(frozen=True, slots=True)
class SlidesTable:
    """The slides of a project, each once.

    Attributes
    ----------
    slides : tuple of ProjectSlide
        In their order.
    others : tuple of str
        Names of the columns that HemaLens does not know.
    """

    slides: tuple[ProjectSlide, ...] = ()
    others: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.slides)

    def __iter__(self) -> Iterator[ProjectSlide]:
        return iter(self.slides)

    def with_images(self, images: Iterable[Path], folder: Path) -> "SlidesTable":
        """Return the table with images of a project in `folder`; those that it holds already stay as they are."""
        there = {slide.located(folder) for slide in self}
        new = {path.resolve(): path for path in images if path.resolve() not in there}
        return replace(self, slides=(*self.slides, *(ProjectSlide(path_from(folder, path)) for path in new.values())))

    def with_table(self, other: "SlidesTable", folder: Path) -> "SlidesTable":
        """Return the table with what another says of slides, which are added if they are new.

        A name without a folder, where no file lies, means the one slide of that name.
        """
        old = {slide.located(folder): slide for slide in self}
        said = {_meant(slide, old, folder): slide for slide in other}
        merged = {place: _merged(old[place], said[place]) if place in said else old[place] for place in old} | {
            place: slide for place, slide in said.items() if place not in old
        }
        return SlidesTable(tuple(merged.values()), tuple(dict.fromkeys((*self.others, *other.others))))

    def with_text(self, row: int, column: str, text: str) -> "SlidesTable":
        """Return the table with another text in a row, in a column of `FIELDS` or `others`.

        Raises
        ------
        RecipeError
            If there is no such column.
        """
        slide = self.slides[row]
        if column in FIELDS:
            said: dict[str, Any] = {column: text.strip()}
            changed = replace(slide, **said)
        elif column in self.others:
            changed = replace(slide, beside={**slide.beside, column: text.strip()})
        else:
            raise RecipeError(f"No column {column!r} to write to. Known: {', '.join((*FIELDS, *self.others))}.")
        return replace(self, slides=(*self.slides[:row], changed, *self.slides[row + 1 :]))

    def without(self, rows: Sequence[int]) -> "SlidesTable":
        """Return the table without some rows; no file is deleted."""
        return replace(self, slides=tuple(slide for i, slide in enumerate(self) if i not in set(rows)))

    def missing(self, folder: Path) -> tuple[str, ...]:
        """Return the paths of slides of a project in `folder` whose file is nowhere."""
        return tuple(slide.path for slide in self if not whole_path(slide.located(folder)).exists())

    def groups(self) -> tuple[str, ...]:
        """Return the groups in the order in which they occur, but first one whose name is that of a control."""
        found = tuple(dict.fromkeys(slide.group for slide in self if slide.group))
        control = _control_among(found)
        return found if control is None else (control, *(name for name in found if name != control))


def _control_among(groups: Sequence[str]) -> str | None:
    """Return the group that others are compared with, as far as a name says it; None where none does."""
    words = {name: {*re.findall(r"[^\W\d_]+", name.casefold())} for name in groups}
    candidates = {name: said for name, said in words.items() if not said & _NO_CONTROLS}
    return next((name for word in _CONTROLS for name, said in candidates.items() if word in said), None)


def read(folder: Path) -> SlidesTable:
    """Read the slides of a project; there may be none.

    Raises
    ------
    AnnotationError
        If it is no table of slides.
    """
    return read_file(folder / FILE) if (folder / FILE).exists() else SlidesTable()


def read_file(file: Path, project: Path | None = None) -> SlidesTable:
    """Read a table of slides, as any spreadsheet saves it.

    Parameters
    ----------
    file : Path
        With a column path, and any of patient, sample, stain and group.
    project : Path, optional
        The folder of a project that paths are to be from: in a table from elsewhere they are from its own folder.

    Raises
    ------
    AnnotationError
        If it cannot be read, lacks the column path, or names a slide twice or not at all.
    """
    rows = read_rows(file, ("path",), "slides", optional=FIELDS)
    known = {*COLUMNS}
    others = tuple(name for name in read_header(file) if name and name.casefold() not in known)
    slides = []
    for row in rows:
        path = row["path"].strip().replace("\\", "/")
        if not path:
            raise AnnotationError(f"Line {row.line} of {file} names no slide: its column path is empty.")
        texts = {name: row.get(name, "").strip() for name in FIELDS}
        slides.append(ProjectSlide(_moved(path, file.parent, project), **texts, beside={n: row[n] for n in others}))
    doubles = [path for path, number in Counter(slide.path for slide in slides).items() if number > 1]
    if doubles:
        raise AnnotationError(f"{file} names the slide {doubles[0]!r} twice.")
    return SlidesTable(tuple(slides), others)


def write(table: SlidesTable, folder: Path) -> None:
    """Write the slides of a project, whole or not at all.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    rows = (
        (s.path, s.patient, s.sample, s.stain, s.group, *(s.beside.get(name, "") for name in table.others))
        for s in table
    )
    try:
        write_csv(folder / FILE, (*COLUMNS, *table.others), rows)
    except OSError as error:
        raise ProjectError(f"The slides could not be written to {folder / FILE}: {error.strerror}.") from error


def _moved(path: str, here: Path, project: Path | None) -> str:
    """Return a path that is from one folder as one from the project's, if a file lies there."""
    place = here / path
    return path if project is None or not whole_path(place).exists() else path_from(project, place)


def _meant(said: ProjectSlide, old: Mapping[Path, ProjectSlide], folder: Path) -> Path:
    """Return where the file of a slide lies that another table names."""
    place = said.located(folder)
    named = [] if "/" in said.path or whole_path(place).exists() else [p for p, s in old.items() if s.name == said.name]
    return named[0] if len(named) == 1 else place


def _merged(old: ProjectSlide, new: ProjectSlide) -> ProjectSlide:
    """Return a slide with what is newly said of it; what is not said stays."""
    said = {name: getattr(new, name) or getattr(old, name) for name in FIELDS}
    return replace(old, **said, beside={**old.beside, **{name: text for name, text in new.beside.items() if text}})
