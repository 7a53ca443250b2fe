"""What a person can do with classified cells: run, stop, look, judge, save; and what is said where it cannot be."""

import csv
import json

import numpy as np
import pytest
from napari.layers import Labels, Layer

from napari_hemalens import workflows
from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.errors import DeviceError
from napari_hemalens.gui.classify.layers import DisplayFilter, colours
from napari_hemalens.gui.classify.session import ClassificationSession, classification_session
from napari_hemalens.gui.layers import as_layers, detections_from_layer
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.palette import colour_of

SHAPE = (400, 600)
CELLS = (4, 7, 9, 70_000)
RESULT = "nuclei: micronucleus"


@pytest.fixture
def said(classifying):
    sentences = []
    classifying.message_sent.connect(sentences.append)
    return sentences


@pytest.fixture
def image(viewer):
    return viewer.layers["smear"]


def colour(layer, number):
    return tuple(np.round(layer.colormap.map(np.array([number]))[0] * 255).astype(int))


def rgb(name, alpha=255):
    return (*bytes.fromhex(colour_of(name)[1:]), alpha)


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

    def test_the_result_lies_where_image_and_cells_do_with_their_units_and_names_of_axes(
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

    def test_the_cells_give_way_to_their_classes_and_return_when_those_go(self, classified, viewer, nuclei):
        assert not nuclei.visible
        viewer.layers.remove(RESULT)
        assert nuclei.visible

    def test_many_cells_share_few_colours(self, classifying, viewer, image, runner, question):
        labels = np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) // 12
        classifying.start_run(image, viewer.add_labels(labels, name="many"), question)
        runner.run()
        state = classifying.results.current
        shown = colours(state.reviewed, DisplayFilter(at=7)).color_dict
        assert len(shown) == 20_001
        assert len({id(colour) for colour in shown.values()}) <= 7

    def test_each_cell_has_a_row(self, classified, viewer):
        table = viewer.layers[RESULT].features
        columns = ["index", "class", "p_micronucleus", "p_none", "entropy", "corrected", "micronuclei"]
        assert list(table.columns) == columns
        assert tuple(table["index"]) == CELLS
        assert set(table["class"]) == {"micronucleus"}
        assert set(table["corrected"]) == {""}

    def test_partial_results_are_shown_and_a_second_run_is_refused(
        self, classifying, viewer, image, nuclei, runner, question, classifier
    ):
        classifying.start_run(image, nuclei, question)
        classifying.start_run(image, nuclei, question)
        classifying.segment(image, SegmentationRecipe())
        assert len(runner.jobs) == 1
        for _ in range(3):
            runner.step()
        layer = viewer.layers[RESULT]
        assert tuple(layer.features["index"]) == CELLS[:2]
        assert colour(layer, 9)[:3] == (128, 128, 128)  # not looked at yet
        runner.run()
        assert tuple(layer.features["index"]) == CELLS
        assert len(classifier.asked) == 1

    def test_stop_keeps_what_was_found(self, classifying, viewer, image, nuclei, runner, question):
        classifying.start_run(image, nuclei, question)
        for _ in range(3):
            runner.step()
        classifying.stop()
        assert not classifying.running
        assert len(viewer.layers[RESULT].features) == 2

    def test_a_person_painting_on_does_not_change_the_result(self, classified, viewer, nuclei):
        nuclei.data[200:220, 200:220] = 5
        assert 5 not in viewer.layers[RESULT].data

    def test_what_is_typed_in_the_table_counts_as_the_word_of_a_person(self, classified, viewer):
        layer = viewer.layers[RESULT]
        table = layer.features.copy()
        table.loc[1, "corrected"] = "none"
        layer.features = table
        (reviewed,) = classified.results.counted
        assert reviewed.corrections == {7: "none"}
        assert colour(layer, 7) == rgb("none")

    def test_every_question_has_a_layer_of_its_own_and_every_run_of_it_the_same(
        self, classified, viewer, image, nuclei, runner, question
    ):
        layer = viewer.layers[RESULT]
        classified.start_run(image, nuclei, question)
        runner.run()
        assert [each.name for each in viewer.layers] == ["smear", "nuclei", RESULT]
        assert viewer.layers[RESULT] is layer


