"""What is set in napari's preferences reaches the docks; without it the defaults hold."""

import pytest
from napari import settings
from npe2 import PluginManifest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.gui import preferences
from napari_hemalens.gui.preferences import preference

NAMES = ("device", "detection_weights", "results_folder", "observer", "report_language", "report_reference")


@pytest.fixture
def manifest():
    return PluginManifest.from_distribution("napari-hemalens")


def test_the_manifest_has_the_defaults_of_the_options(manifest):
    properties = manifest.contributions.configurations["defaults"].properties
    assert tuple(properties) == NAMES
    for name in NAMES:
        assert properties[name].default == preferences._DEFAULTS[name]
    assert properties["detection_weights"].default == DetectionRecipe().weights


@pytest.mark.parametrize("name", NAMES)
def test_defaults_hold_where_napari_does_not_know_the_plugin(monkeypatch, name):
    def unknown(_):
        raise KeyError

    monkeypatch.setattr(preferences, "get_plugin_settings", unknown)
    assert preference(name) == preferences._DEFAULTS[name]


def test_what_a_person_has_set_is_read(plugin_settings, npe2pm, manifest):
    with npe2pm.tmp_plugin(manifest=manifest):
        settings.get_plugin_settings("napari-hemalens").defaults.device = "cpu"
        assert preference("device") == "cpu"
        assert preference("results_folder") == ""
