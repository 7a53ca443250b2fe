"""A pool is drawn in the shares of a marrow, and its cells are those of the folder."""

from collections import Counter

import numpy as np

from napari_hemalens.experiments.teaching_pools import draw_pool


def test_a_pool_of_six_classes_is_as_unequal_as_a_marrow() -> None:
    names = np.repeat([f"class {k}" for k in range(6)], 300)
    rows = draw_pool(names, 0)
    assert sorted(Counter(names[rows].tolist()).values()) == [10, 15, 25, 50, 100, 300]
    assert not np.array_equal(rows, draw_pool(names, 1))
    assert len(draw_pool(names[:900], 0)) == 900