class TestCells:
    def test_the_boxes_of_detected_cells_become_labels(self, classifying, boxes, image, runner, question, classifier):
        classifying.start_run(image, boxes, question)
        runner.run()
        _, labels, _ = classifier.asked[0]
        assert set(np.unique(labels)) == {0, 1, 2, 3}  # the fourth is a red cell
        y0, x0, y1, x1 = detections_from_layer(boxes).boxes[1]
        rows, columns = np.nonzero(labels == 2)
        np.testing.assert_allclose([rows.min(), columns.min(), rows.max(), columns.max()], [y0, x0, y1, x1], atol=2)

    def test_boxes_of_nothing_are_no_cells(self, classifying, viewer, image, runner, question, said):
        nothing = as_layers(Detections.empty((), SHAPE), like=image)
        classifying.start_run(image, viewer.add_layer(Layer.create(*nothing[0])), question)
        runner_says(runner, said, "hold no cell")

    def test_cells_are_outlined_as_a_new_layer(self, classifying, viewer, image, runner):
        told = []
        classifying.segmented.connect(told.append)
        classifying.segment(image, SegmentationRecipe())
        runner.run()
        layer = viewer.layers["smear outlines"]
        assert told == [layer]
        np.testing.assert_array_equal(layer.scale, image.scale)

    def test_of_a_stack_the_plane_on_screen_counts(self, classifying, viewer, image, labels, runner, question):
        stack = viewer.add_labels(np.stack([labels, np.where(labels == 9, 9, 0)]), name="stack", scale=(1, 0.1, 0.1))
        stack.units = ("pixel", "um", "um")
        viewer.dims.set_current_step(0, 1)
        classifying.start_run(image, stack, question)
        runner.run()
        assert tuple(viewer.layers["stack: micronucleus"].features["index"]) == (9,)
        assert viewer.layers["stack: micronucleus"].ndim == 2

    @pytest.mark.parametrize(("relabel", "cells"), [(True, 4), (False, 1)])
    def test_a_mask_is_parted_only_after_asking(
        self, classifying, viewer, image, labels, runner, question, classifier, relabel, cells
    ):
        mask = viewer.add_labels((labels > 0).astype(np.uint8), name="mask", scale=(0.1, 0.1), units=("um", "um"))
        asked = []
        classifying.semantic_labels_found.connect(lambda: asked.append(True))
        classifying.start_run(image, mask, question)
        runner.run()
        assert asked == [True]
        assert classifier.asked == []
        classifying.start_run(image, mask, question.model_copy(update={"relabel": relabel}))
        runner.run()
        assert asked == [True]
        assert len(viewer.layers["mask: micronucleus"].features) == cells

    def test_one_cell_is_no_mask(self, classifying, viewer, image, labels, runner, question):
        one = viewer.add_labels(np.where(labels == 7, 7, 0), name="one")  # no scale: on the pixels of the image
        classifying.start_run(image, one, question)
        runner.run()
        layer = viewer.layers["one: micronucleus"]
        assert len(layer.features) == 1
        np.testing.assert_array_equal(layer.scale, image.scale)


def runner_says(runner, said, sentence):
    runner.run()
    assert sentence in said[-1]
    assert said[-1].count("\n") == 0


class TestErrors:
    def test_without_image_or_labels_it_is_said(self, classifying, image, nuclei, question, said):
        classifying.start_run(None, nuclei, question)
        classifying.start_run(image, None, question)
        classifying.segment(None, SegmentationRecipe())
        assert [sentence[:12] for sentence in said] == ["There is no ", "There are no", "There is no "]
        assert "Convert to Labels" in said[1]

    def test_a_float_mask_is_no_cells(self, classifying, viewer, image, labels, question, said):
        mask = viewer.add_image((labels > 0).astype(np.float32), name="mask")
        classifying.start_run(image, mask, question)
        assert "Convert to Labels" in said[-1]
        assert not classifying.running

    def test_another_shape_is_said(self, classifying, viewer, image, runner, question, said):
        other = viewer.add_labels(np.ones((40, 50), np.uint8), name="other")
        classifying.start_run(image, other, question)
        runner_says(runner, said, "Labels of 40 x 50 pixels do not fit an image of 400 x 600")

    @pytest.mark.parametrize("place", [{"scale": (0.2, 0.2)}, {"scale": (0.1, 0.1), "translate": (5, 5)}])
    def test_another_place_is_said(self, classifying, viewer, image, labels, question, said, place):
        other = viewer.add_labels(labels, name="other", units=("um", "um"), **place)
        classifying.start_run(image, other, question)
        assert not classifying.running
        assert "'smear' and 'other' do not lie on each other" in said[-1]

    def test_micrometres_and_nanometres_are_the_same_place(self, classifying, viewer, image, labels, runner, question):
        other = viewer.add_labels(labels, name="other", scale=(100, 100), units=("nm", "nm"))
        classifying.start_run(image, other, question)
        runner.run()
        assert len(viewer.layers["other: micronucleus"].features) == 4

    def test_no_cells_are_said(self, classifying, viewer, image, runner, question, said):
        classifying.start_run(image, viewer.add_labels(np.zeros(SHAPE, np.uint8)), question)
        runner_says(runner, said, "hold no cell")

    def test_numbers_that_cannot_be_coloured_are_said(self, classifying, viewer, image, labels, runner, question, said):
        labels[labels == 9] = 2_000_000_000
        classifying.start_run(image, viewer.add_labels(labels), question)
        runner_says(runner, said, "2,000,000,000 cannot be shown in colours")

    def test_numbers_above_65535_have_colours(self, classified, viewer):
        layer = viewer.layers[RESULT]
        assert layer.data.max() == 70_000
        assert colour(layer, 70_000) == rgb("micronucleus")
        assert colour(layer, 69_999)[:3] == (128, 128, 128)

    def test_a_task_without_weights_is_said(self, classifying, image, nuclei, said):
        classifying.start_run(image, nuclei, ClassificationRecipe(weights="not-there"))
        assert said[-1].startswith("No weights 'not-there'")

    def test_weights_of_another_task_are_said(self, classifying, image, nuclei, question, said):
        classifying.start_run(image, nuclei, question.model_copy(update={"task": "all"}))
        assert "answer the task micronucleus; the task is all" in said[-1]

    @pytest.mark.parametrize("which", ["smear", "nuclei", RESULT])
    def test_a_layer_deleted_during_the_run_ends_it(self, classifying, viewer, image, nuclei, runner, question, which):
        words = []
        classifying.progressed.connect(lambda said, _: words.append(said))
        classifying.start_run(image, nuclei, question)
        for _ in range(3):
            runner.step()
        viewer.layers.remove(which)
        runner.run()
        assert not classifying.running
        assert words[-1] == "Stopped: a layer that the run needs was removed."
        assert which not in viewer.layers

    def test_an_image_deleted_during_segmentation_ends_it(self, classifying, viewer, image, runner):
        classifying.segment(image, SegmentationRecipe())
        runner.step()
        viewer.layers.remove(image)
        runner.run()
        assert len(viewer.layers) == 0

    def test_what_goes_wrong_in_the_run_is_said(self, classifying, image, nuclei, runner, question, said, classifier):
        classifier.error = DeviceError("No memory is left.")
        classifying.start_run(image, nuclei, question)
        runner_says(runner, said, "It failed: No memory is left.")


