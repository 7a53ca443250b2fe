"""Cells, layers and counts are one, whichever a person changes."""

import numpy as np
import pytest
from app_model.types import KeyBinding
from napari.layers import Points

from napari_hemalens.gui.detect import field_layers
from napari_hemalens.gui.layers import detections_from_layer


@pytest.fixture
def results(analysed):
    return analysed.results


@pytest.fixture
def layer(analysed, viewer):
    return viewer.layers["smear cells"]


def counts(results):
    count = results.differential()
    shown = {row.name: row.count or row.given for row in (*count.rows, *count.beside)}  # recognised, or given by hand
    return {name: number for name, number in shown.items() if number}


def assert_all_agree(results, layer):
    """The table, the records and the layer say the same."""
    (cells,) = results.detections()
    assert counts(results) == cells.counts() == detections_from_layer(layer).counts()


def test_the_table_counts_what_the_layer_shows(results, layer):
    assert counts(results) == {"myelocyte": 2, "erythroblast": 2, "lymphocyte": 1, "erythrocyte": 1}
    assert_all_agree(results, layer)


class TestEdits:
    def test_a_box_drawn_in_napari_counts_with_the_class_that_was_chosen(self, results, layer, runner):
        results.classify("blast")
        layer.add([[300, 300], [300, 340], [340, 340], [340, 300]], shape_type="rectangle")
        assert counts(results)["blast"] == 1
        runner.draw()
        assert_all_agree(results, layer)
        assert layer.features["cell"].is_unique

    def test_drawing_ends_after_one_box_which_stays_selected(self, results, layer, runner):
        layer.mode = "add_rectangle"
        layer.add([[300, 300], [300, 340], [340, 340], [340, 300]], shape_type="rectangle")
        layer.selected_data = {layer.nshapes - 1}
        runner.draw()
        assert layer.mode == "pan_zoom"
        results.press("1")
        runner.draw()
        assert counts(results)["blast"] == 1

    def test_a_class_is_told_of_once(self, results, layer):
        told = []
        results.changed.connect(lambda: told.append(1))
        results.classify("blast")
        layer.selected_data = {0}
        results.classify("monocyte")
        assert len(told) == 2

    def test_the_selected_boxes_get_the_class_of_a_key(self, results, layer, runner):
        layer.selected_data = {0, 1}
        results.press("1")
        assert counts(results)["blast"] == 2
        runner.draw()
        assert_all_agree(results, layer)
        assert set(layer.selected_data) == {0, 1}

    @pytest.mark.parametrize("tissue", ["marrow", "blood"])
    @pytest.mark.parametrize(
        ("key", "name"), [("6", "segmented_neutrophil"), ("E", "eosinophil"), ("0", "unclassifiable")]
    )
    def test_keys_give_the_same_class_in_either_tissue(self, results, layer, tissue, key, name):
        layer.selected_data = {0}
        results.choose_odds(tissue, prior=True)
        layer.keymap[KeyBinding.from_str(key)](layer)
        assert counts(results)[name] == 1


class TestScore:
    def test_the_slider_shows_more_and_fewer_cells_without_a_run(self, results, layer, runner, network):
        for score, cells in ((0.1, 12), (0.9, 1), (0.5, 6)):
            results.choose_score(score)
            runner.draw()
            assert layer.nshapes == cells
            assert_all_agree(results, layer)
        assert len(network.asked) == 1

    def test_the_slider_neither_hides_nor_brings_back_what_a_person_decided(self, results, layer, runner):
        layer.selected_data = {4}
        results.classify("blast")
        layer.selected_data = {0}
        layer.remove_selected()
        for score in (1.0, 0.05, 0.5):
            results.choose_score(score)
            runner.draw()
        assert counts(results) == {"blast": 1, "erythroblast": 2, "lymphocyte": 1, "erythrocyte": 1}
        assert_all_agree(results, layer)

    def test_an_edit_while_the_layer_is_still_being_drawn_is_not_lost(self, results, layer, runner):
        results.choose_score(0.1)  # six more cells, not drawn yet
        layer.selected_data = {0}
        layer.remove_selected()
        runner.draw()
        assert layer.nshapes == 11
        assert_all_agree(results, layer)


class TestLayers:
    def test_beyond_the_limit_cells_are_points_and_the_person_is_told(self, results, viewer, runner, monkeypatch):
        monkeypatch.setattr(field_layers, "BOXES_AT_MOST", 10)
        results.choose_score(0.1)
        runner.draw()
        layer = viewer.layers["smear cells"]
        assert isinstance(layer, Points)
        assert_all_agree(results, layer)
        assert "shown as points instead of boxes" in results.notes[0]
        layer.selected_data = {0}
        results.classify("blast")
        layer.selected_data = {1}
        layer.remove_selected()
        runner.draw()
        assert counts(results)["blast"] == 1
        assert_all_agree(results, layer)
        results.choose_score(0.6)
        runner.draw()
        assert not isinstance(viewer.layers["smear cells"], Points)
        assert results.notes == ()


