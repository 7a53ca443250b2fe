"""What a person can do with explained cells: run, stop, look, compare, save; and what is said where it cannot be."""

import gc
import weakref

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Layer
from PIL import Image as Picture

from napari_hemalens import workflows
from napari_hemalens.config.options import ClassifierRecipe, CropRecipe, ExplanationRecipe
from napari_hemalens.errors import DeviceError
from napari_hemalens.gui.cell_layers import holds_cells
from napari_hemalens.gui.explain import pyramid
from napari_hemalens.gui.explain import state as states
from napari_hemalens.gui.explain import view as views
from napari_hemalens.gui.explain.layers import Blend
from napari_hemalens.gui.explain.pyramid import HeatmapPyramid
from napari_hemalens.gui.explain.session import ExplanationSession, explanation_session
from napari_hemalens.gui.layers import as_layers, holds_pixels
from napari_hemalens.models.weights import ClassifierCard
from napari_hemalens.records.tasks import task
from napari_hemalens.rendering.fields import render_field

SHAPE = (400, 600)
CELLS = (4, 7, 9, 70_000)
RESULT = "smear: Attention, layer 5"
CAM = "smear: Grad-CAM"


@pytest.fixture
def said(explaining):
    sentences = []
    explaining.message_sent.connect(sentences.append)
    return sentences


@pytest.fixture
def image(viewer):
    return viewer.layers["smear"]


@pytest.fixture
def explained(explaining, image, nuclei, runner, asking):
    """The session after a run by two methods."""
    explaining.start_run(image, nuclei, asking, ("layer-5", "grad-cam"))
    runner.run()
    return explaining


