"""What classes are called on screen, and which keys give them: the same in every dock."""

from collections.abc import Sequence

from napari_hemalens.records.taxonomy import CELL_CLASSES, cell_class

KEYS = (*"1234567890", *sorted({c.key for c in CELL_CLASSES if c.key.isalpha()}))
"""Every key that gives a class."""


def display_name(name: str) -> str:
    """Return a class as people write it."""
    return name.replace("_", " ")


def class_keys(names: Sequence[str]) -> dict[str, str]:
    """Return the key of each of some classes, '' for none.

    It is that of the taxonomy; classes that the taxonomy does not know, or whose key another one has, get the digits
    that are left, in their order.
    """
    keys: dict[str, str] = {}
    for name in names:
        key = cell_class(name).key
        keys[name] = "" if key in keys.values() else key
    left = [key for key in "1234567890" if key not in keys.values()]
    return {name: key or (left.pop(0) if left else "") for name, key in keys.items()}


def class_of_key(key: str, names: Sequence[str]) -> str | None:
    """Return which of some classes a key gives, or None."""
    return next((name for name, own in class_keys(names).items() if own == key), None)


def key_of(name: str) -> str:
    """Return the key that gives a class of the taxonomy, or nothing."""
    return cell_class(name).key
