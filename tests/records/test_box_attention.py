import numpy as np

from napari_hemalens.records.box_attention import BoxAttention


def test_a_record_has_as_many_cells_as_grids_of_attention():
    record = BoxAttention(
        np.full((3, 7, 7), 1 / 49, np.float32), np.zeros((3, 4), np.float32), np.full((3, 2), 0.5, np.float32)
    )
    assert len(record) == 3