class TestRun:
    def test_heat_lies_over_the_image_one_layer_a_method_in_colours_that_mean_the_same_everywhere(
        self, explained, viewer, image
    ):
        layer = viewer.layers[RESULT]
        assert isinstance(layer, Image)
        assert layer.data.shape == SHAPE
        assert (layer.data[310, 410], layer.data[200, 10]) == (0.75, 0)
        np.testing.assert_array_equal(layer.scale, image.scale)
        assert layer.units == image.units
        assert tuple(layer.contrast_limits) == (0, 1)
        assert layer.blending == "translucent"
        clear, opaque = layer.colormap.map(np.array([0.0, 1.0]))[:, 3]
        assert (clear, opaque) == (0, 1)
        assert CAM in viewer.layers

    def test_it_lies_where_image_and_cells_do_with_their_units(self, explaining, viewer, labels, runner, asking):
        place = {"scale": (0.2, 0.3), "translate": (5.0, 7.0), "units": ("nm", "nm")}
        image = viewer.add_image(np.zeros(SHAPE, np.uint8), name="placement", **place)
        explaining.start_run(image, viewer.add_labels(labels, name="there", **place), asking)
        runner.run()
        layer = viewer.layers["placement: Attention, layer 5"]
        np.testing.assert_array_equal(layer.scale, image.scale)
        np.testing.assert_array_equal(layer.translate, image.translate)
        assert layer.units == image.units

    def test_the_layer_says_how_it_was_made(self, explained, viewer):
        origin = viewer.layers[CAM].metadata["hemalens"]
        assert (origin["method"], origin["target"], origin["weights"]) == ("grad-cam", "predicted", "fake")
        assert origin["sha256"] == "0"
        assert origin["recipe"]["method"] == "grad-cam"

    def test_without_methods_it_is_the_best_of_these_weights(self, explaining, viewer, image, nuclei, runner, asking):
        explaining.start_run(image, nuclei, asking)
        runner.run()
        assert [layer.name for layer in viewer.layers] == ["smear", "nuclei", RESULT]

    def test_one_method_is_on_screen_and_the_cells_give_way_to_it(self, explained, viewer, nuclei):
        assert (viewer.layers[RESULT].visible, viewer.layers[CAM].visible, nuclei.visible) == (True, False, False)
        explained.results.show_method("grad-cam")
        assert (viewer.layers[RESULT].visible, viewer.layers[CAM].visible) == (False, True)
        for name in (RESULT, CAM):
            viewer.layers.remove(name)
        assert nuclei.visible
        assert explained.results.current is None

    def test_heat_is_no_image_to_be_analysed_and_holds_no_cells(self, explained, viewer):
        assert [layer.name for layer in viewer.layers if holds_pixels(layer)] == ["smear"]
        assert not holds_cells(viewer.layers[RESULT])

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
        assert CAM not in viewer.layers

    def test_another_run_of_a_method_replaces_its_heat_and_the_others_stay_to_be_compared(
        self, explained, viewer, image, nuclei, runner, asking
    ):
        layer, before = viewer.layers[RESULT], viewer.layers[RESULT].data
        explained.start_run(image, nuclei, asking, ("layer-5",))
        runner.run()
        assert [each.name for each in viewer.layers] == ["smear", "nuclei", RESULT, CAM]
        assert viewer.layers[RESULT] is layer
        assert layer.data is not before
        assert set(explained.results.current.shown) == {"layer-5", "grad-cam"}
        assert len(explained.results.states) == 1

    def test_heat_of_another_class_is_not_compared_with_that_of_this_one(
        self, explained, viewer, image, nuclei, runner, asking
    ):
        layer = viewer.layers[RESULT]
        explained.start_run(image, nuclei, asking.model_copy(update={"target": "none"}), ("layer-5",))
        runner.run()
        assert set(explained.results.current.shown) == {"layer-5"}
        assert viewer.layers[RESULT] is layer
        assert layer.metadata["hemalens"]["target"] == "none"
        assert viewer.layers[CAM].metadata["hemalens"]["target"] == "predicted"

    def test_after_painting_other_heat_is_not_compared(self, explained, image, nuclei, runner, asking):
        nuclei.data[200:220, 200:220] = 5
        explained.start_run(image, nuclei, asking, ("layer-5",))
        runner.run()
        assert set(explained.results.current.shown) == {"layer-5"}
        assert 5 in explained.results.current.classified.ids

    def test_opacity_and_blending_are_those_of_all_heat_also_of_a_later_run(
        self, explaining, viewer, image, nuclei, runner, asking
    ):
        explaining.start_run(image, nuclei, asking)
        runner.run()
        explaining.results.blend_as(Blend(0.3, additive=True))
        explaining.start_run(image, nuclei, asking, ("grad-cam",))
        runner.run()
        for name in (RESULT, CAM):
            assert (viewer.layers[name].opacity, viewer.layers[name].blending) == (0.3, "additive")

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

    def test_of_a_stack_the_plane_on_screen_is_explained_and_its_heat_hides_with_it(
        self, explaining, viewer, labels, runner, asking
    ):
        image = viewer.add_image(np.zeros((5, *SHAPE), np.uint8), name="stack")
        stack = viewer.add_labels(np.stack([labels, np.where(labels == 9, 9, 0), *[labels] * 3]), name="planes")
        viewer.dims.set_current_step(0, 1)
        explaining.start_run(image, stack, asking)
        runner.run()
        layer = viewer.layers["stack: Attention, layer 5"]
        assert explaining.results.current.classified.ids.tolist() == [9]
        assert layer.ndim == 2
        assert layer.visible
        viewer.dims.set_current_step(0, 2)
        assert not layer.visible
        assert explaining.results.at((2, 120, 220)) is None
        viewer.dims.set_current_step(0, 1)
        assert layer.visible
        assert explaining.results.at((1, 120, 220))[1] == 9

    def test_a_plane_without_cells_says_so(self, explaining, viewer, labels, runner, asking, said):
        image = viewer.add_image(np.zeros((5, *SHAPE), np.uint8), name="stack")
        stack = viewer.add_labels(np.stack([labels] + [labels * 0] * 4), name="planes")
        viewer.dims.set_current_step(0, 3)
        explaining.start_run(image, stack, asking)
        runner.run()
        assert said == ["It failed: Plane 3 of the labels holds no cell: move the slider to one that does."]
        assert not explaining.running

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

    def test_a_cell_at_the_border_has_its_heat_as_far_as_the_image_goes(self, explained, viewer):
        assert viewer.layers[RESULT].data[0, 110] == 0.75
        results, _ = explained.results.current.explained_by_methods(np.array([4]))
        assert results[0].windows[0, 0] < 0

    def test_a_real_classifier_explains_them(self, viewer, runner, image, nuclei, untrained_classifier):
        session, said = ExplanationSession(viewer, runner), []
        session.message_sent.connect(said.append)
        asking = ExplanationRecipe(weights=str(untrained_classifier.file), device="cpu")
        session.start_run(image, nuclei, asking, ("grad-cam-middle", "occlusion"))
        runner.run()
        assert said == []
        expected = workflows.explain(
            image.data, nuclei.data, asking, method="occlusion", pixel_size_um=asking.pixel_size_um
        )
        np.testing.assert_allclose(viewer.layers["smear: Occlusion"].data, expected.heatmap, atol=1e-6)
        assert viewer.layers["smear: Occlusion"].metadata["hemalens"]["sha256"] == untrained_classifier.sha256


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


