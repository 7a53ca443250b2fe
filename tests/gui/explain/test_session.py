"""Explanation in one viewer: run, stop, look, save, and the messages where it cannot be done."""

import gc
import weakref

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Layer
from PIL import Image as Picture

from napari_hemalens import workflows
from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import DeviceError
from napari_hemalens.gui.explain.session import ExplanationSession, explanation_session
from napari_hemalens.gui.layers import as_layers
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.records.tasks import task
from napari_hemalens.rendering.fields import render_field

SHAPE = (400, 600)
RESULT = "smear: Attention, layer 5"
CAM = "smear: Grad-CAM"


class TestRun:
    def test_without_methods_it_is_the_best_of_these_weights(self, explaining, viewer, image, nuclei, runner, asking):
        explaining.start_run(image, nuclei, asking)
        runner.run()
        assert [layer.name for layer in viewer.layers] == ["smear", "nuclei", RESULT]

    def test_partial_results_are_shown_and_a_second_run_is_refused_in_words(
        self, explaining, viewer, image, nuclei, runner, asking, explainer, said
    ):
        explaining.start_run(image, nuclei, asking)
        explaining.start_run(image, nuclei, asking)
        assert said == ["A run goes on: wait for its end, or press Stop."]
        for _ in range(3):
            runner.step()
        heatmap = viewer.layers[RESULT].data
        assert (heatmap[20, 120], heatmap[310, 410]) == (0.75, 0)
        runner.run()
        assert heatmap[310, 410] == 0.75
        assert len(explainer.asked) == 1

    def test_stop_keeps_what_was_found(self, explaining, viewer, image, nuclei, runner, asking):
        explaining.start_run(image, nuclei, asking, ("layer-5", "grad-cam"))
        for _ in range(3):
            runner.step()
        explaining.stop()
        assert not explaining.running
        assert len(explaining.results.current.classified) == 2
        assert set(explaining.results.current.shown) == {"layer-5"}

    def test_a_closed_viewer_is_not_kept_alive(self, runner, explainer):
        viewer = ViewerModel()
        session = weakref.ref(explanation_session(viewer, lambda _: runner))
        assert session() is explanation_session(viewer, lambda _: runner)
        seen = weakref.ref(viewer)
        del viewer
        gc.collect()
        assert seen() is None
        assert session() is None


class TestCells:
    def test_the_boxes_of_detected_cells_are_explained(self, explaining, boxes, image, runner, asking, explainer):
        explaining.start_run(image, boxes, asking)
        runner.run()
        _, cells, _, _ = explainer.asked[0]
        assert cells.ids.tolist() == [1, 2, 3]  # the fourth is a red cell

    @pytest.mark.parametrize(("relabel", "cells"), [(True, 4), (False, 1)])
    def test_a_mask_is_parted_only_after_asking(
        self, explaining, viewer, image, labels, runner, asking, explainer, relabel, cells
    ):
        mask = viewer.add_labels((labels > 0).astype(np.uint8), name="mask", scale=(0.1, 0.1), units=("um", "um"))
        asked = []
        explaining.semantic_labels_found.connect(lambda: asked.append(True))
        explaining.start_run(image, mask, asking)
        runner.run()
        assert asked == [True]
        assert explainer.asked == []
        explaining.start_run(image, mask, asking.model_copy(update={"relabel": relabel}))
        runner.run()
        assert asked == [True]
        assert len(explaining.results.current.classified) == cells

    def test_a_real_classifier_explains_them(self, viewer, runner, image, nuclei, untrained_classifier):
        session, said = ExplanationSession(viewer, runner), []
        session.message_sent.connect(said.append)
        asking = ExplanationRecipe(weights=str(untrained_classifier.file), device="cpu")
        session.start_run(image, nuclei, asking, ("grad-cam-middle", "saliency"))
        runner.run()
        assert said == []
        expected = workflows.explain(
            image.data, nuclei.data, asking, method="saliency", pixel_size_um=asking.pixel_size_um
        )
        session.results.switch(1)
        np.testing.assert_allclose(viewer.layers["smear: Saliency"].data, expected.heatmap, atol=1e-6)
        assert viewer.layers["smear: Saliency"].metadata["hemalens"]["sha256"] == untrained_classifier.sha256