class TestTissue:
    """Blood, where cells that nobody corrected are named otherwise."""

    @pytest.fixture
    def results(self, named_session):
        return named_session.results

    def test_it_names_cells_anew_without_a_run_and_corrects_none(self, results, viewer, runner, network):
        marrow = counts(results)
        results.choose_odds("blood", prior=True)
        runner.draw()
        assert counts(results) == {"myelocyte": 1, "lymphocyte": 2, "erythrocyte": 1}
        assert len(network.asked) == 1
        assert results.detections()[0].corrections is None
        assert sorted(viewer.layers["smear cells"].features["class"])[-1] == "myelocyte"
        results.choose_odds("marrow", prior=True)
        assert counts(results) == marrow

    def test_it_is_undone_and_redone_as_one_step(self, results):
        marrow = counts(results)
        results.choose_odds("blood", prior=True)
        blood = counts(results)
        results.undo()
        assert (counts(results), results.tissue) == (marrow, "marrow")
        results.redo()
        assert (counts(results), results.tissue) == (blood, "blood")

    def test_the_odds_can_be_left_as_they_are(self, results):
        marrow = counts(results)
        results.choose_odds("blood", prior=True)
        results.choose_odds("blood", prior=False)
        assert counts(results) == marrow
        assert results.differential().asked == 200
        results.undo()
        assert results.tissue_prior

    def test_what_a_person_gave_stays(self, results, viewer):
        viewer.layers["smear cells"].selected_data = {5}
        results.classify("blast")
        results.choose_odds("blood", prior=True)
        assert counts(results)["blast"] == 1
        assert sorted(results.detections()[0].correction_kinds)[-2:] == ["", "class"]

    def test_a_run_that_ends_after_the_choice_is_named_by_it(self, results, named_session, viewer, runner, recipe):
        named_session.start_run([viewer.layers["smear"]], recipe)
        results.choose_odds("blood", prior=True)
        runner.run()
        assert counts(results)["lymphocyte"] == 2

    def test_choosing_what_is_chosen_is_nothing_to_undo(self, results):
        results.undo()
        results.choose_odds("marrow", prior=True)
        assert not results.can_undo


class TestUnsure:
    """Two of six cells are unlike all that the classifier learned from."""

    @pytest.fixture
    def results(self, named_session):
        return named_session.results

    def test_they_are_counted_apart_or_under_their_likeliest_class_at_once(self, results):
        assert (results.differential().unsure, counts(results)["myelocyte"]) == (2, 1)
        results.choose_unsure("counted")
        assert (results.differential().unsure, counts(results)["myelocyte"]) == (0, 2)
        assert results.notes == ("2 unsure cells are counted under the likeliest class.",)
        results.choose_unsure("apart")
        assert results.notes == ()

    def test_they_are_looked_at_one_after_the_other_in_the_middle(self, results, viewer):
        layer = viewer.layers["smear cells"]
        viewer.layers.selection.active = viewer.layers["smear"]
        layer.visible = False
        for cell in (5, 2, 5):
            results.look_at_next()
            (index,) = layer.selected_data
            assert layer.features.loc[index, "cell"] == cell
            middle = layer.features.loc[index, ["y", "x"]].to_numpy(float)
            np.testing.assert_allclose(getattr(viewer, "scene", viewer).camera.center[-2:], (middle - 0.5) * 0.1)
        assert viewer.layers.selection.active is layer
        assert layer.visible

    def test_a_key_names_the_cell_and_does_not_move_on(self, results, viewer, runner):
        layer = viewer.layers["smear cells"]
        results.look_at_next()
        chosen = set(layer.selected_data)
        results.press("1")
        runner.draw()
        assert set(layer.selected_data) == chosen
        assert (results.waiting.unsure, counts(results)["blast"]) == (1, 1)
        assert layer.features.loc[min(chosen), "short"] == "blast"
        assert layer.shape_type[min(chosen)] == "rectangle"

    def test_an_accepted_cell_is_counted_and_no_longer_unsure(self, results, runner):
        results.look_at_next()
        results.accept()
        runner.draw()
        (cells,) = results.detections()
        assert sorted(cells.correction_kinds)[-1] == "accepted"
        assert (results.differential().unsure, counts(results)["myelocyte"]) == (1, 2)
        assert results.next_class == "unclassifiable"
        results.undo()
        assert results.waiting.unsure == 2

    def test_there_is_nothing_to_look_at_while_a_run_goes_on(self, results, viewer):
        results.lock(True)
        results.look_at_next()
        results.accept()
        assert set(viewer.layers["smear cells"].selected_data) == set()
        assert results.detections()[0].corrections is None
