"""Classified cells as a Labels layer: colours, features, filter."""

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_hemalens.gui.classify.layers import ClassColours, DisplayFilter, colours, features
from napari_hemalens.records.measurements import Measurements
from napari_hemalens.records.palette import colour_of
from napari_hemalens.review.classes import ReviewedClasses

SHAPE = (400, 600)
CELLS = (4, 7, 9, 70_000)
RESULT = "nuclei: micronucleus"
TABLE = {None: np.full(4, 0.25), 0: np.zeros(4), 3: np.array((0.01, 0.5, 1, 1)), 299: np.array((1.0, 0.5, 1, 1))}


def colour(layer, number):
    return tuple(np.round(layer.colormap.map(np.array([number]))[0] * 255).astype(int))


def rgb(name, alpha=255):
    return (*bytes.fromhex(colour_of(name)[1:]), alpha)


def press(layer, key):
    next(act for bound, act in layer.keymap.items() if str(bound) == key)(layer)


class TestRun:
    def test_cells_become_a_layer_coloured_by_class_over_the_image(self, classified, viewer, image, nuclei):
        layer = viewer.layers[RESULT]
        assert isinstance(layer, Labels)
        np.testing.assert_array_equal(layer.data, nuclei.data)
        np.testing.assert_array_equal(layer.scale, image.scale)
        assert colour(layer, 7) == rgb("micronucleus")
        assert colour(layer, 0)[3] == 0
        assert layer.metadata["hemalens"]["task"] == "micronucleus"
        assert layer.metadata["hemalens"]["sha256"] == "0"

    def test_the_result_lies_on_image_and_cells_with_their_units_and_axes(
        self, classifying, viewer, labels, runner, question
    ):
        place = {
            "scale": (0.2, 0.3),
            "translate": (5.0, 7.0),
            "units": ("nm", "nm"),
            "axis_labels": ("down", "right"),
        }
        image = viewer.add_image(np.zeros(SHAPE, np.uint8), name="placement", **place)
        classifying.start_run(image, viewer.add_labels(labels, name="there", **place), question)
        runner.run()
        layer = viewer.layers["there: micronucleus"]
        np.testing.assert_array_equal(layer.scale, image.scale)
        np.testing.assert_array_equal(layer.translate, image.translate)
        assert layer.units == image.units
        assert layer.axis_labels == ("down", "right")

    def test_many_cells_share_few_colours(self, classifying, viewer, image, runner, question):
        labels = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) // 12
        classifying.start_run(image, viewer.add_labels(labels, name="many"), question)
        runner.run()
        state = classifying.results.current
        shown = colours(state.reviewed, DisplayFilter(), 7).color_dict
        assert len(shown) == 20_001
        assert len({id(colour) for colour in shown.values()}) <= 7

    def test_each_cell_has_a_row(self, classified, viewer):
        table = viewer.layers[RESULT].features
        columns = ["index", "class", "p_micronucleus", "p_none", "entropy", "corrected", "micronuclei"]
        assert list(table.columns) == columns
        assert tuple(table["index"]) == CELLS
        assert set(table["class"]) == {"micronucleus"}
        assert set(table["corrected"]) == {""}

    def test_what_a_cell_measures_has_a_column(self, classified):
        state = classified.results.current
        measured = Measurements.from_columns({"area_um2": np.array([16.0, 16, np.nan, 9])}, 4)
        state.reviewed = ReviewedClasses(replace(state.reviewed.cells, measurements=measured))
        np.testing.assert_array_equal(features(state)["area_um2"], [16, 16, np.nan, 9])
        assert "nc_ratio" not in features(state)


class TestErrors:
    def test_numbers_above_65535_have_colours(self, classified, viewer):
        layer = viewer.layers[RESULT]
        assert layer.data.max() == 70_000
        assert colour(layer, 70_000) == rgb("micronucleus")
        assert colour(layer, 69_999)[:3] == (128, 128, 128)


class TestFilter:
    def test_other_classes_and_certain_cells_become_transparent(self, classified, viewer, classifier):
        layer, results = viewer.layers[RESULT], classified.results
        results.choose(DisplayFilter("none"))
        assert colour(layer, 4)[3] == 0
        results.choose(DisplayFilter(least_entropy=0.9))
        assert [colour(layer, number)[3] for number in CELLS] == [0, 0, 255, 255]
        results.choose(DisplayFilter())
        assert colour(layer, 4) == rgb("micronucleus")
        assert len(classifier.asked) == 1

    def test_the_class_of_a_person_counts(self, classified, viewer):
        results = classified.results
        results.begin_review()
        results.press("2")
        results.end_review()
        results.choose(DisplayFilter("none"))
        assert [colour(viewer.layers[RESULT], number)[3] for number in CELLS] == [0, 0, 0, 255]


class TestClassColours:
    @pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint64"])
    def test_each_number_has_the_colour_that_napari_gives_it(self, dtype):
        numbers = np.array([[0, 3], [4, 299]]).astype(dtype) if dtype != "uint8" else np.array([[0, 3], [4, 99]], dtype)
        ours, theirs = ClassColours(color_dict=TABLE), DirectLabelColormap(color_dict=TABLE)
        np.testing.assert_allclose(ours.map(numbers), theirs.map(numbers))
        for each in (ours, theirs):
            each.use_selection, each.selection = True, 3
        np.testing.assert_allclose(ours.map(numbers), theirs.map(numbers))

    def test_numbers_of_16_bits_are_not_coloured_one_by_one(self, monkeypatch):
        monkeypatch.delattr(DirectLabelColormap, "_map_precast")
        layer = Labels(np.array([[0, 3], [4, 299]], np.uint16), colormap=ClassColours(color_dict=TABLE))
        np.testing.assert_allclose(layer.colormap.map(layer.data)[1], [TABLE[None], TABLE[299]])
