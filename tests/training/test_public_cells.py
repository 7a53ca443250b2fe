"""Public sets of four laboratories, made up and tiny, become one table of cells by box."""

import csv
import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.cell_table import CellTable, licence_of, read
from napari_hemalens.progress import finish
from napari_hemalens.training.public_cells import LICENCES, SOURCES, prepare_steps

GLASS = np.full((60, 80, 3), 230, np.uint8)


def write_rows(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture(scope="module")
def public(all_fields: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two smears of PBC, nine images from Munich, eighteen of segmentation_WBC, and two of each kind of Taleqani."""
    root = tmp_path_factory.mktemp("public_cells")
    for kind in sorted((all_fields / "all_fields").iterdir()):
        (root / "all_fields" / kind.name).mkdir(parents=True)
        for file in sorted(kind.iterdir())[:2]:
            (root / "all_fields" / kind.name / file.name).symlink_to(file)

    smears, kinds = root / "smear_detection", ("band_neutrophil", "erythrocyte", "platelet")
    (smears / "images").mkdir(parents=True)
    for split in ("train", "val"):
        iio.imwrite(smears / "images" / f"{split}.png", GLASS)
        document = {
            "images": [{"id": 1, "file_name": f"{split}.png", "width": 80, "height": 60}],
            "categories": [{"id": k, "name": kind} for k, kind in enumerate(kinds)],
            "annotations": [{"image_id": 1, "category_id": k, "bbox": [10 + k, 20, 30, 25]} for k in range(3)],
        }
        (smears / f"{split}.json").write_text(json.dumps(document), encoding="utf-8")

    marrow = root / "marrow_cells"
    (marrow / "images").mkdir(parents=True)
    train = [(f"blast_{k:05}.jpg", "blast") for k in (1, 24, 25, 75, 99, 100)]
    train += [("not_identifiable_00003.jpg", "not_identifiable")]
    val = [("blast_00500.jpg", "blast"), ("monocyte_00080.jpg", "monocyte")]
    for split, rows in (("train", train), ("val", val)):
        write_rows(marrow / f"{split}.csv", [("image", "class"), *rows])
        for name, _ in rows:
            iio.imwrite(marrow / "images" / name, np.full((250, 240, 3), 200, np.uint8))

    white = root / "leukocytes"
    for folder in ("images", "masks"):
        (white / folder).mkdir(parents=True)
    rows = [(f"d{1 + k % 2}_{k:03}", f"dataset{1 + k % 2}", "neutrophil" if k % 3 else "monocyte") for k in range(16)]
    rows += [("d1_050", "dataset1", ""), ("d1_051", "dataset1", "monocyte")]
    write_rows(white / "labels.csv", [("image", "source", "class"), *rows])
    for name, *_ in rows:
        mask = np.zeros((60, 80), np.uint8)
        mask[10:40, 20:60] = 0 if name == "d1_051" else 1  # nobody outlined the last
        mask[15:30, 30:45] *= 2
        iio.imwrite(white / "images" / f"{name}.png", GLASS)
        iio.imwrite(white / "masks" / f"{name}.png", mask)
    return root


@pytest.fixture(scope="module")
def cells(public: Path, tmp_path_factory: pytest.TempPathFactory) -> CellTable:
    out = tmp_path_factory.mktemp("table")
    counts = finish(prepare_steps(public, out))
    table = read(out / "cells.csv")
    assert sum(counts.values()) == len(table)
    assert counts["PBC train band_neutrophil"] == 1
    return table


def of(cells: CellTable, laboratory: str) -> CellTable:
    return cells.take(cells.laboratories == laboratory)


def test_smears_give_their_nucleated_cells_in_the_parts_of_the_set(cells: CellTable) -> None:
    pbc = of(cells, "PBC")
    assert sorted(zip(pbc.class_names, pbc.parts, strict=True)) == [
        ("band_neutrophil", "train"),
        ("band_neutrophil", "val"),
    ]
    assert pbc.boxes[0].tolist() == [20, 10, 45, 40]
    assert pbc.pixel_sizes[0] == pytest.approx(0.11)


def test_a_marrow_cell_lies_in_the_middle_of_its_image(cells: CellTable) -> None:
    munich = of(cells, "Munich")
    assert len(munich) == 9
    assert (munich.boxes[:, :2] + munich.boxes[:, 2:] == [250, 240]).all()
    np.testing.assert_allclose((munich.boxes[:, 2] - munich.boxes[:, 0]) * munich.pixel_sizes, 15, rtol=1e-3)
    assert set(munich.class_names) == {"blast", "monocyte", "unclassifiable"}


def test_file_numbers_that_follow_each_other_stay_in_one_part(cells: CellTable) -> None:
    munich = of(cells, "Munich")
    number = [int(path.stem.split("_")[-1]) for path in munich.images]
    parts = dict(zip(number, munich.parts.tolist(), strict=True))
    assert {n: parts[n] for n in (1, 24, 25, 75, 99, 100)} == {
        1: "train",
        24: "train",
        25: "train",
        75: "choose",  # one block of seven: 75 to 99, but not those of val
        99: "choose",
        100: "train",
    }
    assert (parts[500], parts[80]) == ("val", "val")
    blocks = dict(zip(number, munich.blocks.tolist(), strict=True))
    assert blocks[1] == blocks[24] != blocks[25]


def test_white_cells_are_boxed_by_their_masks_and_of_two_laboratories(cells: CellTable) -> None:
    east, west = of(cells, "Jiangxi"), of(cells, "CellaVision")
    assert (len(east), len(west)) == (8, 8)  # without a class or a mask there is no cell
    assert (east.boxes == [10, 20, 40, 60]).all()
    assert (east.pixel_sizes[0], west.pixel_sizes[0]) == (pytest.approx(0.205), pytest.approx(0.095))
    assert set(east.class_names) == {"neutrophil", "monocyte"}
    assert set(west.parts) == {"train", "choose"}  # files 15 to 19 are held out


def test_fields_give_blasts_by_stage_and_haematogones_as_benign(cells: CellTable) -> None:
    fields = of(cells, "Taleqani")
    stages = {(path.parent.name, name) for path, name in zip(fields.images, fields.class_names, strict=True)}
    assert stages == {("benign", "benign"), ("early", "blast"), ("pre", "blast"), ("pro", "blast")}
    assert len(fields) > 40  # of 48 drawn
    sides = fields.boxes[:, 2:] - fields.boxes[:, :2]
    assert np.median(sides) == pytest.approx(26, abs=8)


def test_no_block_lies_in_two_parts(cells: CellTable) -> None:
    for block in np.unique(cells.blocks):
        assert len(set(cells.parts[cells.blocks == block]) - {"val"}) <= 1, block


def test_sets_that_are_missing_are_left_out_and_none_is_an_error(public: Path, tmp_path: Path) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "leukocytes").symlink_to(public / "leukocytes")
    assert len(SOURCES) == 4
    counts = finish(prepare_steps(tmp_path / "some", tmp_path / "out"))
    assert {name.split()[0] for name in counts} == {"Jiangxi", "CellaVision"}
    assert set(LICENCES) == set(SOURCES)
    assert licence_of([tmp_path / "out"]) == "Of the images: GPL-3 (segmentation_WBC)"
    with pytest.raises(AnnotationError, match="holds none of smear_detection, marrow_cells, leukocytes, all_fields"):
        finish(prepare_steps(tmp_path / "out", tmp_path / "none"))
    assert not (tmp_path / "none").exists()
