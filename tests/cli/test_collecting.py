"""`hemalens collect`."""

from pathlib import Path

import pytest

from napari_hemalens.cli import collecting
from napari_hemalens.workflows.collection import Collected


def test_what_was_collected_and_how_to_train_on_it_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def steps(results: list[Path], out: Path, *, everything: bool) -> object:
        asked.append((results, out, everything))
        yield from ()
        return Collected(Path("set/boxes"), None, Path("set/labels"), 3, {"blast": 1200}, ("a.png cannot be found.",))

    monkeypatch.setattr(collecting, "collect_steps", steps)
    collecting.collect([tmp_path], Path("set"), everything=True)
    said = capsys.readouterr().out
    assert asked == [([tmp_path], Path("set"), True)]
    assert "1,200  blast" in said
    assert "a.png cannot be found." in said
    assert "hemalens train detection --data set/boxes" in said
    assert "hemalens train classification --data set/labels" in said
