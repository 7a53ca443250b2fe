"""What runs found in one slide is read back: boxes, outlined cells with classes, heatmaps."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.options import ClassificationRecipe, DetectionRecipe, ExplanationRecipe
from napari_hemalens.errors import ProjectError
from napari_hemalens.models.cards import ClassifierCard, DetectorCard
from napari_hemalens.progress import finish
from napari_hemalens.projects.project import Project
from napari_hemalens.workflows.project_queue import queue_run, run_queue_steps
from napari_hemalens.workflows.project_results import results_of_slide
from napari_hemalens.workflows.project_slides import add_slides


def test_the_results_of_all_runs_over_a_slide_are_read_back(
    tmp_path: Path, untrained: DetectorCard, untrained_classifier: ClassifierCard
) -> None:
    project = tmp_path / "project"
    Project.create(project).close()
    rng, (y, x) = np.random.default_rng(0), np.mgrid[:96, :128]
    for name in ("a.png", "b.png"):
        pixels = rng.normal(20, 2, (96, 128))
        pixels[np.hypot(y - 48, x - 64) < 20] = 200
        iio.imwrite(tmp_path / name, pixels.clip(0, 255).astype(np.uint8))
    add_slides(project, [tmp_path])
    with pytest.raises(ProjectError, match=r"No run has results of b\.png yet"):
        results_of_slide(project, "../b.png")
    file = str(untrained_classifier.file)
    queue_run(project, "detect", DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15, device="cpu"))
    queue_run(project, "classify", ClassificationRecipe(weights=file, device="cpu"))
    queue_run(project, "explain", ExplanationRecipe(weights=file, device="cpu"), methods=["grad-cam"])
    outcomes = finish(run_queue_steps(project))
    assert [each.sentence for each in outcomes] == ["2 of 2 slides done."] * 3, [each.failed for each in outcomes]

    detected, classified, explained = results_of_slide(project, "../b.png")
    assert detected.cells is not None
    assert len(detected.cells) == outcomes[0].cells["../b.png"]
    assert classified.labels is not None
    numbers = {*np.unique(classified.labels).tolist()} - {0}
    assert {*classified.classes} == numbers
    assert set(classified.classes.values()) <= {"micronucleus", "none"}
    assert {*explained.heatmaps} == {"grad-cam"}
    assert explained.heatmaps["grad-cam"].shape == (96, 128)
