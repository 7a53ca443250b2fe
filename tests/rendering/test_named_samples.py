import csv
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_hemalens.formats import named_cells
from napari_hemalens.rendering.named_samples import make_assay, make_lymphoblasts
from napari_hemalens.slides.open import open_image

PACKED = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def assay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assay")
    make_assay(folder, shape=(160, 200), pixel_size_um=0.7, seed=1)
    return folder


@pytest.fixture(scope="module")
def smear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smear")
    make_lymphoblasts(folder, shape=(160, 200), pixel_size_um=0.4, seed=1)
    return folder


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_both_stains_of_the_assay_are_read_as_cells_with_a_class(assay: Path) -> None:
    fluorescence, giemsa = named_cells.read(assay, split="truth")
    assert [field.image.name for field in (fluorescence, giemsa)] == ["fluorescence.tif", "giemsa.tif"]
    assert {*fluorescence.class_names.tolist()} == {"micronucleus", "none"}
    np.testing.assert_array_equal(fluorescence.class_names, giemsa.class_names)
    assert tifffile.imread(fluorescence.image).dtype == np.uint16
    with open_image(giemsa.image) as slide:
        assert (slide.shape, slide.pixel_size_um) == ((160, 200), pytest.approx(0.7))


def test_cells_are_named_beside_their_nuclei(assay: Path) -> None:
    cells, _ = named_cells.read(assay, split="cells")
    assert cells.labels == assay / "cells" / "fluorescence.tif"
    assert {*cells.class_names.tolist()} <= {"mononucleated", "binucleated", "multinucleated"}


@pytest.mark.parametrize("made", ["small", "packed"])
def test_the_tables_count_what_the_label_images_show(made: str, assay: Path) -> None:
    folder = assay if made == "small" else PACKED / "micronucleus_assay"
    for table in ("truth", "cells"):
        for field in named_cells.read(folder, split=table):
            shown = np.unique(field.label_image())
            assert sorted(field.ids.tolist()) == shown[shown > 0].tolist()
    for row in rows(folder / "truth.csv"):
        small = tifffile.imread(folder / "micronuclei" / f"{row['image']}.tif")
        assert (int(row["nucleus"]) in small) == bool(int(row["has_micronucleus"])) == (int(row["micronuclei"]) > 0)


def test_blasts_are_read_as_cells_with_a_class(smear: Path) -> None:
    for folder in (smear, PACKED / "lymphoblasts"):
        (field,) = named_cells.read(folder, split="truth")
        shown = np.unique(field.label_image())
        assert field.ids.tolist() == shown[shown > 0].tolist()
        assert {*field.class_names.tolist()} == {"blast", "normal"}


def test_the_same_seed_writes_the_same_bytes(smear: Path, tmp_path: Path) -> None:
    for file in make_lymphoblasts(tmp_path, shape=(160, 200), pixel_size_um=0.4, seed=1):
        assert file.read_bytes() == (smear / file.relative_to(tmp_path)).read_bytes()
