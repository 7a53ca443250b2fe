"""A heatmap in levels."""

import numpy as np
import pytest
import zarr

from napari_hemalens.gui.explain import pyramid
from napari_hemalens.gui.explain.pyramid import HeatmapPyramid

SHAPE = (400, 600)
RESULT = "smear: Attention, layer 5"


class TestLarge:
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

    def test_colours_end_at_the_slopes_of_most_pixels_also_in_huge_images(self):
        blank = HeatmapPyramid.blank(SHAPE)
        blank.levels[0][:100] = 0.1
        blank.levels[0][0, 0] = 1
        huge = HeatmapPyramid((zarr.array(blank.levels[0]),))
        for heatmap in (blank, huge):
            assert heatmap.drawn_as_hottest("saliency") == pytest.approx(0.1)
            assert heatmap.drawn_as_hottest("grad-cam") == 1

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