class TestWeights:
    """With a real network, untrained."""

    @pytest.fixture
    def real(self, viewer, runner):
        return ClassificationSession(viewer, runner, workflows.classify_steps, workflows.segment_steps)

    @pytest.fixture
    def own(self, untrained_classifier):
        return ClassificationRecipe(weights=str(untrained_classifier.file), device="cpu")

    def test_a_file_of_ones_own_names_every_cell_also_at_the_border(self, real, viewer, image, nuclei, runner, own):
        real.start_run(image, nuclei, own)
        runner.run()
        table = viewer.layers[RESULT].features
        assert tuple(table["index"]) == CELLS
        np.testing.assert_allclose(table["p_micronucleus"] + table["p_none"], 1, atol=1e-5)

    @pytest.mark.parametrize("harm", ["cut", "alter", "remove"])
    def test_weights_cut_short_or_altered_are_said(self, real, image, nuclei, runner, own, untrained_classifier, harm):
        file = untrained_classifier.file
        pixels = bytearray(file.read_bytes())
        pixels[-1] ^= 1
        {
            "cut": lambda: file.write_bytes(file.read_bytes()[:1000]),
            "alter": lambda: file.write_bytes(pixels),
            "remove": file.unlink,
        }[harm]()
        said = []
        real.message_sent.connect(said.append)
        real.start_run(image, nuclei, own)
        runner_says(runner, said, "is missing" if harm == "remove" else "damaged or was exchanged")


