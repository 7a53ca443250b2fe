"""Curves and matrices become pictures, also where a class has no cell."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np

from napari_hemalens.evaluation.class_pictures import draw_confusions, draw_roc

P = np.array([0.9, 0.6, 0.4, 0.2], dtype=np.float32)


def test_curves_of_many_runs_are_drawn_and_one_without_positives_left_out(tmp_path: Path) -> None:
    positive = np.array([True, False, True, False])
    curves = {f"row {i}": [(P, positive), (1 - P, positive)] for i in range(13)} | {"none": [(P, P > 1)]}
    draw_roc(curves, tmp_path / "roc.png", title="Rows")
    assert np.ptp(iio.imread(tmp_path / "roc.png")) > 0


def test_a_matrix_is_drawn_for_each_name(tmp_path: Path) -> None:
    counts = np.array([[5, 1], [0, 0]])
    draw_confusions({"a": counts}, ("x", "y"), tmp_path / "one.png", title="One")
    draw_confusions(dict.fromkeys("abcde", counts), ("x", "y"), tmp_path / "five.png", title="Five")
    assert iio.imread(tmp_path / "five.png").size > iio.imread(tmp_path / "one.png").size
