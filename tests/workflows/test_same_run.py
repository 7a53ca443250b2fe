"""A worker that is not of the run is refused, in a sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from napari_hemalens.errors import ClusterError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.workflows.same_run import SameRun

pytest.importorskip("distributed")


def test_a_function_runs_in_the_folder_of_the_run(
    untrained: DetectorCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    same = SameRun.of(untrained.file, None)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert same.run(Path.cwd) == tmp_path
    assert Path.cwd() == tmp_path / "elsewhere"


def test_another_version_is_refused(untrained: DetectorCard) -> None:
    with pytest.raises(ClusterError, match=r"A worker has HemaLens .*, this run is of 0\.0\.1: install the same"):
        replace(SameRun.of(untrained.file), hemalens="0.0.1").run(Path.cwd)


def test_other_weights_are_refused(untrained: DetectorCard) -> None:
    with pytest.raises(ClusterError, match=r"other weights by the name .*untrained"):
        replace(SameRun.of(untrained.file), hashes=(("untrained", "0"),)).run(Path.cwd)


def test_a_folder_that_is_not_seen_is_said(untrained: DetectorCard, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"A worker does not see .*gone"):
        replace(SameRun.of(untrained.file), folder=str(tmp_path / "gone")).run(Path.cwd)
