"""Choosing weights that are not here asks for them, and chooses nothing."""

import pytest

from napari_hemalens.gui.widgets.weights_choice import WeightsChoice, offered_entries
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