class TestField:
    @pytest.fixture
    def of_fields(self, tmp_path):
        card = ClassifierCard(
            name="fields",
            description="Names fields",
            task="field",
            classes=task("field").classes,
            network=ClassifierRecipe(network="resnet18"),
            crop=CropRecipe(unit="field", width=1.0),
            metrics={},
            data="",
            licence="",
            training={},
            sha256="0",
        )
        file = tmp_path / "fields.json"
        file.write_text(card.model_dump_json(), encoding="utf-8")
        return ExplanationRecipe(task="field", weights=str(file), device="cpu")

    def test_a_whole_field_needs_no_cells_and_is_looked_at_at_once(
        self, explaining, viewer, image, runner, of_fields, explainer
    ):
        chosen = []
        explaining.cell_chosen.connect(lambda *news: chosen.append(news))
        explaining.start_run(image, None, of_fields, ("grad-cam",))
        runner.run()
        _, cells, _, only = explainer.asked[0]
        assert (cells.areas.tolist(), only) == ([400 * 600], None)
        assert viewer.layers[CAM].data.shape == SHAPE
        assert chosen == [(image, 1)]
        (result, *_), titles = explaining.looked_at()
        assert result.cells.names == ("benign", "early", "pre", "pro")
        assert titles == ["Grad-CAM"]

    def test_cells_are_asked_for_where_the_task_is_of_cells(self, explaining, image, asking, said):
        explaining.start_run(image, None, asking)
        assert said[0].startswith("There are no cells to explain")


class TestLook:
    def test_a_click_chooses_the_cell_and_tells_who_wants_to_know(self, explained, image):
        told = []
        explained.cell_chosen.connect(lambda *news: told.append(news))
        explained._on_click((12.0, 22.0), [image])
        explained._on_click((12.1, 22.1), [image])
        assert told == [(image, 9)]
        results, titles = explained.looked_at()
        assert titles == ["Attention, layer 5", "Grad-CAM"]
        assert [result.cells.ids.tolist() for result in results] == [[9], [9]]

    def test_other_docks_choose_by_number_and_unknown_cells_are_passed_over(self, explained, viewer, image):
        told = []
        explained.cell_chosen.connect(lambda *news: told.append(news))
        explained.choose_cell(7)
        explained.choose_cell(7, image)
        explained.choose_cell(5)
        explained.choose_cell(9, viewer.add_image(np.zeros(SHAPE), name="other"))
        assert told == [(image, 7)]

    def test_the_gallery_is_saved_as_a_picture(self, explained, runner, said, tmp_path):
        explained.save_gallery(tmp_path / "cells.png", 2)
        runner.run()
        assert said == [f"Saved {tmp_path / 'cells.png'}."]
        with Picture.open(tmp_path / "cells.png") as picture:
            assert picture.width == 1200
        assert [file.name for file in tmp_path.glob("*.png")] == ["cells.png"]

    def test_heatmaps_of_all_methods_are_saved_whichever_is_shown(self, explained, runner, said, tmp_path):
        explained.save_heatmaps(tmp_path)
        runner.run()
        names = ["smear.layer-5.tif", "smear.grad-cam.tif"]
        assert said == [f"Saved {', '.join(names)} in {tmp_path}."]
        for name in names:
            heatmap = tifffile.imread(tmp_path / name)
            assert (heatmap.shape, heatmap[310, 410], heatmap[200, 10]) == (SHAPE, 0.75, 0)


