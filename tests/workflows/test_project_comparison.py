"""Results of a project by patient and group, from runs of its queue and from what Detect keeps."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_hemalens.config.options import ClassificationRecipe, DetectionRecipe
from napari_hemalens.config.recipe import Recipe
from napari_hemalens.errors import AnnotationError, ProjectError
from napari_hemalens.projects import queue, slides_table
from napari_hemalens.projects.project import Project
from napari_hemalens.projects.queue import Operation
from napari_hemalens.projects.slides_table import ProjectSlide, SlidesTable
from napari_hemalens.projects.work import WorkFiles
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import ICSH
from napari_hemalens.reports.assay import summary
from napari_hemalens.reports.classes import write_cells, write_summary
from napari_hemalens.reports.detections import write_run
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.workflows import write_results
from napari_hemalens.workflows.detected_work import DetectedWork, KeptBoxes, write_detected
from napari_hemalens.workflows.kept_images import KeptImage
from napari_hemalens.workflows.project_comparison import compare_project, comparison_text, countable_runs, write_page
from napari_hemalens.workflows.project_queue import queue_run

BLASTS = {"c1": 0, "c2": 1, "c3": 0, "p1": 6, "p2": 7, "p3": 5}
CELLS = 20


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a slide of each of three controls and three patients, and one that nobody looked at."""
    folder = tmp_path / "project"
    Project.create(folder).close()
    slides = [
        ProjectSlide(f"{name}.tif", patient=name, group={"c": "control", "p": "case"}[name[0]]) for name in BLASTS
    ]
    slides_table.write(SlidesTable((*slides, ProjectSlide("new.tif"))), folder)
    for slide in slides:
        (folder / slide.path).touch()
    return folder


def detected(image: Path, blasts: int) -> Detections:
    """Return blasts, then lymphocytes, and a red cell."""
    names = ["blast"] * blasts + ["lymphocyte"] * (CELLS - blasts) + ["erythrocyte"]
    return Detections.from_arrays(
        [[0, 10 * k, 9, 10 * k + 8] for k in range(CELLS + 1)],
        np.full(CELLS + 1, 0.9),
        np.array([ICSH.classes.index(name) for name in names]),
        names=ICSH.classes,
        recognised=ICSH.classes,
        image_shape=(60, 300),
        provenance=Provenance(image=str(image), pixel_size_um=0.2, weights="w", sha256="ab"),
    )


@pytest.fixture
def ran(project: Path) -> Callable[[Operation, Recipe], Path]:
    """Put a run of all slides with images into the queue, as done; returns the folder of its results."""

    def run(operation: Operation, recipe: Recipe) -> Path:
        slides = [f"{name}.tif" for name in BLASTS]
        added = queue_run(project, operation, recipe, slides=slides)
        queue.change(project, lambda now: now.with_run(added.model_copy(update={"state": "done"})))
        return added.results(project)

    return run


@pytest.fixture
def detection(project: Path, ran: Callable[[Operation, Recipe], Path]) -> Path:
    """Results of Detect."""
    fields = [detected(project / f"{name}.tif", blasts) for name, blasts in BLASTS.items()]
    folder = ran("detect", DetectionRecipe(tissue="blood"))
    write_results(fields, DetectionRecipe(tissue="blood"), folder)
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.usefixtures("detection")
def test_what_detect_found_is_compared_by_patients_and_written(project: Path) -> None:
    compared = compare_project(project)
    assert (compared.source, compared.folder) == ("detect-1", project / "results" / "detect-1-groups")
    control, case = compared.found.groups
    assert (control.counts["blast"], control.total, case.counts["blast"], case.total) == (1, 60, 18, 60)
    assert "erythrocyte" not in compared.found.classes
    assert compared.found.compared == ("control", "case")
    blast = next(test for test in compared.found.tests if test.class_name == "blast")
    assert blast.rank_p == pytest.approx(0.1)
    assert compared.found.notes[0] == "1 slide has no results in detect-1: new.tif."
    assert {row["group"] for row in rows(compared.folder / "patients.csv")} == {"control", "case"}
    assert len(rows(compared.folder / "tests.csv")) == 2
    assert "detect-1" in compared.page.read_text(encoding="utf-8")
    assert "case compared with control" in comparison_text(compared.found)