class TestLarge:
    @pytest.fixture
    def few(self, monkeypatch):
        """An image of more than two cells is large."""
        monkeypatch.setattr(states, "MANY", 2)
        monkeypatch.setattr(views, "REST", 0)

    @staticmethod
    def look(viewer, image, region):
        """Move what the canvas of a window would show."""
        image.corner_pixels = np.array([region[:2], region[2:]])
        camera = getattr(viewer, "scene", viewer).camera
        camera.center = (*camera.center[:-1], camera.center[-1] + 1)

    def test_only_cells_in_view_are_explained_and_others_as_they_come_into_view(
        self, few, explaining, viewer, image, nuclei, runner, asking, explainer
    ):
        words = []
        explaining.progressed.connect(lambda said, _: words.append(said))
        self.look(viewer, image, (80, 80, 200, 250))
        explaining.start_run(image, nuclei, asking, ("layer-5", "grad-cam"))
        runner.run()
        assert [only for *_, only in explainer.asked] == [[7, 9], [7, 9]]
        assert words[-1] == "2 of 4 cells; more as they come into view."
        self.look(viewer, image, (80, 180, 390, 590))
        runner.draw()
        runner.run()
        assert [only for *_, only in explainer.asked[2:]] == [[70_000], [70_000]]  # those known are not done again
        assert explaining.results.current.classified.ids.tolist() == [7, 9, 70_000]
        heatmap = viewer.layers[RESULT].data
        assert (heatmap[120, 120], heatmap[320, 420], heatmap[20, 120]) == (0.75, 0.75, 0)
        self.look(viewer, image, (80, 180, 390, 590))
        runner.draw()
        assert not explaining.running

    def test_what_was_in_view_waits_while_a_person_looks_elsewhere(
        self, few, explaining, viewer, image, nuclei, runner, asking, explainer
    ):
        self.look(viewer, image, (80, 80, 200, 250))
        explaining.start_run(image, nuclei, asking)
        for _ in range(3):
            runner.step()
        self.look(viewer, image, (280, 380, 390, 590))
        runner.draw()
        assert explaining.running  # anew
        runner.run()
        assert [only for *_, only in explainer.asked] == [[7, 9], [70_000]]

    def test_stop_stops_following_the_view(self, few, explaining, viewer, image, nuclei, runner, asking, explainer):
        self.look(viewer, image, (80, 80, 200, 250))
        explaining.start_run(image, nuclei, asking)
        for _ in range(3):
            runner.step()
        explaining.stop()
        self.look(viewer, image, (280, 380, 390, 590))
        assert runner.drawings == []
        runner.run()
        assert len(explainer.asked) == 1

    def test_out_of_view_nothing_is_explained_until_there_is_something(
        self, few, explaining, viewer, image, nuclei, runner, asking, explainer
    ):
        self.look(viewer, image, (500, 700, 510, 710))
        explaining.start_run(image, nuclei, asking)
        runner.run()
        assert explainer.asked == []
        self.look(viewer, image, (280, 380, 390, 590))
        runner.draw()
        runner.run()
        assert [only for *_, only in explainer.asked] == [[70_000]]
        assert RESULT in viewer.layers

    def test_of_too_many_in_view_those_in_the_middle_are_explained(
        self, few, explaining, viewer, image, nuclei, runner, asking, explainer
    ):
        self.look(viewer, image, (0, 0, 399, 599))
        explaining.start_run(image, nuclei, asking)
        runner.run()
        assert [only for *_, only in explainer.asked] == [[9, 70_000]]

    def test_a_large_image_is_shown_in_levels_that_keep_the_hottest(
        self, monkeypatch, explaining, viewer, image, nuclei, runner, asking
    ):
        monkeypatch.setattr(pyramid, "LARGE", 300)
        monkeypatch.setattr(pyramid, "_COARSEST", 100)
        explaining.start_run(image, nuclei, asking)
        runner.run()
        layer = viewer.layers[RESULT]
        assert layer.multiscale
        fine, coarse, coarsest = layer.data
        assert (fine.shape, coarse.shape, coarsest.shape) == ((400, 600), (100, 150), (25, 38))
        np.testing.assert_array_equal(coarse, fine.reshape(100, 4, 150, 4).max(axis=(1, 3)))
        padded = np.pad(coarse, ((0, 0), (0, 2))).reshape(25, 4, 38, 4)
        np.testing.assert_array_equal(coarsest, padded.max(axis=(1, 3)))

    def test_heat_of_overlapping_cells_is_the_higher_one(self, explained):
        results, _ = explained.results.current.explained_by_methods(np.array([7]))
        heatmap = HeatmapPyramid.blank(SHAPE)
        heatmap.levels[0][:] = 0.5
        part = results[0]
        part = type(part)(
            **{
                name: getattr(part, name)
                for name in ("cells", "method", "target", "targets", "crops", "crop_heatmaps", "windows")
            },
            heatmap=np.where(np.arange(SHAPE[1]) < 120, 0.9, 0.1).astype(np.float32) * np.ones(SHAPE, np.float32),
        )
        heatmap.lay(part)
        assert heatmap.levels[0][120, 110] == np.float32(0.9)
        assert heatmap.levels[0][120, 125] == 0.5
        assert heatmap.levels[0][300, 110] == 0.5  # not of this cell


