"""C-NMC 2019 is read as it lies, its subjects from the names of its files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.named_cells import read, read_all
from napari_hemalens.inference.labelled_crops import cut

_HIDDEN = CropRecipe(side=32, width=1.5, neighbours="hidden")


def write(folder: Path, fold: int, name: str, *, diameter: int = 200) -> Path:
    """Write a violet disc on black, 450 x 450, where C-NMC 2019 would have it."""
    y, x = np.mgrid[:450, :450]
    picture = np.zeros((450, 450, 3), np.uint8)
    picture[np.hypot(y - 225, x - 215) < diameter / 2] = (120, 60, 140)
    file = folder / f"fold_{fold}" / ("hem" if "H" in name else "all") / name
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(file)
    return file


@pytest.fixture
def c_nmc(tmp_path: Path) -> Path:
    """Three folds; subject 2 is in two of them."""
    for fold, subject, image in ((0, 1, 1), (0, 2, 1), (1, 2, 2), (1, 3, 1), (2, 2, 3), (2, 4, 1)):
        write(tmp_path, fold, f"UID_{subject}_{image}_1_all.bmp")
        write(tmp_path, fold, f"UID_H{subject}_{image}_1_hem.bmp")
    return tmp_path


def subjects(cells):
    return sorted(name for one in cells for name in one.groups.tolist())


def test_classes_are_of_the_folder_and_subjects_of_the_name(c_nmc: Path) -> None:
    cells = read_all(c_nmc)
    assert len(cells) == 12
    assert {(one.groups[0], one.class_names[0]) for one in cells} == {
        (f"{healthy}{subject}", kind) for subject in "1234" for healthy, kind in (("", "blast"), ("H", "normal"))
    }
    assert subjects(read(c_nmc, split="fold_1")) == ["2", "3", "H2", "H3"]


def test_nobody_of_the_last_fold_is_among_the_others(c_nmc: Path) -> None:
    assert subjects(read(c_nmc, split="val")) == ["2", "4", "H2", "H4"]
    assert subjects(read(c_nmc, split="train")) == ["1", "3", "H1", "H3"]


def test_an_archive_may_be_unpacked_to_a_folder_of_its_own(c_nmc: Path, tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    for fold in tuple(c_nmc.glob("fold_*")):
        (tmp_path / "outer" / "C-NMC_training_data").mkdir(exist_ok=True)
        fold.rename(tmp_path / "outer" / "C-NMC_training_data" / fold.name)
    assert len(read_all(tmp_path / "outer")) == 12


def test_a_crop_shows_the_cell_and_nothing_of_the_black(tmp_path: Path) -> None:
    write(tmp_path, 0, "UID_1_1_1_all.bmp")
    (one,) = read_all(tmp_path)
    assert one.label_image().sum() == pytest.approx(np.pi * 100**2, rel=0.01)
    (crop,) = cut(one, _HIDDEN).numpy()
    np.testing.assert_allclose(crop[:, 16, 16], (120, 60, 140), atol=2)
    assert (crop[:, 0, 0] == 255).all()
    assert (crop[1] < 128).sum() == pytest.approx(np.pi * (32 / 1.5 / 2) ** 2, rel=0.05)


@pytest.mark.parametrize(
    "name", ["UID_1_1_all.bmp", "cell.bmp", "UID_1_1_1_hem.bmp", "UID_H1_1_1_all.bmp", "UID_H1_1_1_all.bmp.bmp"]
)
def test_a_file_of_another_name_is_refused(c_nmc: Path, name: str) -> None:
    (c_nmc / "fold_0" / "all" / name).touch()
    with pytest.raises(AnnotationError, match=r"is not named like a cell .* such as UID_12_3_1_all\.bmp"):
        read(c_nmc, split="train")


def test_what_an_operating_system_leaves_is_passed_over(c_nmc: Path) -> None:
    for name in ("._UID_1_1_1_all.bmp", ".DS_Store", "Thumbs.db"):
        (c_nmc / "fold_0" / "all" / name).touch()
    assert len(read_all(c_nmc)) == 12


def test_parts_that_are_not_there_are_named(c_nmc: Path, tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="no split 'test'; known: train, val, fold_0, fold_1, fold_2"):
        read(c_nmc, split="test")
    (tmp_path / "one").mkdir()
    (c_nmc / "fold_0").rename(tmp_path / "one" / "fold_0")
    with pytest.raises(AnnotationError, match="has only the fold fold_0"):
        read(tmp_path / "one", split="train")


def test_a_folder_that_is_neither_is_refused(tmp_path: Path) -> None:
    for reading in (lambda: read(tmp_path, split="val"), lambda: read_all(tmp_path)):
        with pytest.raises(AnnotationError, match=r"Cannot read the table .* Nor does .* hold C-NMC 2019, fold_\*/all"):
            reading()
