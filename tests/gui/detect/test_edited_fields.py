"""Cells and layers are one, whichever a person changes, and every change is undone."""

import numpy as np
import pytest

from napari_hemalens.gui import pace
from napari_hemalens.gui.layers import detections_from_layer


@pytest.fixture
def results(analysed):
    return analysed.results


@pytest.fixture
def layer(analysed, viewer):
    return viewer.layers["smear cells"]


def counts(results):
    return {name: count for field in results.detections() for name, count in field.counts().items() if count}


def assert_agree(results, layer):
    """The records and the layer say the same."""
    shown = detections_from_layer(layer).counts()
    assert counts(results) == {name: count for name, count in shown.items() if count}


class TestEdits:
    def test_deleting_a_box_takes_it_out_of_the_table_at_once(self, results, layer, runner):
        layer.selected_data = {0}
        layer.remove_selected()
        assert counts(results)["myelocyte"] == 1
        runner.draw()
        assert_agree(results, layer)

    def test_moving_a_box_keeps_its_class_and_changes_its_place(self, results, layer, runner):
        data = [np.array(shape) for shape in layer.data]
        data[0] = data[0] + 10
        before = results.detections()[0].boxes[0]
        layer.data = data
        runner.draw()
        assert_agree(results, layer)
        moved = results.detections()[0]
        assert before + 10 == pytest.approx(moved.boxes[np.abs(moved.boxes - before - 10).sum(axis=1).argmin()])

    def test_a_class_typed_into_the_table_of_features_counts(self, results, layer, runner):
        table = layer.features.copy()
        table.loc[0, "class"] = "plasma_cell"
        layer.features = table
        assert counts(results)["plasma_cell"] == 1
        runner.draw()
        assert_agree(results, layer)

    def test_a_pasted_box_is_one_cell_more(self, results, layer, runner):
        layer.mode = "select"
        layer.selected_data = {0}
        layer._copy_data()
        layer._paste_data()
        assert counts(results)["myelocyte"] == 3
        runner.draw()
        assert layer.features["cell"].is_unique

    def test_a_box_drawn_outside_the_image_is_taken_away_again(self, results, layer, runner):
        before = counts(results)
        layer.add([[900, 900], [900, 940], [940, 940], [940, 900]], shape_type="rectangle")
        runner.draw()
        assert counts(results) == before
        assert_agree(results, layer)
        assert layer.nshapes == 6


class TestUndo:
    def test_every_correction_can_be_undone_and_redone(self, results, layer, runner):
        states = [counts(results)]
        layer.selected_data = {0}
        layer.remove_selected()
        states.append(counts(results))
        layer.selected_data = {0, 1}
        results.classify("blast")
        states.append(counts(results))
        for state in reversed(states[:-1]):
            results.undo()
            runner.draw()
            assert counts(results) == state
            assert_agree(results, layer)
        for state in states[1:]:
            results.redo()
            assert counts(results) == state

    def test_a_run_can_be_undone_too(self, results, layer, viewer, runner):
        results.undo()
        assert results.fields == []
        assert layer not in viewer.layers
        assert not results.can_undo
        results.redo()
        runner.draw()
        assert_agree(results, viewer.layers["smear cells"])

    def test_a_layer_deleted_by_mistake_comes_back(self, results, viewer, runner):
        viewer.layers.remove("smear cells")
        assert counts(results) == {}
        results.undo()
        runner.draw()
        assert_agree(results, viewer.layers["smear cells"])

    def test_choosing_a_class_without_cells_is_nothing_to_undo(self, results):
        results.undo()
        results.classify("blast")
        assert not results.can_undo


class TestLayers:
    def test_a_renamed_layer_is_still_followed(self, results, layer, runner):
        layer.name = "my cells"
        layer.selected_data = {0}
        layer.remove_selected()
        results.choose_score(0.3)
        runner.draw()
        assert_agree(results, layer)

    def test_cells_outlive_their_image(self, results, layer, viewer, runner):
        viewer.layers.remove("smear")
        results.choose_score(0.1)
        runner.draw()
        assert layer.nshapes == 12

    def test_cells_lie_on_their_image(self, layer, viewer):
        image = viewer.layers["smear"]
        assert layer.scale.tolist() == image.scale.tolist()
        assert layer.units == image.units

    def test_a_run_that_finds_faster_than_can_be_drawn_is_drawn_all_the_same(self, results, layer, runner, monkeypatch):
        monkeypatch.setattr(pace, "AT_ONCE_S", 0)  # else a fast machine draws so few boxes in one step
        (f,) = results.fields
        results.score_threshold = 0.1
        results.put(f, f.cells)
        drawing = runner.drawings[0]
        next(drawing)
        results.put(f, f.cells)
        assert runner.drawings == [drawing]
        runner.draw()
        assert_agree(results, layer)
