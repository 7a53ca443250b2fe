"""Where a detector looked at cells: named by their boxes, with heat in the frame of the image."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import napari_hemalens
from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import AnnotationError, RecipeError, WeightsError
from napari_hemalens.heatmaps.detector_heatmaps import _attention_in_squares
from napari_hemalens.heatmaps.methods import best_of, methods_of
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import finish
from napari_hemalens.records.box_attention import BoxAttention
from napari_hemalens.records.explained import Explained
from napari_hemalens.workflows import explain_files_steps

SHAPE = (240, 320)


@pytest.fixture(scope="module")
def smear() -> tuple[np.ndarray, np.ndarray]:
    """Two dark cells on a bright ground, and labels of them with any numbers."""
    rgb = np.full((*SHAPE, 3), 225, np.uint8)
    labels = np.zeros(SHAPE, np.int32)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for number, (cy, cx, radius) in {3: (70, 80, 34), 8: (160, 230, 25)}.items():
        rgb[np.hypot(y - cy, x - cx) < radius] = (95, 50, 140)
        labels[np.hypot(y - cy, x - cx) < radius] = number
    return rgb, labels


def explained(image: np.ndarray, labels: np.ndarray | None, card: DetectorCard, **options: object) -> Explained:
    of = {"task": "detection", "weights": str(card.file), "pixel_size_um": 0.15, **options}
    return napari_hemalens.explain(image, labels, **of)


def test_each_cell_has_a_class_a_crop_and_heat_that_lies_on_it(
    smear: tuple[np.ndarray, np.ndarray], attentive: DetectorCard
) -> None:
    result = explained(*smear, attentive)
    assert result.cells.ids.tolist() == [3, 8]
    assert result.cells.names == attentive.classes
    assert_allclose(result.cells.probabilities.sum(axis=1), 1, rtol=1e-4)
    assert result.method == "attention"
    np.testing.assert_array_equal(result.targets, result.cells.classes)
    assert_allclose(result.windows[0], [70 - 51, 80 - 51, 70 + 51, 80 + 51], atol=1.5)  # half as wide again
    assert result.crops.shape == (2, 96, 96, 3)
    assert result.crops[0, 48, 48].tolist() == [95, 50, 140]
    assert result.crops[0, 2, 2].tolist() == [225, 225, 225]
    assert result.crop_heatmaps.max() <= 1
    assert (result.crop_heatmaps.max(axis=(1, 2)) > 0.8).all()
    lit = np.nonzero(result.heatmap)
    for low, high, axis in ((19, 197, 0), (29, 268, 1)):
        assert lit[axis].min() >= low - 1
        assert lit[axis].max() <= high + 1


def test_some_cells_alone_look_as_among_all(smear: tuple[np.ndarray, np.ndarray], attentive: DetectorCard) -> None:
    whole, one = explained(*smear, attentive), explained(*smear, attentive, only=[8])
    assert one.cells.ids.tolist() == [8]
    assert_allclose(one.crop_heatmaps[0], whole.crop_heatmaps[1], atol=1e-4)
    np.testing.assert_array_equal(one.crops[0], whole.crops[1])
    with pytest.raises(AnnotationError, match="No cell 5"):
        explained(*smear, attentive, only=[5])


def test_without_labels_the_detector_finds_its_cells(
    smear: tuple[np.ndarray, np.ndarray], attentive: DetectorCard, tmp_path: Path
) -> None:
    found = explained(smear[0], None, attentive)
    cells = napari_hemalens.detect(smear[0], weights=str(attentive.file), pixel_size_um=0.15)
    nucleated = [name for name in cells.class_names if name not in {"erythrocyte", "platelet"}]
    assert len(found) == len(nucleated) > 0


def test_a_target_and_smoothing_are_those_asked_for(
    smear: tuple[np.ndarray, np.ndarray], attentive: DetectorCard
) -> None:
    plain = explained(*smear, attentive, target="lymphocyte")
    smooth = explained(*smear, attentive, smoothing=4.0)
    assert set(plain.target_names) == {"lymphocyte"}
    assert smooth.crop_heatmaps.max() < plain.crop_heatmaps.max()


def test_heat_is_where_the_agent_looked_and_nowhere_else() -> None:
    attention = np.zeros((1, 7, 7), np.float32)
    attention[0, 0, 6] = 0.4  # top right of a window that is wider than high
    attention[0, 6, 0] = 0.2
    seen = BoxAttention(attention, np.array([[30, 0, 70, 140]], np.float32), np.ones((1, 1), np.float32))
    heatmap = _attention_in_squares(seen, np.array([[-20.0, 0.0, 120.0, 140.0]]))[0]
    assert heatmap.max() == pytest.approx(1, abs=0.1)
    row, column = np.unravel_index(int(heatmap.argmax()), heatmap.shape)
    assert (row / 96 * 140 - 20, column / 96 * 140) == pytest.approx((30 + 40 / 14, 140 * 13 / 14), abs=8)
    assert heatmap[50:, :14].max() == pytest.approx(0.5, abs=0.1)
    assert torch.count_nonzero(heatmap[:30]) == 0  # above the window
    assert torch.count_nonzero(heatmap[68:]) == 0


def test_a_detector_has_one_method_and_those_without_agents_none(attentive: DetectorCard) -> None:
    assert [method.name for method in methods_of(attentive.network)] == ["attention"]
    assert best_of(attentive).name == "attention"
    rgb = np.zeros((*SHAPE, 3), np.uint8)
    with pytest.raises(WeightsError, match="no attention of its own"):
        napari_hemalens.explain(rgb, task="detection", weights="marrow-lite")
    with pytest.raises(WeightsError, match="answer the task all; the task is detection"):
        napari_hemalens.explain(rgb, task="detection", weights="all-eca")
    with pytest.raises(RecipeError, match=r"No heatmap 'grad-cam' of faster_rcnn_attention\. Known: attention"):
        napari_hemalens.explain(rgb, task="detection", weights=str(attentive.file), method="grad-cam")
    with pytest.raises(RecipeError, match="No class 'cat'"):
        napari_hemalens.explain(rgb, task="detection", weights=str(attentive.file), target="cat")


def test_files_are_explained_with_the_cells_that_the_detector_finds(
    smear: tuple[np.ndarray, np.ndarray], attentive: DetectorCard, tmp_path: Path
) -> None:
    import imageio.v3 as iio

    iio.imwrite(tmp_path / "smear.png", smear[0])
    recipe = ExplanationRecipe(task="detection", weights=str(attentive.file), pixel_size_um=0.15)
    batch = finish(explain_files_steps([tmp_path / "smear.png"], recipe, tmp_path / "out"))
    assert not batch.failed
    assert len(batch.fields[0]) > 0
    for name in ("smear.attention.tif", "smear.attention.png", "smear.labels.tif"):
        assert (tmp_path / "out" / name).exists()
