"""The classes of a project: any names, colours and keys, which a person chooses and changes."""

import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.palette import CLASS_COLOURS, colour_of
from napari_hemalens.records.tasks import Task
from napari_hemalens.records.taxonomy import cell_class

LONGEST_NAME = 60
"""Characters of a class name."""

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_KEYS = "1234567890" + string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class OwnClass:
    """A class of a project.

    Attributes
    ----------
    id : str
        Never changes and is never used again, so that labels follow when the class is renamed.
    name : str
        On screen and in files.
    colour : str
        As '#rrggbb'.
    key : str
        The key that assigns the class: a digit or a capital letter; '' for none.
    """

    id: str
    name: str
    colour: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class ClassSet:
    """The classes of a project, in the order in which they are listed. Every change gives a new set.

    Attributes
    ----------
    classes : tuple of OwnClass
        Names differ, also regardless of case; so do keys, where there are any.
    made : int
        Classes made so far, those removed included.
    """

    classes: tuple[OwnClass, ...] = ()
    made: int = 0

    @classmethod
    def of_names(cls, names: Iterable[str]) -> Self:
        """Return a set of classes with the colours and keys that they have in all docks, or others if these are taken.

        Raises
        ------
        RecipeError
            If a name is none, or is given twice.
        """
        found = cls()
        for name in names:
            found = found.add(name)
        return found

    @classmethod
    def of_task(cls, task: Task) -> Self:
        """Return the classes of a task as a beginning."""
        return cls.of_names(task.classes)

    def __len__(self) -> int:
        return len(self.classes)

    def __iter__(self) -> Iterator[OwnClass]:
        return iter(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in their order."""
        return tuple(each.name for each in self.classes)

    @property
    def ids(self) -> tuple[str, ...]:
        """What labels call the classes by, in their order."""
        return tuple(each.id for each in self.classes)

    def named(self, name: str) -> OwnClass:
        """Return the class of a name.

        Raises
        ------
        RecipeError
            If there is none.
        """
        found = next((each for each in self.classes if each.name == name), None)
        if found is None:
            raise RecipeError(f"No class {name!r}. Known: {', '.join(self.names) or 'none'}.")
        return found

    def of_key(self, key: str) -> OwnClass | None:
        """Return the class that a key assigns, or None."""
        return next((each for each in self.classes if each.key and each.key == key.upper()), None)

    def add(self, name: str, colour: str | None = None, key: str | None = None) -> Self:
        """Add a class.

        Parameters
        ----------
        name : str
            Its name.
        colour : str, optional
            As '#rrggbb'; by default that of the class in all docks, or one that is free.
        key : str, optional
            A digit or a letter, '' for none; by default that of the class in all docks, or one that is free.

        Raises
        ------
        RecipeError
            If name, colour or key are none, or another class has that name or key.
        """
        name = _check_name(name)
        colour = self._free_colour(name) if colour is None else _check_colour(colour)
        new = OwnClass(f"c{self.made + 1}", name, colour, self._free_key(name) if key is None else _check_key(key))
        self._refuse_twins(new)
        return replace(self, classes=(*self.classes, new), made=self.made + 1)

    def change(self, name: str, /, **changes: Any) -> Self:
        """Give a class another `name`, `colour` or `key`; labels follow, since they know it by its id.

        Raises
        ------
        RecipeError
            As `add`, or if there is no class of that name, or nothing else to change.
        """
        old = self.named(name)
        checks = {"name": _check_name, "colour": _check_colour, "key": _check_key}
        unknown = sorted(changes.keys() - checks.keys())
        if unknown:
            raise RecipeError(f"A class has no {unknown[0]}; it has {', '.join(checks)}.")
        new = replace(old, **{part: checks[part](value) for part, value in changes.items()})
        self._refuse_twins(new)
        return replace(self, classes=tuple(new if each is old else each for each in self.classes))

    def remove(self, name: str) -> Self:
        """Remove a class; whoever holds labels has to see first that none is of it."""
        old = self.named(name)
        return replace(self, classes=tuple(each for each in self.classes if each is not old))

    def _refuse_twins(self, new: OwnClass) -> None:
        for other in self.classes:
            if other.id == new.id:
                continue
            if other.name.casefold() == new.name.casefold():
                raise RecipeError(f"There is a class {other.name!r} already.")
            if new.key and other.key == new.key:
                raise RecipeError(f"The key {new.key} assigns {other.name!r} already; choose another, or none.")

    def _free_colour(self, name: str) -> str:
        taken = {each.colour for each in self.classes}
        wanted = (colour_of(name), *CLASS_COLOURS.values())
        return next((colour for colour in wanted if colour not in taken), wanted[0])

    def _free_key(self, name: str) -> str:
        taken = {each.key for each in self.classes}
        initials = (letter for letter in name.upper() if letter in string.ascii_uppercase)
        wanted = (cell_class(name).key, *_KEYS[:9], *initials, *_KEYS)
        return next((key for key in wanted if key and key not in taken), "")


def _check_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST_NAME:
        raise RecipeError(f"A class name has 1 to {LONGEST_NAME} characters; got {name!r}.")
    return clean


def _check_colour(colour: str) -> str:
    if not _COLOUR.fullmatch(colour.lower()):
        raise RecipeError(f"A colour is written '#rrggbb', with two hexadecimal digits each; got {colour!r}.")
    return colour.lower()


def _check_key(key: str) -> str:
    upper = key.upper()
    if upper and (len(upper) != 1 or upper not in _KEYS):
        raise RecipeError(f"A key is a digit or a letter, '' for none; got {key!r}.")
    return upper
