"""What a person has set for the plugin in napari's preferences. No Qt."""

from typing import Literal, TypeAlias

from napari.settings import get_plugin_settings

from napari_hemalens.config.options import DetectionRecipe

Preference: TypeAlias = Literal["device", "detection_weights", "results_folder"]

_PLUGIN = "napari-hemalens"
_DEFAULTS: dict[Preference, str] = {
    "device": "auto",
    "detection_weights": DetectionRecipe().weights,
    "results_folder": "",
}


def preference(name: Preference) -> str:
    """Return what was set, or the default where nothing was or napari does not know the plugin."""
    try:
        return str(getattr(get_plugin_settings(_PLUGIN).defaults, name))
    except KeyError:  # a dock opened by a script, without the plugin
        return _DEFAULTS[name]
