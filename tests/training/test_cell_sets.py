"""Public images become single cells with outlines and classes."""

import csv
import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from napari_hemalens.errors import HemaLensError
from napari_hemalens.formats.named_cells import read
from napari_hemalens.progress import finish
from napari_hemalens.slides.open import open_image
from napari_hemalens.training.cell_sets import (
    add_rim,
    number_blocks,
    outline_boxed_cell,
    outline_tight_cells,
    prepare_steps,
)


@pytest.fixture
def smear(sample_data) -> np.ndarray:
    """A corner of the rendered blood smear, (600, 600, 3)."""
    with open_image(sample_data / "blood_smear.tif") as slide:
        return slide.read(0, 0, 600, 600)


def test_a_rim_is_as_wide_as_the_nucleus_is_large():
    y, x = np.mgrid[:100, :100] - 50
    nucleus = np.hypot(y, x) < 20
    radius = np.sqrt(add_rim(nucleus).sum() / np.pi)
    assert radius == pytest.approx(20 * 1.24, rel=0.03)
    assert not add_rim(np.zeros((5, 5), dtype=bool)).any()


def test_a_box_takes_the_cell_that_fills_it_and_none_where_nothing_does():
    y, x = np.mgrid[:200, :200]
    rgb = np.full((200, 200, 3), (235, 225, 220), np.uint8)
    rgb[np.hypot(y - 100, x - 100) < 50] = (190, 180, 220)
    rgb[np.hypot(y - 100, x - 95) < 36] = (90, 50, 130)
    box = (50, 50, 150, 150)
    cell = outline_boxed_cell(rgb, box, tight=False)
    assert cell[100, 100] == 1
    assert cell.sum() == pytest.approx(np.pi * 50**2, rel=0.15)
    assert outline_boxed_cell(rgb, box, tight=True).sum() < cell.sum()
    assert not outline_boxed_cell(rgb, (0, 0, 40, 40), tight=False).any()


def test_cells_cut_by_the_edge_are_left_out(smear):
    labels = outline_tight_cells(smear, 0.11)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    assert not edge.any()


def public_images(root: Path) -> Path:
    """Five white cells alone and two in smears, as `leukocytes` and `smear_detection` hold them."""
    y, x = np.mgrid[:240, :240]
    rgb = np.full((240, 240, 3), (235, 225, 220), np.uint8)
    rgb[np.hypot(y - 120, x - 120) < 52] = (190, 180, 220)
    rgb[np.hypot(y - 120, x - 115) < 38] = (90, 50, 130)
    mask = (np.hypot(y - 120, x - 120) < 52).astype(np.uint8) + (np.hypot(y - 120, x - 115) < 38)
    for folder in ("leukocytes/images", "leukocytes/masks", "smear_detection/images"):
        (root / folder).mkdir(parents=True)
    with (root / "leukocytes" / "labels.csv").open("w", newline="") as table:
        rows = [(name, "d", "monocyte" if name == "e" else "lymphocyte") for name in "abcde"]
        csv.writer(table).writerows([("image", "source", "class"), *rows])
    for name in "abcde":
        iio.imwrite(root / "leukocytes" / "images" / f"{name}.png", rgb)
        iio.imwrite(root / "leukocytes" / "masks" / f"{name}.png", mask)
    kinds = ("band_neutrophil", "erythrocyte")
    for split in ("train", "val"):
        iio.imwrite(root / "smear_detection" / "images" / f"{split}.png", rgb)
        document = {
            "images": [{"id": 1, "file_name": f"{split}.png", "width": 240, "height": 240}],
            "categories": [{"id": k, "name": kind} for k, kind in enumerate(kinds)],
            "annotations": [{"image_id": 1, "category_id": k, "bbox": [68, 68, 104, 104]} for k in range(2)],
        }
        (root / "smear_detection" / f"{split}.json").write_text(json.dumps(document))
    return root


def test_leukocytes_of_masks_and_of_boxes_become_one_set(tmp_path):
    out = tmp_path / "out"
    counts = finish(prepare_steps("leukocyte", public_images(tmp_path / "in"), out))
    assert counts == {"train lymphocyte": 4, "val monocyte": 1, "train neutrophil": 1, "val neutrophil": 1}
    fields = read(out, split="train") + read(out, split="val")
    for field in fields:
        labels = tifffile.imread(field.labels)
        assert labels.shape == iio.imread(field.image).shape[:2]
        assert set(field.ids.tolist()) <= set(np.unique(labels).tolist())


def test_what_is_not_there_is_named(tmp_path):
    for task_name in ("all", "field"):
        with pytest.raises(HemaLensError, match="benign holds no"):
            finish(prepare_steps(task_name, tmp_path, tmp_path / "out"))
    for task_name in ("micronucleus", "blood"):
        with pytest.raises(HemaLensError, match=f"all, leukocyte, nucleated, plasma and field; got '{task_name}'"):
            finish(prepare_steps(task_name, tmp_path, tmp_path / "out"))


def test_fields_and_the_cells_cut_from_them_have_one_class_and_one_part(field_sets):
    parts = {}
    for split, files in (("train", 8), ("val", 2)):
        fields, cells = (read(field_sets / of_set, split=split) for of_set in ("fields", "cells"))
        parts[split] = {field.image.name for field in fields}
        assert parts[split] == {field.image.name for field in cells}
        assert len(fields) == 4 * files
        for field, its_cells in zip(fields, cells, strict=True):
            kind = field.image.stem.partition("-")[0]
            assert (field.ids.tolist(), field.class_names.tolist()) == ([1], [kind])
            assert (field.label_image() == 1).all()
            assert len(its_cells.ids) == 6
            assert set(its_cells.class_names.tolist()) == {kind}
            np.testing.assert_array_equal(iio.imread(field.image), iio.imread(its_cells.image))
    assert not parts["train"] & parts["val"]
    assert parts["val"] == {f"{kind}-0{k}.png" for kind in ("benign", "early", "pre", "pro") for k in (8, 9)}


def test_images_that_follow_each_other_are_one_block():
    blocks = number_blocks([f"benign-{k:03}" for k in range(100)] * 2 + [f"pro-{k}" for k in range(10)], "train")
    assert [blocks["benign-019"], blocks["benign-020"], blocks["benign-099"]] == [
        "benign train 1",
        "benign train 2",
        "benign train 5",
    ]
    assert [blocks[f"pro-{k}"] for k in (1, 2, 9)] == ["pro train 1", "pro train 2", "pro train 5"]


def test_counts_of_a_task_with_two_sets_name_the_set(all_fields, tmp_path):
    counts = finish(prepare_steps("field", all_fields, tmp_path))
    assert (counts["fields, train pro"], counts["cells, val benign"]) == (8, 12)
