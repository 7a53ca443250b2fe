"""The name of the observer is shown and changed in every dock alike."""

import pytest

from napari_hemalens.gui import preferences
from napari_hemalens.gui.observer import OBSERVER
from napari_hemalens.gui.widgets.observer import ObserverName

pytestmark = pytest.mark.window


@pytest.fixture
def fields(qtbot, monkeypatch):
    def unknown(_):
        raise KeyError

    monkeypatch.setattr(preferences, "get_plugin_settings", unknown)
    monkeypatch.setattr(preferences, "_DEFAULTS", {**preferences._DEFAULTS, "observer": "Ann"})
    found = ObserverName(), ObserverName()
    for each in found:
        qtbot.addWidget(each)
    return found


def test_a_name_given_in_one_dock_stands_in_all(fields, qtbot):
    one, other = fields
    assert (one.text(), other.text()) == ("Ann", "Ann")
    one.setText(" Ben ")
    one.editingFinished.emit()
    assert (OBSERVER.name, one.text(), other.text()) == ("Ben", "Ben", "Ben")
