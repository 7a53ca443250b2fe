import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image


@pytest.fixture
def smear(tmp_path: Path) -> Path:
    """Two cells on glass, 20 um across at 0.4 um a pixel."""
    y, x = np.mgrid[:120, :200]
    colours = np.array([[240, 238, 240], [200, 190, 225], [90, 50, 140]], dtype=np.uint8)
    parts = np.zeros(y.shape, dtype=np.intp)
    for cy, cx in ((60, 55), (60, 145)):
        far = np.hypot(y - cy, x - cx)
        parts = np.maximum(parts, (far < 25).astype(np.intp) + (far < 15))
    Image.fromarray(colours[parts]).save(tmp_path / "smear.png")
    return tmp_path / "smear.png"


def test_a_smear_becomes_labels_nuclei_a_picture_and_a_table_that_agree(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], smear: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert hemalens("segment", smear, "--out", out, "--kind", "smear", "--pixel-size", "0.4") == 0

    labels, nuclei = (tifffile.imread(out / f"smear.{name}.tif") for name in ("labels", "nuclei"))
    rows = list(csv.DictReader((out / "cells.csv").read_text(encoding="utf-8").splitlines()))
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert labels.dtype == np.uint16
    assert [int(row["cell"]) for row in rows] == [1, 2]
    assert [int(row["area"]) for row in rows] == [(labels == i).sum() for i in (1, 2)]
    assert [int(row["nucleus_area"]) for row in rows] == [(nuclei == i).sum() for i in (1, 2)]
    assert sorted(round(float(row["centroid_x"])) for row in rows) == pytest.approx([55, 145], abs=2)
    assert run["images"][0]["cells"] == 2
    assert run["recipe"]["kind"] == "smear"
    with tifffile.TiffFile(out / "smear.labels.tif") as tiff:
        assert tiff.pages.first.tags["XResolution"].value == pytest.approx((25_000, 1))
    with Image.open(out / "smear.outline.png") as picture:
        assert picture.size == (200, 120)
    assert "Cells: 2; images: 1" in capsys.readouterr().out


def test_only_the_channel_that_is_chosen_is_segmented(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    y, x = np.mgrid[:120, :160]
    one, two = ((np.hypot(y - 60, x - cx) < 12) * 3000 + 400 for cx in (40, 110))
    planes = np.stack([one, np.maximum(one, two), one]).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", planes, imagej=True, metadata={"axes": "CYX"})
    assert hemalens("segment", tmp_path / "a.tif", "--channel", "1", "--out", tmp_path / "out") == 0
    assert "Cells: 2" in capsys.readouterr().out
    assert hemalens("segment", tmp_path / "a.tif", "--out", tmp_path / "other") == 1
    assert "no name tells which is the DNA stain" in " ".join(capsys.readouterr().err.split())


def test_an_unreadable_file_is_reported_with_exit_code_one(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], smear: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    assert hemalens("segment", smear, tmp_path / "broken.png", "--out", tmp_path / "out") == 1
    assert "broken.png" in capsys.readouterr().err
    assert (tmp_path / "out" / "smear.labels.tif").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("segment", "nowhere/*.png", "--out", "o"), "No image in nowhere"),
        (("segment", "{smear}", "--out", "o", "--pixel-size", "0"), "Option 'pixel_size_um' got 0.0"),
        (("evaluate", "segmentation", "--data", "nowhere"), "Cannot read the table of cells nowhere"),
        (("evaluate", "micronuclei", "--data", "nowhere"), "Cannot read the table of cells nowhere"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence_and_exit_code_two(
    monkeypatch: pytest.MonkeyPatch,
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    smear: Path,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(smear.parent)
    assert hemalens(*(a.format(smear=smear) for a in arguments)) == 2
    assert message in capsys.readouterr().err


def test_sizes_that_cannot_be_told_are_said_not_to_be_used(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], smear: Path, tmp_path: Path
) -> None:
    assert hemalens("segment", smear, "--kind", "smear", "--smallest", "90", "--out", tmp_path / "unknown") == 0
    said = capsys.readouterr()
    assert "doubtful Smallest and largest diameter not used: the image has no pixel size" in said.err
    assert "Cells: 2; images: 1" in said.out
    known = ("--pixel-size", "0.4", "--out", tmp_path / "known")
    assert hemalens("segment", smear, "--kind", "smear", "--smallest", "90", *known) == 0
    assert "not used" not in capsys.readouterr().err
