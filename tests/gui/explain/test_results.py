"""The heatmaps of one viewer: what is replaced, kept and compared."""

import numpy as np

from napari_hemalens.gui.explain.layers import Blend

SHAPE = (400, 600)
RESULT = "smear: Attention, layer 5"
CAM = "smear: Grad-CAM"


class TestRun:
    def test_one_layer_shows_one_method_and_a_switch_computes_nothing(self, explained, viewer, explainer):
        layer, asked = viewer.layers[RESULT], len(explainer.asked)
        heatmaps = {name: found.heatmap.data for name, found in explained.results.current.found.items()}
        assert [each.name for each in viewer.layers] == ["smear", "nuclei", RESULT]
        assert layer.data is heatmaps["layer-5"]
        explained.results.show_method("grad-cam")
        assert [each.name for each in viewer.layers] == ["smear", "nuclei", CAM]
        assert viewer.layers[CAM] is layer
        assert layer.data is heatmaps["grad-cam"]
        assert layer.metadata["hemalens"]["method"] == "grad-cam"
        assert len(explainer.asked) == asked

    def test_colours_end_where_those_of_pictures_do(self, explaining, viewer, image, nuclei, runner, asking):
        explaining.start_run(image, nuclei, asking, ("saliency", "grad-cam"))
        runner.run()
        (layer,) = (each for each in viewer.layers if each.name.startswith("smear: "))
        assert layer.contrast_limits == [0, 0.75]  # all that is above 0 here
        explaining.results.show_method("grad-cam")
        assert layer.contrast_limits == [0, 1]
        explaining.results.show_method("saliency")
        assert (layer.contrast_limits, layer.data.max()) == ([0, 0.75], 0.75)

    def test_colours_that_a_person_has_set_stay_when_more_cells_come(
        self, explaining, viewer, image, nuclei, runner, asking
    ):
        explaining.start_run(image, nuclei, asking, ("saliency",))
        runner.step()
        while not (layers := [each for each in viewer.layers if each.name.startswith("smear: ")]):
            runner.step()
        layers[0].contrast_limits = (0, 0.5)
        runner.run()
        assert layers[0].contrast_limits == [0, 0.5]

    def test_a_layer_that_a_person_has_hidden_stays_hidden_when_switched(self, explained, viewer):
        viewer.layers[RESULT].visible = False
        explained.results.show_method("grad-cam")
        assert not viewer.layers[CAM].visible

    def test_switching_goes_round_and_says_what_is_shown(self, explained):
        results = explained.results
        assert [results.switch(1), results.switch(1), results.switch(-1)] == [
            "Grad-CAM",
            "Attention, layer 5",
            "Grad-CAM",
        ]
        assert results.method == "grad-cam"

    def test_a_new_run_of_a_method_replaces_its_heatmap_and_no_other(
        self, explained, viewer, image, nuclei, runner, asking
    ):
        layer, before = viewer.layers[RESULT], viewer.layers[RESULT].data
        cam = explained.results.current.found["grad-cam"]
        explained.start_run(image, nuclei, asking, ("layer-5",))
        runner.step()
        assert layer.data is before  # until something new is found
        runner.run()
        assert [each.name for each in viewer.layers] == ["smear", "nuclei", RESULT]
        assert viewer.layers[RESULT] is layer
        assert layer.data is not before
        assert set(explained.results.current.shown) == {"layer-5", "grad-cam"}
        assert explained.results.current.found["grad-cam"] is cam
        assert len(explained.results.states) == 1

    def test_a_method_asked_for_later_joins_the_others(self, explaining, viewer, image, nuclei, runner, asking):
        explaining.start_run(image, nuclei, asking)
        runner.run()
        explaining.start_run(image, nuclei, asking, ("grad-cam",))
        runner.run()
        assert [each.name for each in viewer.layers] == ["smear", "nuclei", CAM]
        assert list(explaining.results.current.shown) == ["layer-5", "grad-cam"]

    def test_heat_of_another_class_takes_the_place_of_that_of_this_one(
        self, explained, viewer, image, nuclei, runner, asking
    ):
        layer = viewer.layers[RESULT]
        explained.start_run(image, nuclei, asking.model_copy(update={"target": "none"}), ("layer-5",))
        runner.run()
        assert set(explained.results.current.shown) == {"layer-5"}
        assert [each for each in viewer.layers if each.name.startswith("smear:")] == [layer]
        assert layer.metadata["hemalens"]["target"] == "none"
        assert len(explained.results.states) == 1

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
        assert (viewer.layers[CAM].opacity, viewer.layers[CAM].blending) == (0.3, "additive")


class TestCells:
    def test_the_plane_on_screen_of_a_stack_is_explained(self, explaining, viewer, labels, runner, asking):
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
        assert explaining.results.at((2, 120, 220), viewer.layers) is None
        explaining.start_run(image, stack, asking)
        runner.run()
        assert len(explaining.results.states) == 2  # each plane keeps its own
        viewer.dims.set_current_step(0, 1)
        assert layer.visible
        assert explaining.results.at((1, 120, 220), viewer.layers)[1] == 9


class TestRemoved:
    def test_heat_can_be_asked_for_again_once_removed(self, explained, viewer, image, nuclei, runner, asking):
        viewer.layers.remove(RESULT)
        assert explained.results.current is None
        explained.start_run(image, nuclei, asking, ("layer-5",))
        runner.run()
        assert RESULT in viewer.layers
        assert set(explained.results.current.shown) == {"layer-5"}
