"""What shows cells lets one of them stand out."""

from napari_hemalens.gui.followers import BoxFollower, ClassFollower, row_of


def test_a_box_is_found_at_its_place_and_selected(analysed):
    follower = BoxFollower(analysed.results.fields[0])
    y0, x0, y1, x1 = follower.boxes[2]
    assert follower.at(float(y0 + y1) / 2, float(x0 + x1) / 2) == 2
    follower.highlight(2)
    assert follower.chosen == 2
    assert follower.find(follower.spot(2)) == 2
    follower.highlight(None)
    assert follower.chosen is None


def test_a_class_is_found_at_its_place_and_its_label_selected(classified, nuclei):
    follower = ClassFollower(classified.results, classified.results.current)
    row = follower.at(120, 120)
    assert row == row_of(follower.cells, 7)
    follower.highlight(row)
    assert nuclei.selected_label == 7
    assert follower.at(399, 0) is None
