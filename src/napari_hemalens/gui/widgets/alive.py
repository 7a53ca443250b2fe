"""A session outlives its widgets: news of it must not reach one that Qt has deleted."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from qtpy.compat import isalive
from qtpy.QtCore import QObject

W = TypeVar("W", bound=QObject)


def while_alive(slot: Callable[..., None]) -> Callable[..., None]:
    """Do nothing in a method of a widget that is no more than its Python half."""

    @wraps(slot)
    def told(self: W, *news: Any) -> None:
        if isalive(self):
            slot(self, *news)

    return told
