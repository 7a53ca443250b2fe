"""Heatmaps as Image layers."""

import numpy as np
from napari.layers import Image

from napari_hemalens.gui.cell_layers import holds_cells
from napari_hemalens.gui.layers import holds_pixels

SHAPE = (400, 600)
RESULT = "smear: Attention, layer 5"
CAM = "smear: Grad-CAM"


class TestRun:
    def test_a_heatmap_is_a_layer_over_the_image_in_comparable_colours(self, explained, viewer, image):
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
        explained.results.show_method("grad-cam")
        origin = viewer.layers[CAM].metadata["hemalens"]
        assert (origin["method"], origin["target"], origin["weights"]) == ("grad-cam", "predicted", "fake")
        assert origin["sha256"] == "0"
        assert origin["recipe"]["method"] == "grad-cam"

    def test_heat_is_no_image_to_be_analysed_and_holds_no_cells(self, explained, viewer):
        assert [layer.name for layer in viewer.layers if holds_pixels(layer)] == ["smear"]
        assert not holds_cells(viewer.layers[RESULT])
