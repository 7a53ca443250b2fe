import csv
import json
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from napari_hemalens import __version__
from napari_hemalens.formats import FORMATS
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.workflows.ome_zarr import OME_ZARR


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two small fields, and a file that is no image."""
    folder = tmp_path / "fields"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.png"):
        iio.imwrite(folder / name, rng.integers(80, 255, (96, 128, 3), dtype=np.uint8))
    return folder


def detect(hemalens: Callable[..., int], card: DetectorCard, out: Path, *paths: Path | str) -> int:
    options = ("--weights", card.file, "--pixel-size", "0.15", "--device", "cpu")
    return hemalens("detect", *paths, "--out", out, *options)


def test_a_folder_becomes_pictures_tables_and_annotations_that_agree(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    images: Path,
    untrained: DetectorCard,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    assert detect(hemalens, untrained, out, images) == 0

    cells = list(csv.DictReader((out / "cells.csv").read_text(encoding="utf-8").splitlines()))
    counts = list(csv.DictReader((out / "counts.csv").read_text(encoding="utf-8").splitlines()))
    coco = json.loads((out / "coco.json").read_text(encoding="utf-8"))
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert sum(int(row["count"]) for row in counts) == len(cells) == len(coco["annotations"])
    assert {image["file_name"] for image in coco["images"]} == {"a.png", "b.png"}
    assert {category["name"] for category in coco["categories"]} == set(untrained.classes)
    assert run["weights"] == {"untrained": untrained.sha256}
    assert run["images"][0]["pixel_size_um"] == 0.15
    assert iio.imread(out / "a.overlay.png").shape == (96, 128, 3)
    assert (out / "b.overlay.png").exists()
    printed = capsys.readouterr().out
    assert "not a diagnostic device" in printed
    assert "not recognised by these weights" in printed


def test_an_unreadable_file_is_reported_and_the_rest_goes_on(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    images: Path,
    untrained: DetectorCard,
    tmp_path: Path,
) -> None:
    (images / "broken.png").write_bytes(b"no image")
    assert detect(hemalens, untrained, tmp_path / "out", images) == 1

    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert [image["image"] for image in run["images"]] == ["a.png", "b.png"]
    assert [Path(f["image"]).name for f in run["failed"]] == ["broken.png"]
    assert "broken.png" in capsys.readouterr().err


def test_a_frame_and_a_channel_are_chosen_and_named_in_every_table(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], untrained: DetectorCard, tmp_path: Path
) -> None:
    planes = np.random.default_rng(0).integers(80, 255, (2, 3, 96, 128), dtype=np.uint8)
    described = {"axes": "TCYX", "Channel": {"Name": ["DAPI", "FITC", "TRITC"]}}
    tifffile.imwrite(tmp_path / "s.ome.tif", planes, ome=True, metadata=described)
    out = tmp_path / "out"
    assert detect(hemalens, untrained, out, tmp_path / "s.ome.tif") == 1
    assert "choose one as frame (--frame), such as T=0." in capsys.readouterr().err.replace("\n", " ")
    assert detect(hemalens, untrained, out, tmp_path / "s.ome.tif", "--frame", "T=1") == 1
    assert "keeps 3 channels apart" in capsys.readouterr().err.replace("\n", " ")

    assert detect(hemalens, untrained, out, tmp_path / "s.ome.tif", "--frame", "t=1", "--channel", "fitc") == 0
    assert iio.imread(out / "s.ome.overlay.png").shape == (96, 128, 3)
    counts = list(csv.DictReader((out / "counts.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["image"] for row in counts} == {"s.ome.tif [T=1]"}
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert (run["images"][0]["frame"], run["recipe"]["channel"]) == ("T=1", "fitc")


def test_the_same_command_goes_on_and_another_is_refused_or_replaces(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    images: Path,
    untrained: DetectorCard,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    assert detect(hemalens, untrained, out, images / "a.png") == 0
    assert detect(hemalens, untrained, out, images) == 0
    assert "Images that were done before, and are as they were: 1" in capsys.readouterr().out
    assert detect(hemalens, untrained, out, images / "b.png") == 2
    said = capsys.readouterr().err
    assert "holds the results of another run (other images, such as" in said
    assert "--replace" in said
    assert (out / "a.overlay.png").exists()
    assert detect(hemalens, untrained, out, images / "b.png", "--replace") == 0
    assert not (out / "a.overlay.png").exists()
    assert (out / "b.overlay.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("detect", "nowhere/*.png", "--out", "o"), "No image in nowhere"),
        (("detect", "{images}", "--out", "o", "--weights", "wbc"), "No weights 'wbc'. Known: "),
        (("detect", "{images}", "--out", "o", "--pixel-size", "0"), "Option 'pixel_size_um' got 0.0"),
        (("detect", "{images}", "--out", "o", "--formats", "csv, xml"), "No format 'xml'. Known: coco, voc"),
        (("detect", "{images}", "--out", "o", "--formats", "xml"), "parquet, h5ad, ome-zarr."),
        (("classify", "{images}", "--out", "o", "--formats", "voc"), "Known: csv, parquet, h5ad, ome-zarr."),
        (("train", "detection", "--data", "{images}", "--out", "o", "--recipe", "yolo"), "No recipe 'yolo'"),
        (("train", "detection", "--data", "{images}", "--out", "o"), "No annotations for the split 'train'"),
        (("evaluate", "detection", "--data", "{images}", "--taxonomy", "mine"), "No annotations for the split 'val'"),
        (("weights", "info", "wbc"), "No weights 'wbc'"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence_and_exit_code_two(
    monkeypatch: pytest.MonkeyPatch,
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    images: Path,
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hemalens(*(a.format(images=images) for a in arguments)) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not (tmp_path / "o" / "cells.csv").exists()


def test_weights_are_described_and_verified_by_file(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], untrained: DetectorCard
) -> None:
    assert hemalens("weights", "info", untrained.file) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == list(untrained.classes)
    assert hemalens("weights", "verify", untrained.file) == 0
    assert "untrained (file): as published" in capsys.readouterr().out


def test_smears_are_rendered_with_their_truth(hemalens: Callable[..., int], tmp_path: Path) -> None:
    size = ("--height", "128", "--width", "160")
    assert hemalens("render", "--out", tmp_path, "--fields", "2", *size) == 0
    truth = json.loads((tmp_path / "train.json").read_text(encoding="utf-8"))
    assert len(truth["images"]) == 2
    assert truth["annotations"]


def test_the_version_is_printed(hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert hemalens("--version") == 0
    assert capsys.readouterr().out.strip() == __version__


def test_help_names_all_formats_in_80_columns(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert hemalens("detect", "--help") == 0
    said = capsys.readouterr().out
    assert [name for name in (*FORMATS, OME_ZARR) if name not in said] == []


@pytest.mark.parametrize("option", ["--score-threshold", "--min-score"])
def test_the_score_threshold_has_a_second_name(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], images: Path, tmp_path: Path, option: str
) -> None:
    assert hemalens("detect", images, "--out", tmp_path / "out", option, "2") == 2
    assert "Option 'score_threshold' got 2.0" in capsys.readouterr().err


def test_dark_images_are_named_and_the_count_is_marked(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    images: Path,
    untrained: DetectorCard,
    tmp_path: Path,
) -> None:
    iio.imwrite(images / "dapi.png", np.random.default_rng(0).integers(0, 40, (96, 128), dtype=np.uint8))
    assert detect(hemalens, untrained, tmp_path / "out", images) == 0
    said = capsys.readouterr()
    flat = " ".join(said.err.split())
    assert "doubtful" in flat
    assert "dapi.png: Dark ground, as of fluorescence" in flat
    assert "a.png" not in [line.partition(":")[0] for line in said.err.splitlines() if "Dark ground" in line]
    assert "Doubtful: Dark ground, as of fluorescence" in said.out
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    dark = [image["image"] for image in run["images"] if any("Dark" in note for note in image.get("notes", ()))]
    assert dark == ["dapi.png"]
