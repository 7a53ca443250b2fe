"""Some cells are drawn and reviewed; all of them are counted."""

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Points, Shapes

from napari_hemalens.gui.detect import display
from napari_hemalens.gui.detect.display import BoxFilter


@pytest.fixture
def results(analysed):
    """Boxes of 1.5 um a pixel."""
    results = analysed.results
    for f in results.fields:
        cells = f.cells.cells
        f.cells = replace(f.cells, cells=replace(cells, provenance=replace(cells.provenance, pixel_size_um=1.5)))
    return results


@pytest.fixture
def layer(analysed, viewer):
    return viewer.layers["smear cells"]


def test_one_class_is_drawn_and_all_are_counted(results, layer, runner):
    before = results.differential().nucleated
    results.choose_display(BoxFilter("lymphocyte"))
    runner.draw()
    assert {*layer.features["class"]} == {"lymphocyte"}
    assert results.differential().nucleated == before
    assert "Shown: lymphocyte; all cells are counted." in results.notes
    assert [f.cells.n_corrections for f in results.fields] == [0]
    results.choose_display(BoxFilter())
    runner.draw()
    assert layer.nshapes == 6


def test_cells_are_drawn_by_size_where_the_size_of_a_pixel_is_known(results, layer, runner):
    (f,) = results.fields
    f.cells = f.cells.with_boxes(np.array([0]), np.array([[0, 0, 10, 10]], np.float32))  # 15 um
    results.choose_display(BoxFilter(None, 14, 16))
    runner.draw()
    assert layer.features["cell"].tolist() == [1]
    results.choose_display(BoxFilter(None, smallest_um=16))
    runner.draw()
    assert layer.nshapes == 5
    cells = f.cells.cells
    unknown = replace(cells, provenance=replace(cells.provenance, pixel_size_um=None))
    assert BoxFilter(None, 14, 16).shows(replace(f.cells, cells=unknown)).all()


def test_a_box_that_a_person_draws_stays_in_view(results, layer, runner):
    results.choose_display(BoxFilter("lymphocyte"))
    runner.draw()
    results.classify("blast")
    layer.add([[300, 300], [300, 340], [340, 340], [340, 300]], shape_type="rectangle")
    runner.draw()
    assert {*layer.features["class"]} == {"lymphocyte", "blast"}


def test_the_review_goes_through_what_is_drawn_alone(named_session, runner):
    results = named_session.results
    everything = results.waiting.cells
    results.choose_display(BoxFilter("erythroblast"))
    assert 0 < results.waiting.cells < everything
    runner.draw()
    results.look_at_next()
    assert "erythroblast" in results.status


class TestSmallCells:
    @pytest.fixture
    def field(self, analysed, monkeypatch, runner):
        """Six cells, of which the red one is a point."""
        monkeypatch.setattr(display, "MANY", 5)
        analysed.results.choose_score(0.5)
        runner.draw()
        (field,) = analysed.results.fields
        return field

    def test_beyond_the_limit_they_are_points_beneath_the_boxes_of_the_rest(self, results, field, viewer):
        assert [type(each) for each in field.layers] == [Shapes, Points]
        assert sorted(field.shown.rows) == [0, 1, 2, 3, 4, 5]
        assert field.small.shown.rows.tolist() == [3]
        assert [each.name for each in viewer.layers] == ["smear", "smear small cells", "smear cells"]
        assert "red cells and platelets are shown as points" in results.notes[0]

    def test_they_stay_points_until_there_are_half_as_many(self, results, field, runner):
        results.choose_score(0.75)
        runner.draw()
        assert field.small is not None
        results.choose_score(0.9)
        runner.draw()
        assert field.small is None

    @pytest.mark.parametrize(("wanted", "points"), [("boxes", False), ("points", True)])
    def test_a_person_may_always_have_boxes_or_points(self, results, field, viewer, runner, wanted, points):
        results.choose_small_cells(wanted)
        results.choose_score(0.75)
        runner.draw()
        assert (field.small is not None) == points
        assert len(viewer.layers) == 2 + points
        assert sorted(field.shown.rows) == [0, 1, 2]

    def test_a_cell_of_another_class_changes_its_layer_and_stays_selected(self, results, field, runner):
        field.small.layer.selected_data = {0}
        results.classify("lymphocyte")
        runner.draw()
        assert (field.selected, len(field.small.shown.rows)) == ([3], 0)
        results.classify("platelet")
        runner.draw()
        assert (field.selected, field.small.shown.rows.tolist()) == ([3], [3])
        results.undo()
        results.undo()
        runner.draw()
        assert field.small.layer.features["class"].tolist() == ["erythrocyte"]

    def test_points_are_deleted_drawn_and_brought_back(self, results, field, runner):
        field.small.layer.selected_data = {0}
        field.small.layer.remove_selected()
        runner.draw()
        assert field.cells.n_corrections == 1
        field.small.layer.add([[200, 200]])
        results.undo()
        results.undo()
        runner.draw()
        assert field.small.shown.rows.tolist() == [3]

    def test_a_person_who_removes_the_points_deletes_their_cells(self, results, field, viewer, runner):
        viewer.layers.remove(field.small.layer)
        runner.draw()
        assert sorted(field.shown.rows) == [0, 1, 2, 4, 5]
        results.undo()
        runner.draw()
        assert sorted(field.shown.rows) == [0, 1, 2, 3, 4, 5]

    def test_filters_and_a_look_at_a_cell_reach_both_layers(self, results, field, viewer, runner):
        results.look_at(field, 3)
        assert (field.selected, viewer.layers.selection.active) == ([3], field.small.layer)
        results.look_at(field, 4)
        assert (field.selected, viewer.layers.selection.active) == ([4], field.drawing.layer)
        results.choose_display(BoxFilter("erythrocyte"))
        runner.draw()
        assert field.shown.rows.tolist() == [3]

    def test_a_project_keeps_what_was_chosen(self, analysed, field):
        analysed.results.choose_small_cells("points")
        choices = analysed.keeper._choices()
        assert choices["small_cells"] == "points"
