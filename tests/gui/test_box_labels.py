"""Short names of classes on boxes."""

from napari_hemalens.gui.box_labels import label_style, short_names


def test_red_cells_and_platelets_have_no_label():
    assert list(short_names(["erythrocyte", "blast", "platelet"])) == ["", "blast", ""]


def test_labels_are_hidden_until_they_are_wanted():
    assert label_style()["visible"] is False
    assert label_style()["string"] == "{short}"
