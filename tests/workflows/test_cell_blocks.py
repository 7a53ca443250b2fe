"""Which cells are looked at together."""

import numpy as np

from napari_hemalens.workflows.cell_blocks import gathered


def test_cells_of_a_block_of_the_slide_stay_together() -> None:
    blocks = [np.arange(n) for n in (10, 60, 3, 100, 5)]
    assert [len(some) for some in gathered(blocks)] == [70, 103, 5]