@pytest.mark.usefixtures("detection")
def test_a_comparison_is_put_into_another_language_without_counting(project: Path) -> None:
    german = compare_project(project, language="de")
    assert german.notes[0] == "1 Präparat hat keine Ergebnisse in detect-1: new.tif."
    assert [table.title for table in german.tables] == [
        "case verglichen mit control",
        "Gruppen",
        "Patienten",
        "Präparate",
    ]
    assert "<title>Gruppen von project</title>" in german.page.read_text(encoding="utf-8")
    (project / "queue.json").unlink()
    english = write_page(german, "en")
    assert (english.tables[1].title, english.refusal) == ("Groups", "")
    text = english.page.read_text(encoding="utf-8")
    assert "<title>Groups of project</title>" in text
    assert "<td>detect-1</td>" in text
    assert "<td>marrow-lite</td>" in text


@pytest.mark.usefixtures("detection")
def test_a_comparison_that_cannot_be_written_is_said(project: Path) -> None:
    (project / "file").touch()
    with pytest.raises(ProjectError, match="could not be written"):
        compare_project(project, out=project / "file")


@pytest.mark.usefixtures("detection")
def test_patients_are_those_that_the_table_says_now(project: Path) -> None:
    table = slides_table.read(project)
    slides_table.write(table.with_text(1, "patient", "c1").with_text(0, "group", "control"), project)
    found = compare_project(project, groups=("case", "control"), out=project.parent / "out").found
    assert "'control' has 2 patients with cells" in found.refusal
    assert [patient.slides for patient in found.patients] == [2, 1, 1, 1, 1]
    assert not (project.parent / "out" / "tests.csv").exists()
    with pytest.raises(AnnotationError, match="no group 'x'"):
        compare_project(project, groups=("x", "case"))


def test_what_classify_found_is_compared_by_the_class_looked_for(
    project: Path, ran: Callable[[Operation, Recipe], Path]
) -> None:
    results = []
    for name, blasts in BLASTS.items():
        classes = np.array([0] * blasts + [1] * (CELLS - blasts))
        chances = np.eye(2, dtype=np.float32)[classes]
        centres = np.stack([np.full(CELLS, 9.5), 10 * np.arange(CELLS) + 5], axis=1)
        origin = Provenance(image=str(project / f"{name}.tif"))
        ids, areas = np.arange(1, CELLS + 1), np.full(CELLS, 50)
        results.append(Classified(ids, chances, classes, ("blast", "normal"), centres, areas, (60, 300), origin))
    folder = ran("classify", ClassificationRecipe(task="all"))
    write_cells(results, folder / "cells.csv")
    write_summary(summary(results), folder / "summary.csv")
    write_run(results, {}, folder / "run.json")
    assert countable_runs(project) == ("classify-1",)
    (test,) = compare_project(project).found.tests
    assert (test.class_name, test.cells) == ("blast", ((1, 60), (18, 60)))


def test_cells_that_a_person_corrected_in_detect_are_compared(project: Path) -> None:
    reviewed = {name: ReviewedBoxes.from_run(detected(project / f"{name}.tif", n)) for name, n in BLASTS.items()}
    reviewed["c2"] = reviewed["c2"].with_classes(np.array([0]), ["lymphocyte"])
    kept = tuple(
        KeptBoxes(KeptImage(name, (60, 300), file=str(project / f"{name}.tif")), name, each)
        for name, each in reviewed.items()
    )
    choices: dict[str, Any] = {"score_threshold": 0.5, "tissue": "blood", "unsure": "apart"}
    with Project.open(project):
        write_detected(WorkFiles(project), project, DetectedWork(kept, choices))
    control, _ = compare_project(project, "work").found.groups
    assert (control.counts["blast"], control.total) == (0, 60)


def test_all_frames_of_a_slide_that_detect_keeps_are_counted(project: Path) -> None:
    image = KeptImage("c1", (60, 300), file=str(project / "c1.tif"))
    kept = tuple(
        KeptBoxes(image, f"c1 T={t}", ReviewedBoxes.from_run(detected(project / "c1.tif", t)), frame=(t,))
        for t in range(3)
    )
    with Project.open(project):
        write_detected(WorkFiles(project), project, DetectedWork(kept, {"score_threshold": 0.5}))
    found = compare_project(project, "work").found
    (slide,) = found.slides
    assert "slides have no results in Detect: " in found.notes[0]
    assert (slide.counts["blast"], slide.total) == (0 + 1 + 2, 3 * CELLS)


def test_runs_without_cells_to_count_are_said(project: Path, ran: Callable[[Operation, Recipe], Path]) -> None:
    with pytest.raises(ProjectError, match="has no results of Detect or Classify yet"):
        compare_project(project)
    ran("detect", DetectionRecipe())
    with pytest.raises(ProjectError, match="detect-1 has no cells to count"):
        compare_project(project, "detect-1")
    with pytest.raises(ProjectError, match="No run 'x'"):
        compare_project(project, "x")
    with pytest.raises(ProjectError, match=r"Detect keeps cells of none of the slides"):
        compare_project(project, "work")