class TestRefusals:
    def test_without_an_image_nothing_runs(self, explaining, nuclei, asking, said):
        explaining.start_run(None, nuclei, asking)
        assert said == ["There is no image: open one first."]
        assert not explaining.running

    def test_image_and_cells_have_to_lie_on_each_other(self, explaining, viewer, image, labels, asking, said):
        elsewhere = viewer.add_labels(labels, name="elsewhere", scale=(3, 3), units=("um", "um"))
        explaining.start_run(image, elsewhere, asking)
        assert "do not lie on each other" in said[0]

    def test_a_class_that_the_weights_do_not_know_is_named_with_those_they_do(
        self, explaining, image, nuclei, asking, said
    ):
        explaining.start_run(image, nuclei, asking.model_copy(update={"target": "blast"}))
        assert "'blast'" in said[0]
        assert "micronucleus, none" in said[0]

    def test_a_method_the_network_lacks_is_named_with_those_it_has(self, explaining, image, nuclei, asking, said):
        explaining.start_run(image, nuclei, asking, ("eca-1",))
        assert "'eca-1'" in said[0]
        assert "layer-5" in said[0]

    def test_weights_of_another_task_are_refused(self, explaining, image, nuclei, asking, said):
        explaining.start_run(image, nuclei, asking.model_copy(update={"task": "all"}))
        assert "the task micronucleus" in said[0]

    def test_what_fails_on_the_way_is_said_and_what_was_found_is_kept(
        self, explaining, viewer, image, nuclei, runner, asking, explainer, said
    ):
        explainer.error = DeviceError("No gradient passes through this network.")
        explaining.start_run(image, nuclei, asking)
        runner.run()
        assert said == ["No gradient passes through this network."]
        assert RESULT in viewer.layers
        assert not explaining.running


class TestRemoved:
    @pytest.mark.parametrize("name", ["smear", "nuclei"])
    def test_a_run_stops_where_a_layer_is_removed_that_it_needs(
        self, explaining, viewer, image, nuclei, runner, asking, name
    ):
        words = []
        explaining.progressed.connect(lambda said, _: words.append(said))
        explaining.start_run(image, nuclei, asking)
        for _ in range(3):
            runner.step()
        viewer.layers.remove(name)
        runner.run()
        assert words[-1] == "Stopped: a layer that the run needs was removed."
        assert RESULT in viewer.layers

    def test_a_run_stops_whose_only_heat_a_person_removes(self, explaining, viewer, image, nuclei, runner, asking):
        explaining.start_run(image, nuclei, asking)
        for _ in range(3):
            runner.step()
        viewer.layers.remove(RESULT)
        assert not explaining.running
        assert RESULT not in viewer.layers
        assert explaining.looked_at() == ([], [])


class TestDetector:
    def test_boxes_of_a_detector_show_where_it_looked_and_what_it_says(self, viewer, runner, attentive):
        """The real thing, from boxes that Detect cells has drawn to heat, a chosen cell and its classes."""
        smear, _ = render_field((320, 320), pixel_size_um=0.15, tissue="marrow", seed=3)
        image = viewer.add_image(smear, rgb=True, name="marrow", scale=(0.15, 0.15), units=("um", "um"))
        found = workflows.detect(smear, weights=str(attentive.file), pixel_size_um=0.15)
        boxes = viewer.add_layer(Layer.create(*as_layers(found, like=image)[0]))
        session = ExplanationSession(viewer, runner)
        chosen = []
        session.cell_chosen.connect(lambda _, number: chosen.append(number))
        recipe = ExplanationRecipe(task="detection", weights=str(attentive.file), pixel_size_um=0.15)
        session.start_run(image, boxes, recipe)
        runner.run()
        heatmap = viewer.layers["marrow: Attention to the box"]
        assert heatmap.data.shape == (320, 320)
        assert heatmap.data.max() > 0.5
        number = int(session.results.current.classified.ids[0])
        session.choose_cell(number)
        (cell,), (title,) = session.looked_at()
        assert (title, chosen) == ("Attention to the box", [number])
        assert cell.cells.names == attentive.classes
        assert cell.crop_heatmaps.max() > 0.5


def test_another_image_does_not_lie_over_a_cell_that_is_visited(explaining, viewer, image, nuclei, runner, asking):
    explaining.start_run(image, nuclei, asking)
    runner.run()
    above = viewer.add_image(image.data.copy(), rgb=True, scale=(0.1, 0.1), units=("um", "um"))
    explaining.visit(7)
    assert not above.visible


def test_heatmaps_lie_where_the_image_was_put_during_the_run(explaining, viewer, image, nuclei, runner, asking):
    explaining.start_run(image, nuclei, asking)
    image.scale, image.translate = (0.2, 0.2), (5, 6)
    runner.run()
    heatmap = explaining.results.current.layer
    assert (heatmap.scale.tolist(), heatmap.translate.tolist()) == ([0.2, 0.2], [5, 6])
    image.scale = (0.3, 0.3)
    assert heatmap.scale.tolist() == [0.3, 0.3]
