"""Layers of results say what results say, and what a person types into them is told."""

import numpy as np
import pytest

from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.records.palette import colour_of

RESULT = "nuclei: micronucleus"


def colour(layer, number):
    return tuple(np.round(layer.colormap.map(np.array([number]))[0] * 255).astype(int))


def rgb(name, alpha=255):
    return (*bytes.fromhex(colour_of(name)[1:]), alpha)


@pytest.fixture
def layers(classified):
    return classified.results._layers


def test_a_person_painting_on_does_not_change_the_result(classified, viewer, nuclei):
    nuclei.data[200:220, 200:220] = 5
    assert 5 not in viewer.layers[RESULT].data


def test_what_is_typed_in_the_table_counts_as_the_word_of_a_person(classified, viewer):
    layer = viewer.layers[RESULT]
    table = layer.features.copy()
    table.loc[1, "corrected"] = "none"
    layer.features = table
    (reviewed,) = classified.results.counted
    assert reviewed.corrections == {7: "none"}
    assert colour(layer, 7) == rgb("none")


def test_a_cell_that_is_pointed_at_makes_the_others_faint_until_none_is(classified, layers, viewer):
    state, layer = classified.results.current, viewer.layers[RESULT]
    layers.point_at(state, 7)
    assert colour(layer, 7)[3] == 255
    assert colour(layer, 4)[3] < 100
    layers.point_at(state, None)
    assert colour(layer, 4)[3] == 255


def test_the_cell_of_a_review_stands_out_before_one_that_is_pointed_at(classified, layers, viewer):
    state, layer = classified.results.current, viewer.layers[RESULT]
    layers.point_at(state, 7)
    layers.reviewed = state, 4
    layers.colour(state)
    assert [colour(layer, number)[3] == 255 for number in (4, 7)] == [True, False]


def test_what_is_not_shown_is_clear(classified, layers, viewer):
    layers.display = DisplayFilter("none")
    layers.colour(classified.results.current)
    assert colour(viewer.layers[RESULT], 4)[3] == 0


def test_of_two_questions_about_the_same_cells_the_last_one_is_seen(classified, viewer, nuclei, runner):
    first, second = classified.recipe, ClassificationRecipe(task="leukocyte", device="cpu")
    results = ("nuclei: leukocyte", RESULT)

    def seen():
        return tuple(viewer.layers[name].visible for name in results)

    for recipe, shown in ((second, (True, False)), (first, (False, True)), (second, (True, False))):
        classified.start_run(viewer.layers["smear"], nuclei, recipe)
        runner.run()
        assert seen() == shown
    state = next(each for each in classified.results.states if each.task.name == "micronucleus")
    classified.results.look_at(state, 0)
    assert seen() == (False, True)


def test_results_of_other_cells_stay_as_they_are(classified, viewer, labels, runner, question):
    cells = viewer.add_labels(labels, name="cells", scale=(0.1, 0.1), units=("um", "um"))
    classified.start_run(viewer.layers["smear"], cells, question)
    runner.run()
    assert viewer.layers[RESULT].visible
    assert viewer.layers["cells: micronucleus"].visible


def test_a_result_is_abandoned_once_image_and_cells_have_left_with_it(classified, layers, viewer, nuclei):
    state = classified.results.current
    assert layers.abandoned == []
    layers.remove([state])
    assert RESULT not in viewer.layers
    assert layers.abandoned == []  # its cells may be classified again


def test_another_image_does_not_lie_over_a_cell_that_is_looked_at(classified, layers, viewer):
    above = viewer.add_image(viewer.layers["smear"].data.copy(), rgb=True, scale=(0.1, 0.1), units=("um", "um"))
    layers.look_at(classified.results.current, 0)
    assert not above.visible
