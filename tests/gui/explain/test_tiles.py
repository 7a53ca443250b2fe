"""What is kept of each explained cell."""

import numpy as np

RESULT = "smear: Attention, layer 5"


class TestCells:
    def test_a_cell_at_the_border_has_its_heat_as_far_as_the_image_goes(self, explained, viewer):
        assert viewer.layers[RESULT].data[0, 110] == 0.75
        results, _ = explained.results.current.explained_by_methods(np.array([4]))
        assert results[0].windows[0, 0] < 0


class TestLook:
    def test_heat_is_kept_small(self, explained):
        tiles = explained.results.current.found["layer-5"].tiles
        part = explained.results.current.explained_by_methods(np.array([7]))[0][0]
        assert part.crop_heatmaps.dtype == np.float32
        np.testing.assert_allclose(part.crop_heatmaps, 0.75, atol=1 / 255)
        assert all(kept.crop_heatmaps.dtype == np.uint8 for kept in tiles._parts)
