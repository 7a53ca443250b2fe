"""`hemalens render`."""

from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import pytest

from napari_hemalens.formats import read_annotations


def test_fields_of_the_size_asked_for_are_written_with_their_cells(
    hemalens: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ("--fields", "2", "--height", "160", "--width", "224", "--pixel-size", "0.15", "--seed", "3")
    assert hemalens("render", "--out", tmp_path / "out", *size) == 0
    assert f"2 fields written to {tmp_path / 'out'}" in capsys.readouterr().out
    fields = read_annotations(tmp_path / "out", split="train")
    assert len(fields) == 2
    for field in fields:
        assert iio.imread(field.provenance.image).shape == (160, 224, 3)
        assert len(field) > 0
        assert field.provenance.pixel_size_um == 0.15


def test_the_same_seed_gives_the_same_pixels(hemalens: Callable[..., int], tmp_path: Path) -> None:
    size = ("--height", "128", "--width", "128", "--tissue", "blood", "--seed")
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert hemalens("render", "--out", tmp_path / name, *size, seed) == 0
    first, again, other = (
        iio.imread(read_annotations(tmp_path / name, split="train")[0].provenance.image) for name in "abc"
    )
    assert (first == again).all()
    assert (first != other).any()


def test_a_seed_below_zero_is_refused(
    hemalens: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hemalens("render", "--seed", "-1", "--height", "64", "--width", "64", "--out", tmp_path / "out") == 2
    assert "--seed" in capsys.readouterr().err