class TestReview:
    def test_it_begins_with_the_least_certain_cell_in_the_middle(self, classified, viewer):
        results = classified.results
        results.begin_review()
        layer = viewer.layers[RESULT]
        assert results.queue.cell == 70_000
        np.testing.assert_allclose(viewer.scene.camera.center[-2:], (31.95, 41.95), atol=0.1)
        assert viewer.layers.selection.active is layer
        assert (layer.contour, layer.opacity) == (1, 1)
        assert colour(layer, 70_000) == rgb("micronucleus")
        assert colour(layer, 4)[3] < 100

    def test_what_the_border_leaves_of_a_cell_does_not_fill_the_canvas(
        self, classifying, viewer, image, labels, runner, question
    ):
        labels[labels == 70_000] = 0
        labels[200:240, 599] = 70_000
        classifying.start_run(image, viewer.add_labels(labels, name="cut"), question)
        runner.run()
        classifying.results.begin_review()
        assert classifying.results.queue.cell == 70_000
        assert min(viewer.canvas.size) / viewer.scene.camera.zoom == pytest.approx(6 * 2 * 40 / np.sqrt(np.pi) * 0.1)

    def test_keys_judge_accept_and_undo_and_go_when_the_review_does(self, classified, viewer):
        layer, results = viewer.layers[RESULT], classified.results
        assert len(layer.keymap) == 0
        results.begin_review()
        press(layer, "2")
        press(layer, "Space")
        assert results.current.reviewed.corrections == {70_000: "none", 9: "micronucleus"}
        press(layer, "U")
        press(layer, "Ctrl+Z")
        assert results.current.reviewed.corrections == {}
        assert results.queue.cell == 70_000
        press(layer, "9")  # no such class
        press(layer, "2")
        press(layer, "Escape")
        assert len(layer.keymap) == 0
        assert results.queue is None
        table = layer.features.set_index("index")
        assert table.loc[70_000, "corrected"] == "none"
        assert table.loc[70_000, "class"] == "micronucleus"  # what the classifier says stays
        assert colour(layer, 70_000) == rgb("none")

    def test_it_ends_after_the_last_cell_and_does_not_ask_twice(self, classified):
        results = classified.results
        results.begin_review()
        for _ in range(4):
            results.accept()
        assert results.queue is None
        results.begin_review()
        assert results.queue is None

    def test_judgements_are_counted_and_outlive_another_run(self, classified, viewer, image, nuclei, runner, question):
        results = classified.results
        results.begin_review()
        results.press("2")
        results.end_review()
        assert ("Micronucleated nuclei", "3") in classified.report.read().rows
        classified.start_run(image, nuclei, question)
        runner.step()
        results.begin_review()
        assert results.queue is None  # not while a run goes on
        runner.run()
        assert viewer.layers[RESULT].features.set_index("index").loc[70_000, "corrected"] == "none"
        assert classified.corrections(image, nuclei, question) == 1
        classified.start_run(image, nuclei, question, keep_corrections=False)
        runner.run()
        assert classified.corrections(image, nuclei, question) == 0

    def test_judgements_outlive_a_stopped_run(self, classified, image, nuclei, runner, question):
        results = classified.results
        results.begin_review()
        results.press("2")
        classified.start_run(image, nuclei, question)
        for _ in range(3):
            runner.step()
        classified.stop()
        assert results.current.reviewed.corrections == {70_000: "none"}

    def test_a_layer_deleted_in_a_review_ends_it(self, classified, viewer):
        classified.results.begin_review()
        viewer.layers.remove(RESULT)
        assert classified.results.queue is None
        assert classified.results.counted == ()
        assert classified.report.read().rows == ()


def press(layer, key):
    next(act for bound, act in layer.keymap.items() if str(bound) == key)(layer)


class TestFilter:
    def test_other_classes_and_certain_cells_become_transparent(self, classified, viewer, classifier):
        layer, results = viewer.layers[RESULT], classified.results
        results.choose("none", 0)
        assert colour(layer, 4)[3] == 0
        results.choose(None, 0.9)
        assert [colour(layer, number)[3] for number in CELLS] == [0, 0, 255, 255]
        results.choose(None, 0)
        assert colour(layer, 4) == rgb("micronucleus")
        assert len(classifier.asked) == 1

    def test_the_class_of_a_person_counts(self, classified, viewer):
        results = classified.results
        results.begin_review()
        results.press("2")
        results.end_review()
        results.choose("none", 0)
        assert [colour(viewer.layers[RESULT], number)[3] for number in CELLS] == [0, 0, 0, 255]


class TestSave:
    def test_the_file_agrees_with_the_table_to_the_row(self, classified, viewer, runner, tmp_path, said):
        results = classified.results
        results.begin_review()
        results.press("2")
        results.end_review()
        classified.save(tmp_path)
        runner.run()
        assert said[-1].startswith("Saved cells.csv")
        with (tmp_path / "cells.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        table = viewer.layers[RESULT].features
        assert [int(row["cell"]) for row in rows] == table["index"].tolist()
        for row, (_, shown) in zip(rows, table.iterrows(), strict=True):
            assert row["image"] == "smear"
            assert row["class"] == (shown["corrected"] or shown["class"])
            assert bool(row["corrected"]) == bool(shown["corrected"])
            assert row["predicted_class"] == shown["class"]
            for column in ("p_micronucleus", "p_none", "entropy"):
                assert float(row[column]) == pytest.approx(shown[column], abs=1e-4)
        assert {"area", "centroid_y", "centroid_x"} <= rows[0].keys()
        (image,) = json.loads((tmp_path / "run.json").read_text())["images"]
        assert image["corrections"]["counts"] == {"class": 1}
        assert (tmp_path / "summary.csv").exists()

    def test_a_folder_that_cannot_be_written_is_said(self, classified, runner, tmp_path, said):
        (tmp_path / "file").write_text("")
        classified.save(tmp_path / "file" / "below")
        runner.run()
        assert said[-1].startswith("Nothing could be saved")


def test_a_viewer_has_one_classification(viewer, runner):
    classifying = classification_session(viewer, lambda _: runner)
    assert classification_session(viewer, lambda _: runner) is classifying
