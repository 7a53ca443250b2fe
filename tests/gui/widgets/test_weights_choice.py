"""Choosing weights that are not here, or a file, asks for them, and chooses nothing."""

from pathlib import Path

import pytest
from qtpy.QtWidgets import QFileDialog

from napari_hemalens.gui.widgets.weights_choice import FILE, WeightsChoice, offered_entries, short_name
from napari_hemalens.workflows.weights import CatalogueEntry

pytestmark = pytest.mark.window

ENTRY = CatalogueEntry(
    name="plasma",
    description="Plasma cells",
    task="own",
    licence="CC BY-NC 4.0",
    size=2_500_000,
    sha256="0" * 64,
    card_sha256="1" * 64,
    where=("https://example.org/plasma.json",),
)


def test_a_label_says_size_and_what_is_forbidden():
    assert offered_entries([ENTRY], "own") == [("plasma (to fetch, 2.5 MB, non-commercial)", ENTRY)]
    assert offered_entries([ENTRY], "detection") == []


def test_weights_that_are_not_here_are_asked_for_and_not_chosen(qtbot):
    box = WeightsChoice([("a", "a"), ("b", "b"), *offered_entries([ENTRY], "own")])
    qtbot.addWidget(box.native)
    chosen, wanted = [], []
    box.changed.connect(chosen.append)
    box.wanted.connect(wanted.append)
    box.value = "b"
    for _ in range(2):
        box.native.setCurrentIndex(2)
        assert (box.value, box.native.currentText()) == ("b", "b")
    assert (chosen, wanted) == (["b"], [ENTRY, ENTRY])
    box.reset_choices()
    assert (box.value, len(wanted)) == ("b", 2)


def test_a_file_is_asked_for_last_and_nobody_hears_of_the_question(qtbot, monkeypatch):
    box = WeightsChoice([("none for this task yet", None)])
    qtbot.addWidget(box.native)
    heard, files = [], []
    box.changed.connect(heard.append)
    box.file_chosen.connect(files.append)
    assert box.choices == (None, FILE)
    for answer in ("", "/data/own.safetensors"):
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, answer=answer: (answer, ""))
        box.native.setCurrentIndex(1)
        assert (box.value, box.native.currentText()) == (None, "none for this task yet")
    assert (heard, files) == ([], [Path("/data/own.safetensors")])


@pytest.mark.parametrize(
    ("name", "short"),
    [("marrow-lite", "marrow-lite"), ("v1.2", "v1.2"), ("/data/my.detector.safetensors", "my.detector")],
)
def test_weights_of_a_file_are_called_by_its_name(name, short):
    assert short_name(name) == short
