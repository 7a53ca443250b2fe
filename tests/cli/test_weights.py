from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.models import weights


def test_a_laboratory_chooses_the_least_score_on_its_own_images(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], two_fields: Path, tmp_path: Path
) -> None:
    packed = weights.detector_card(DetectionRecipe().weights)
    assert hemalens("weights", "tune", "--data", two_fields, "--out", tmp_path, "--pixel-size", "0.15") == 0
    said = capsys.readouterr().out
    assert f"{packed.name}-tuned: AP50 " in said
    assert f"--weights {tmp_path / f'{packed.name}-tuned.safetensors'}" in said
    assert hemalens("weights", "verify", tmp_path / f"{packed.name}-tuned.json") == 0


def test_weights_of_another_name_are_not_written_over(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], two_fields: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.safetensors").write_bytes(b"trained for a week")
    options = ("--out", tmp_path, "--name", "mine", "--pixel-size", "0.15")
    assert hemalens("weights", "tune", "--data", two_fields, *options) == 2
    assert "mine.safetensors holds other weights; choose another name or folder." in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.safetensors"]
    assert (tmp_path / "mine.safetensors").read_bytes() == b"trained for a week"
