"""Whether all arguments of a command line say something."""

from collections.abc import Sequence
from itertools import pairwise

from napari_hemalens.errors import RecipeError

MAY_BE_EMPTY = frozenset({"--title", "--observer", "--field", "--about", "--set", "--formats", "--order", "--since"})
"""Options that are no paths, and for which nothing is an answer."""


def check_given(arguments: Sequence[str]) -> None:
    """Refuse an empty argument, such as a variable of a script that is not set: as a path, it is the current folder.

    Parameters
    ----------
    arguments : sequence of str
        As typed, the program first.

    Raises
    ------
    RecipeError
        With what stands before it.
    """
    for before, argument in pairwise(arguments):
        option, sign, value = argument.partition("=")
        if argument == "":
            _refuse(before)
        elif option.startswith("--") and sign and value == "":
            _refuse(option)


def _refuse(before: str) -> None:
    if before not in MAY_BE_EMPTY:
        raise RecipeError(
            f"What follows {before!r} is empty, as of a variable that is not set; this folder is written as '.'."
        )
