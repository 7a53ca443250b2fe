from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.formats import FORMATS, read_annotations
from napari_hemalens.progress import finish
from napari_hemalens.rendering.dataset import render_fields_steps


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    finish(render_fields_steps(folder, fields=2, shape=(160, 160), pixel_size_um=0.15, tissue="marrow", seed=1))
    return folder


@pytest.mark.parametrize("to", sorted(FORMATS))
def test_annotations_come_out_in_every_format_with_all_their_cells(
    hemalens: Callable[..., int], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], to: str
) -> None:
    before = read_annotations(data, split="train")
    assert hemalens("convert", data, "--split", "train", "--to", to, "--out", tmp_path / "out") == 0
    target = tmp_path / "out" / FORMATS[to].target
    after = {Path(f.provenance.image).name: f for f in read_annotations(target)}
    assert f"{sum(map(len, before))} cells of 2 images written to {target}" in capsys.readouterr().out
    for field in before:
        found = after[Path(field.provenance.image).name]
        assert found.class_names.tolist() == field.class_names.tolist()
        assert abs(found.boxes - field.boxes).max() <= 0.01


def test_a_via_project_of_one_set_and_a_coco_file_of_another_become_one(
    hemalens: Callable[..., int], data: Path, tmp_path: Path
) -> None:
    hemalens("convert", data / "train.json", "--to", "via", "--out", tmp_path / "first")
    hemalens("convert", data / "train.json", "--to", "coco", "--out", tmp_path / "second")
    both = (tmp_path / "first" / "via.json", tmp_path / "second" / "coco.json")
    assert hemalens("convert", *both, "--to", "coco", "--out", tmp_path / "both") == 0
    assert len(read_annotations(tmp_path / "both")) == 4


@pytest.mark.parametrize(
    ("to", "said"),
    [("via", "Results need a folder of their own"), ("xml", "No format 'xml'. Known: coco, voc")],
)
def test_what_is_read_is_not_overwritten_and_formats_must_be_known(
    hemalens: Callable[..., int], data: Path, capsys: pytest.CaptureFixture[str], to: str, said: str
) -> None:
    before = sorted(data.iterdir())
    assert hemalens("convert", data, "--split", "train", "--to", to, "--out", data) == 2
    assert said in capsys.readouterr().err
    assert sorted(data.iterdir()) == before


def test_a_folder_without_annotations_is_refused(
    hemalens: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hemalens("convert", tmp_path, "--to", "via", "--out", tmp_path / "out") == 2
    assert "No annotations in" in capsys.readouterr().err