class TestLook:
    def test_a_click_chooses_the_cell_and_tells_who_wants_to_know(self, explained, image):
        told = []
        explained.cell_chosen.connect(lambda *news: told.append(news))
        explained._on_click((12.0, 22.0))
        explained._on_click((12.1, 22.1))
        assert told == [(image, 9)]
        results, titles = explained.looked_at()
        assert titles == ["Attention, layer 5", "Grad-CAM"]
        assert [result.cells.ids.tolist() for result in results] == [[9], [9]]

    def test_what_lies_beside_a_nucleus_belongs_to_the_nearest_one_and_the_rest_to_none(self, explained):
        assert explained.results.at((14.2, 22.0))[1] == 9  # 22 pixels below its middle
        assert explained.results.at((20.0, 10.0)) is None
        assert explained.results.at((-5.0, 10.0)) is None

    def test_other_docks_choose_by_number_and_unknown_cells_are_passed_over(self, explained, viewer, image):
        told = []
        explained.cell_chosen.connect(lambda *news: told.append(news))
        explained.choose_cell(7)
        explained.choose_cell(7, image)
        explained.choose_cell(5)
        explained.choose_cell(9, viewer.add_image(np.zeros(SHAPE), name="other"))
        assert told == [(image, 7)]

    def test_the_extremes_are_the_most_and_the_least_certain(self, explained):
        results, titles = explained.extremes(1)
        assert results[0].cells.ids.tolist() == [4, 70_000]
        assert len(titles) == 2

    def test_the_gallery_is_saved_as_a_picture(self, explained, runner, said, tmp_path):
        explained.save_gallery(tmp_path / "cells.png", 2)
        runner.run()
        assert said == [f"Saved {tmp_path / 'cells.png'}."]
        with Picture.open(tmp_path / "cells.png") as picture:
            assert picture.width == 1200
        assert [file.name for file in tmp_path.glob("*.png")] == ["cells.png"]

    def test_heat_is_kept_small(self, explained):
        tiles = explained.results.current.found["layer-5"].tiles
        part = explained.results.current.explained_by_methods(np.array([7]))[0][0]
        assert part.crop_heatmaps.dtype == np.float32
        np.testing.assert_allclose(part.crop_heatmaps, 0.75, atol=1 / 255)
        assert all(kept.crop_heatmaps.dtype == np.uint8 for kept in tiles._parts)


