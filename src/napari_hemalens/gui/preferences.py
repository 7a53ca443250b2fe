"""What a person has set for the plugin in napari's preferences. No Qt."""

from typing import Literal, TypeAlias

from napari.settings import get_plugin_settings

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.report import ReportRecipe

Preference: TypeAlias = Literal[
    "device", "detection_weights", "results_folder", "observer", "report_language", "report_reference"
]

_PLUGIN = "napari-hemalens"
_DEFAULTS: dict[Preference, str] = {
    "device": "auto",
    "detection_weights": DetectionRecipe().weights,
    "results_folder": "",
    "observer": "",
    "report_language": ReportRecipe().language,
    "report_reference": "",
}


def preference(name: Preference) -> str:
    """Return what was set, or the default where nothing was or napari does not know the plugin."""
    try:
        return str(getattr(get_plugin_settings(_PLUGIN).defaults, name))
    except KeyError:  # a dock opened by a script, without the plugin
        return _DEFAULTS[name]


def set_preference(name: Preference, value: str) -> None:
    """Keep what a person says for all windows to come; where napari does not know the plugin, for this process."""
    try:
        setattr(get_plugin_settings(_PLUGIN).defaults, name, value)
    except KeyError:
        _DEFAULTS[name] = value
