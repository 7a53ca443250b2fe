"""Who looks at the cells, in all docks: a name in napari's preferences, else that of the login. No Qt."""

import getpass

from psygnal import Signal

from napari_hemalens.gui.preferences import preference, set_preference


class Observer:
    """The name that corrections and labels bear."""

    changed = Signal(str)

    @property
    def name(self) -> str:
        """The name; '' where none is set and nobody is logged in."""
        return preference("observer").strip() or _login()

    def rename(self, name: str) -> None:
        """Take another name from now on; '' for that of the login."""
        if name.strip() != preference("observer").strip():
            set_preference("observer", name.strip())
        self.changed.emit(self.name)


OBSERVER = Observer()
"""That of this process: one person sits at it."""


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name for the number of the user, as in some containers
        return ""
