"""The Python form of teaching, from images to a model that measures itself."""

import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.options import TeachingRecipe
from napari_hemalens.errors import ProjectError, RecipeError, WeightsError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.workflows import teaching

SHADES = ((60, 30, 140), (190, 60, 60))


@pytest.fixture
def folder_of_cells(tmp_path: Path) -> Path:
    """Forty pictures of one cell each, of two colours."""
    folder, rng = tmp_path / "cells", np.random.default_rng(0)
    folder.mkdir()
    y, x = np.mgrid[:40, :40]
    for k in range(40):
        rgb = np.full((40, 40, 3), 230) + rng.normal(0, 3, (40, 40, 3))
        rgb[np.hypot(y - 20, x - 20) < 12] = np.array(SHADES[k % 2]) + rng.normal(0, 8, 3)
        iio.imwrite(folder / f"{k:02d}.png", rgb.clip(0, 255).astype(np.uint8))
    return folder


def test_a_folder_of_cells_is_taught_and_found_again(
    folder_of_cells: Path, nucleated: ClassifierCard, tmp_path: Path
) -> None:
    recipe = TeachingRecipe(weights=str(nucleated.file), device="cpu")
    with teaching.open_project(tmp_path / "p", classes=["blue", "red"]) as project:
        known = teaching.known_images(project)
        cells = teaching.cells_of_images([folder_of_cells], known=known)
        session = finish(teaching.start_steps(project, cells, recipe, known))
        for _ in range(18):
            assert session.current is not None
            session.label(("blue", "red")[session.current % 2])
            session.refit()
        assert sum(session.pool.counts.values()) == 18
        labels = session.pool.labels
    with teaching.open_project(tmp_path / "p", classes=["not used"]) as project:
        known = teaching.known_images(project)
        assert known.get(folder_of_cells / "03.png") is not None
        cells = teaching.stored_cells(project)
        again = finish(teaching.start_steps(project, cells, TeachingRecipe(device="cpu"), known))
        assert again.pool.labels.tolist() == labels.tolist()
        assert project.weights is not None
        assert project.weights.sha256 == nucleated.sha256


def test_a_new_project_begins_with_a_preset_and_more(tmp_path: Path) -> None:
    with teaching.open_project(tmp_path / "p", classes=["smudge"], preset="leukocyte") as project:
        assert project.classes.names[-2:] == ("monocyte", "smudge")
    with pytest.raises(RecipeError, match="No task 'zebra'"):
        teaching.open_project(tmp_path / "q", preset="zebra")
    with pytest.raises(ProjectError, match="is no project"):
        teaching.open_project(tmp_path / "q", read_only=True)


def test_weights_that_are_not_there_are_said_before_any_image_is_read(folder_of_cells: Path, tmp_path: Path) -> None:
    with teaching.open_project(tmp_path / "p", classes=["a"]) as project:
        cells = teaching.cells_of_images([folder_of_cells])
        with pytest.raises(WeightsError, match="No weights 'zebra'"):
            next(teaching.start_steps(project, cells, TeachingRecipe(weights="zebra")))


def test_opening_a_project_loads_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from napari_hemalens.workflows import teaching\n"
        f"teaching.open_project({str(tmp_path / 'p')!r}, classes=['a']).close()\n"
        "assert 'torch' not in sys.modules and 'napari' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
