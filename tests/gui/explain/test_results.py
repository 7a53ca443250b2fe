"""The heatmaps of one viewer: what is replaced, kept and compared."""

import numpy as np

from napari_hemalens.gui.explain.layers import Blend

SHAPE = (400, 600)
RESULT = "smear: Attention, layer 5"
CAM = "smear: Grad-CAM"


class TestRun:
    def test_one_method_is_on_screen_and_the_cells_give_way_to_it(self, explained, viewer, nuclei):
        assert (viewer.layers[RESULT].visible, viewer.layers[CAM].visible, nuclei.visible) == (True, False, False)
        explained.results.show_method("grad-cam")
        assert (viewer.layers[RESULT].visible, viewer.layers[CAM].visible) == (False, True)
        for name in (RESULT, CAM):
            viewer.layers.remove(name)
        assert nuclei.visible
        assert explained.results.current is None

    def test_a_new_run_of_a_method_replaces_its_heatmap_and_no_other(
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
        assert explaining.results.at((2, 120, 220)) is None
        viewer.dims.set_current_step(0, 1)
        assert layer.visible
        assert explaining.results.at((1, 120, 220))[1] == 9


class TestRemoved:
    def test_heat_can_be_asked_for_again_once_removed(self, explained, viewer, image, nuclei, runner, asking):
        viewer.layers.remove(RESULT)
        explained.start_run(image, nuclei, asking, ("layer-5",))
        runner.run()
        assert RESULT in viewer.layers
        assert set(explained.results.current.shown) == {"layer-5", "grad-cam"}
