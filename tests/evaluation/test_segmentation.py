"""Outlines are compared with those of people: pixels by Dice, nuclei one by one."""

import json

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation import segmentation as measures
from napari_hemalens.progress import finish
from napari_hemalens.segmentation.record import Segmentation


def squares(*corners, side=10, shape=(60, 60)):
    labels = np.zeros(shape, dtype=np.int32)
    for number, (y, x) in enumerate(corners, start=1):
        labels[y : y + side, x : x + side] = number
    return labels


def segmentation(labels, nuclei=None):
    return Segmentation(labels, nuclei, (0, 0, *labels.shape))


def test_dice_is_one_for_the_same_half_for_half_and_zero_apart():
    whole, half = np.ones((4, 6), dtype=bool), np.zeros((4, 6), dtype=bool)
    half[:, :2] = True
    assert measures.dice(whole, whole) == 1
    assert measures.dice(whole, half) == 0.5
    assert measures.dice(~whole, half) == 0
    assert measures.dice(~whole, ~whole) == 1


def test_nuclei_match_once_and_only_where_they_overlap_by_half():
    truth = squares((0, 0), (20, 20), (40, 40))
    found = squares((0, 2), (20, 27), (40, 40))  # IoU 80 / 120, 30 / 170, 1
    assert measures.match_ids(found, truth) == pytest.approx([1, 80 / 120])
    assert measures.match_ids(found, truth, iou=0.7) == pytest.approx([1])
    assert len(measures.match_ids(np.zeros_like(truth), truth)) == 0


def test_two_halves_of_a_nucleus_are_one_match_and_one_mistake():
    truth = squares((0, 0))
    found = truth.copy()
    found[5:10, :10] = 2  # each half has an IoU of exactly 0.5
    figures = measures.pool_nuclei([measures.nuclei_counts(segmentation(found), truth)])
    assert (figures["nuclei"], figures["found"], figures["matched"]) == (1, 2, 1)
    assert figures["AP50"] == 0.5
    assert (figures["precision"], figures["recall"], figures["IoU"]) == (0.5, 1, 0.5)
    assert figures["F1"] == pytest.approx(2 / 3)


def test_ids_of_the_truth_may_be_of_any_size():
    truth = squares((0, 0), (30, 30)).astype(np.uint32) * 70_000
    assert len(measures.match_ids(squares((30, 30), (0, 0)), truth)) == 2


def test_a_field_without_nuclei_has_figures_too():
    figures = measures.pool_nuclei([measures.nuclei_counts(segmentation(squares()), squares())])
    assert figures["AP50"] == figures["IoU"] == 0


def test_a_cell_is_nucleus_and_cytoplasm_together():
    cell, nucleus = squares((10, 10), side=20), squares((15, 15))
    mask = (cell + nucleus).astype(np.uint8)
    assert measures.pixel_figures(segmentation(cell, nucleus), mask) == {"nucleus": 1, "cell": 1}


def test_a_mask_of_other_values_is_refused_by_name():
    with pytest.raises(AnnotationError, match=r"A mask holds 0, 255; known: 0 background, 1 cytoplasm, 2 nucleus"):
        measures.pixel_figures(segmentation(squares()), squares((0, 0)) * 255)


@pytest.fixture
def fluorescent(tmp_path):
    """A folder of two fields of nuclei, of which the table of 'val' lists both."""
    y, x = np.mgrid[:200, :200]
    truth = squares(shape=(200, 200))
    for number, (cy, cx) in enumerate([(50, 60), (60, 150), (150, 90)], start=1):
        truth[(y - cy) ** 2 + (x - cx) ** 2 <= 15**2] = number
    image = np.random.default_rng(0).normal(900, 30, truth.shape) + 5000 * (truth > 0)
    for folder in ("images", "nuclei"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(tmp_path / "images" / f"{name}.tif", image.astype(np.uint16))
        tifffile.imwrite(tmp_path / "nuclei" / f"{name}.tif", truth.astype(np.uint16))
    lines = [f"{name},{cell},0" for name in ("a", "b") for cell in (1, 2, 3)]
    (tmp_path / "val.csv").write_text("\n".join(["image,nucleus,has_micronucleus", *lines]), encoding="utf-8")
    return tmp_path


def test_a_folder_of_nuclei_becomes_figures_for_terminal_page_and_programs(fluorescent, tmp_path):
    out = tmp_path / "out"
    steps = measures.evaluate_steps(fluorescent, SegmentationRecipe(), split="val", leave_out=None, out=out)
    report = finish(steps)
    assert report.overall["matched"] == report.overall["nuclei"] == 6
    assert report.overall["AP50"] == 1
    assert report.text().splitlines()[2].split()[:4] == ["a", "3", "3", "3"]
    written = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert written["overall"] == report.overall
    assert "| all | 6 | 6 | 6 | 1.000 |" in (out / "report.md").read_text(encoding="utf-8")


def test_masks_are_compared_by_pixels_without_the_images_tuned_on(tmp_path):
    y, x = np.mgrid[:90, :90]
    far = np.hypot(y - 45, x - 45)
    mask = (far < 25).astype(np.uint8) + (far < 15)
    colours = np.array([[240, 238, 240], [200, 190, 225], [90, 50, 140]], dtype=np.uint8)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b", "c"):
        iio.imwrite(tmp_path / "images" / f"{name}.png", colours[mask])
        iio.imwrite(tmp_path / "masks" / f"{name}.png", mask)
    (tmp_path / "labels.csv").write_text("image,source\na,one\nb,one\nc,two\n", encoding="utf-8")
    recipe = SegmentationRecipe(kind="smear")
    report = finish(measures.evaluate_steps(tmp_path, recipe, split="val", leave_out=2, out=None))
    assert list(report.images) == ["b"]
    assert report.part == "all images less 1 in 2"
    assert report.overall["cell Dice"] > 0.95
    assert report.overall["nucleus Dice"] > 0.9


def test_a_folder_without_truth_says_what_is_missing(tmp_path):
    with pytest.raises(AnnotationError, match=r"Cannot read the table of cells .*val\.csv"):
        finish(measures.evaluate_steps(tmp_path, SegmentationRecipe(), split="val", leave_out=None, out=None))
    (tmp_path / "masks").mkdir()
    with pytest.raises(AnnotationError, match="No image with a truth"):
        finish(measures.evaluate_steps(tmp_path, SegmentationRecipe(), split="val", leave_out=None, out=None))
