"""What is known of the nuclei of one layer."""

import numpy as np

from napari_hemalens.gui.classify.state import NucleusValues

VALUES = NucleusValues(np.array([3, 5, 9]), np.array([1, 0, 2]))


def test_values_are_looked_up_by_nucleus():
    assert VALUES.values_for(np.array([9, 3])).tolist() == [2, 1]


def test_an_unknown_nucleus_gives_no_values_at_all():
    assert VALUES.values_for(np.array([3, 10])) is None
    assert NucleusValues(np.zeros(0, int), np.zeros(0, int)).values_for(np.array([3])) is None
