"""Docks by the names under which the manifest registers them."""

from typing import Any

from npe2 import PluginManager
from qtpy.QtWidgets import QWidget

from napari_hemalens.errors import HemaLensError

PLUGIN = "napari-hemalens"
_TITLES = ("HemaLens", PLUGIN)  # napari's menu names a dock by the first, `add_plugin_dock_widget` by the second


def open_dock(viewer: Any, name: str) -> QWidget:
    """Return the widget that is registered under a name, docked where it is not yet.

    napari's own way of opening a widget from code docks it a second time where it was opened by the menu.

    Raises
    ------
    HemaLensError
        If the manifest has no such dock.
    """
    window = getattr(viewer, "__wrapped__", viewer).window  # plugins are given a proxy
    opened = window.dock_widgets
    for title in _TITLES:
        if f"{name} ({title})" in opened:
            return opened[f"{name} ({title})"]
    registered = {
        dock.display_name: dock for dock in PluginManager.instance().iter_widgets() if dock.plugin_name == PLUGIN
    }
    if name not in registered:
        raise HemaLensError(f"No dock {name!r}. Known: {', '.join(registered) or 'none: is the plugin switched off?'}")
    made: QWidget = registered[name].get_callable()(napari_viewer=viewer)
    window.add_dock_widget(made, name=f"{name} ({_TITLES[0]})", area="right")
    return made
