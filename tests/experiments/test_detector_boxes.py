"""Images are shown beside what each detector finds on them."""

from pathlib import Path

import imageio.v3 as iio
import pytest

from napari_hemalens.experiments import detector_boxes
from napari_hemalens.experiments.detector_boxes import draw_boxes
from napari_hemalens.training.detection import read_data


def test_there_is_a_row_for_each_image_and_a_column_for_each_detector(
    fields: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    val = read_data([fields], None).val
    monkeypatch.setattr(detector_boxes, "load_detector", lambda card, _: card)
    monkeypatch.setattr(detector_boxes, "detect_in", lambda *_: val[0])
    draw_boxes({"one": None, "two": None}, val[:2], tmp_path / "boxes.png")
    height, width = iio.imread(tmp_path / "boxes.png").shape[:2]
    assert (height, width) == (2 * 330, 3 * 330)  # three inches each; the last column is the truth
