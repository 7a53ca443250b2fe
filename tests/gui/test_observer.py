"""One name for all docks: what is set, else that of the login."""

import getpass

import pytest

from napari_hemalens.gui import observer, preferences
from napari_hemalens.gui.observer import OBSERVER


@pytest.fixture
def unset(monkeypatch):
    """No preferences of napari, and a login."""

    def unknown(_):
        raise KeyError

    monkeypatch.setattr(preferences, "get_plugin_settings", unknown)
    monkeypatch.setattr(preferences, "_DEFAULTS", {**preferences._DEFAULTS})
    monkeypatch.setattr(getpass, "getuser", lambda: "login")


def test_the_name_is_that_of_the_login_until_another_is_given(unset):
    told = []
    OBSERVER.changed.connect(told.append)
    assert OBSERVER.name == "login"
    OBSERVER.rename("  Dr. Ann ")
    assert OBSERVER.name == "Dr. Ann"
    OBSERVER.rename("")
    assert told == ["Dr. Ann", "login"]
    OBSERVER.changed.disconnect(told.append)


def test_where_nobody_is_logged_in_there_is_no_name(unset, monkeypatch):
    def nobody():
        raise OSError

    monkeypatch.setattr(observer.getpass, "getuser", nobody)
    assert OBSERVER.name == ""


def test_a_correction_in_detect_bears_the_name(unset, analysed, viewer):
    OBSERVER.rename("Ann")
    layer = viewer.layers["smear cells"]
    layer.selected_data = {0}
    analysed.results.classify("blast")
    OBSERVER.rename("Ben")
    layer.selected_data = {1}
    layer.remove_selected()
    (cells,) = analysed.results.detections()
    assert cells.corrections.observer_counts() == {"Ann": 1, "Ben": 1}
