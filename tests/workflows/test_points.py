"""Points are measured by images and parts that are named before a network runs."""

from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import finish
from napari_hemalens.workflows import PointSelection, evaluate_points_steps


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """One grey image with two points."""
    import imageio.v3 as iio

    for name in ("images", "points"):
        (tmp_path / "set" / name).mkdir(parents=True)
    iio.imwrite(tmp_path / "set" / "images" / "one.png", np.full((96, 96, 3), 230, np.uint8))
    (tmp_path / "set" / "points" / "one.csv").write_text("x,y,class\n20,30,1\n60,50,1\n", encoding="utf-8")
    return tmp_path / "set"


def test_the_figures_are_written_where_they_are_asked_for(
    marked: Path, untrained: DetectorCard, tmp_path: Path
) -> None:
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15, device="cpu", score_threshold=0.9)
    steps = evaluate_points_steps(PointSelection(marked), recipe, radius=12.0, out=tmp_path / "out")
    report = finish(steps)
    assert (report.radius, report.score_threshold, report.part) == (12.0, 0.9, "all")
    assert report.images["one"]["nuclei"] == 2
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        *("report.json", "report.md", "images.csv", "radii.csv", "curves.png"),
    }


def test_a_folder_without_points_and_a_name_that_fits_no_image_are_refused(marked: Path, tmp_path: Path) -> None:
    recipe = DetectionRecipe(pixel_size_um=0.15, device="cpu")
    with pytest.raises(AnnotationError, match="holds no points"):
        finish(evaluate_points_steps(PointSelection(tmp_path), recipe))
    with pytest.raises(AnnotationError, match="is called 'two'"):
        finish(evaluate_points_steps(PointSelection(marked, only=["two"]), recipe))


def test_a_scale_that_nobody_knows_is_asked_for(marked: Path) -> None:
    with pytest.raises((AnnotationError, RecipeError), match="give it in micrometres"):
        finish(evaluate_points_steps(PointSelection(marked), DetectionRecipe(device="cpu")))