class TestRefusals:
    def test_without_an_image_nothing_runs(self, explaining, nuclei, asking, said):
        explaining.start_run(None, nuclei, asking)
        assert said == ["There is no image: open one first."]
        assert not explaining.running

    def test_image_and_cells_have_to_lie_on_each_other(self, explaining, viewer, image, labels, asking, said):
        elsewhere = viewer.add_labels(labels, name="elsewhere", scale=(3, 3), units=("um", "um"))
        explaining.start_run(image, elsewhere, asking)
        assert "do not lie on each other" in said[0]

    def test_an_empty_layer_holds_no_cell(self, explaining, viewer, image, runner, asking, said):
        explaining.start_run(image, viewer.add_labels(np.zeros(SHAPE, np.uint8), name="empty"), asking)
        runner.run()
        assert "hold no cell" in said[0]
        assert explaining.results.current is None

    def test_a_class_that_the_weights_do_not_know_is_named_with_those_they_do(
        self, explaining, image, nuclei, asking, said
    ):
        explaining.start_run(image, nuclei, asking.model_copy(update={"target": "blast"}))
        assert "'blast'" in said[0]
        assert "micronucleus, none" in said[0]

    def test_a_method_that_the_network_does_not_have_is_named_with_those_it_has(
        self, explaining, image, nuclei, asking, said
    ):
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
        assert said == ["It failed: No gradient passes through this network."]
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

    def test_heat_that_a_person_removes_during_a_run_is_let_go_and_the_other_methods_go_on(
        self, explaining, viewer, image, nuclei, runner, asking, explainer
    ):
        explaining.start_run(image, nuclei, asking, ("layer-5", "grad-cam"))
        for _ in range(3):
            runner.step()
        viewer.layers.remove(RESULT)
        assert explaining.running
        runner.run()
        assert [layer.name for layer in viewer.layers] == ["smear", "nuclei", CAM]
        assert set(explaining.results.current.shown) == {"grad-cam"}

    def test_a_run_stops_whose_only_heat_a_person_removes(self, explaining, viewer, image, nuclei, runner, asking):
        explaining.start_run(image, nuclei, asking)
        for _ in range(3):
            runner.step()
        viewer.layers.remove(RESULT)
        assert not explaining.running
        assert RESULT not in viewer.layers
        assert explaining.looked_at() == ([], [])

    def test_heat_can_be_asked_for_again_once_removed(self, explained, viewer, image, nuclei, runner, asking):
        viewer.layers.remove(RESULT)
        explained.start_run(image, nuclei, asking, ("layer-5",))
        runner.run()
        assert RESULT in viewer.layers
        assert set(explained.results.current.shown) == {"layer-5", "grad-cam"}


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
