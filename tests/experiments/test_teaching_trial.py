"""Measures of a simulated annotation."""

import numpy as np

from napari_hemalens.experiments.teaching_trial import balanced_accuracy


def test_balanced_accuracy_weighs_classes_alike() -> None:
    truth = np.array(["a"] * 8 + ["b"] * 2)
    assert balanced_accuracy(np.array(["a"] * 9 + ["b"]), truth) == 0.75
