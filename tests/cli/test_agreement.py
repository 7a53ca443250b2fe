"""`hemalens agreement` prints figures and writes a page."""

from collections.abc import Callable
from pathlib import Path

import pytest


def test_two_tables_are_compared(
    hemalens: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, said in (("ann", "none"), ("ben", "micronucleus")):
        lines = [f"n.tif,{cell},{said if cell == 3 else 'none' if cell % 2 else 'micronucleus'}" for cell in range(60)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["image,cell,class", *lines]))
    order = ("--order", "none, micronucleus", "--weights", "quadratic")
    assert (
        hemalens("agreement", tmp_path / "ann.csv", f"Ben={tmp_path / 'ben.csv'}", "--out", tmp_path / "o", *order) == 0
    )
    said = capsys.readouterr().out
    assert "ann and Ben agree on 98.3 % of 60 cells that both named; kappa 0.97" in said
    assert "Weighted kappa of the classes in order: 0.97" in said
    assert (tmp_path / "o" / "agreement.html").is_file()


def test_one_reading_alone_is_one_sentence(
    hemalens: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ann.csv").write_text("image,cell,class\nn.tif,1,none\n")
    assert hemalens("agreement", tmp_path / "ann.csv") == 2
    assert "who have different names" in capsys.readouterr().err
