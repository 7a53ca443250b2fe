"""The slides, queue and groups of a project from the command line."""

from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.projects.project import Project


@pytest.fixture
def smears(tmp_path: Path) -> Path:
    """A folder of two small smears."""
    folder, rng = tmp_path / "smears", np.random.default_rng(0)
    folder.mkdir()
    for name in ("a.png", "b.png"):
        iio.imwrite(folder / name, rng.integers(80, 255, (96, 128, 3), dtype=np.uint8))
    return folder


def test_slides_are_added_run_over_and_compared(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    smears: Path,
    untrained: DetectorCard,
    tmp_path: Path,
) -> None:
    project, table = tmp_path / "project", tmp_path / "who.csv"
    table.write_text("path;patient;group\nsmears/a.png;P1;case\nsmears/b.png;P2;control\n", encoding="utf-8")
    assert hemalens("project", "slides", project, smears, "--table", table) == 0
    assert "../smears/a.png: P1, case" in capsys.readouterr().out

    changes = ("--set", f"weights={untrained.file}", "--set", "pixel_size_um=0.15", "--set", "device=cpu")
    assert hemalens("project", "run", project, "detect", *changes, "--later") == 0
    assert not (project / "results").exists()
    (smears / "b.png").unlink()
    assert hemalens("project", "run", project) == 1
    printed = capsys.readouterr()
    assert "detect-1 (done): 1 of 2 slides done, 1 failed." in printed.out
    assert "b.png" in printed.err
    assert hemalens("project", "run", project) == 0
    assert "Nothing waits in the queue" in capsys.readouterr().out

    assert hemalens("project", "compare", project) == 1
    assert "Groups are not compared: 'control' has 0 patients with cells" in capsys.readouterr().out
    page = project / "results" / "detect-1-groups" / "comparison.html"
    assert '<html lang="en">' in page.read_text(encoding="utf-8")
    assert hemalens("project", "compare", project, "--language", "de") == 1
    assert "hat 0 Patienten mit Zellen" in page.read_text(encoding="utf-8")
    capsys.readouterr()
    assert hemalens("project", "queue", project, "--remove", "detect-1") == 0
    assert "The queue is empty" in capsys.readouterr().out


def test_a_folder_that_is_no_project_has_no_empty_queue(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert hemalens("project", "queue", tmp_path) == 2
    assert "is no project: it has no project.json" in capsys.readouterr().err


def test_what_belongs_to_a_new_run_is_refused_without_one(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], smears: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    assert hemalens("project", "slides", project, smears) == 0
    assert hemalens("project", "run", project, "--set", "tissue=blood") == 2
    assert "say detect, classify or explain" in capsys.readouterr().err
    assert hemalens("project", "run", project, "detect", "--taught") == 2
    assert "--taught is of classify and explain" in capsys.readouterr().err
    assert hemalens("project", "run", project, "classify", "--taught") == 2
    assert "Train properly in Teach first" in capsys.readouterr().err


def test_slides_are_not_added_while_a_window_has_the_project(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], smears: Path, tmp_path: Path
) -> None:
    with Project.create(tmp_path / "project"):
        assert hemalens("project", "slides", tmp_path / "project", smears) == 2
        assert "is open in another window" in capsys.readouterr().err
        assert hemalens("project", "slides", tmp_path / "project") == 0  # which changes nothing
