"""A script reads what a project keeps."""

import numpy as np
import pytest

from napari_hemalens.errors import ProjectError
from napari_hemalens.projects.work import WorkFiles
from napari_hemalens.records.detections import Detections
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.workflows import open_work
from napari_hemalens.workflows.detected_work import DetectedWork, KeptBoxes, write_detected
from napari_hemalens.workflows.kept_images import KeptImage
from napari_hemalens.workflows.teaching import open_project
from napari_hemalens.workflows.work import check_work


@pytest.fixture
def project(tmp_path):
    """A project that is open, with a corrected cell and one of a low score, in an image that is not found."""
    cells = Detections.from_arrays(
        [[0, 0, 9, 9], [10, 10, 19, 19]], [0.9, 0.2], [0, 1], names=("blast", "lymphocyte"), image_shape=(40, 50)
    )
    reviewed = ReviewedBoxes.from_run(cells).with_classes(np.array([0]), ["monocyte"])
    with open_project(tmp_path / "p") as opened:
        image = KeptImage("a", (40, 50), file=str(tmp_path / "a.tif"))
        choices = {"score_threshold": 0.5, "tissue": "blood", "unsure": "apart"}
        write_detected(
            WorkFiles(opened.folder), opened.folder, DetectedWork((KeptBoxes(image, "a", reviewed),), choices)
        )
        yield opened


def test_cells_are_read_as_counted_while_a_window_has_the_project(project):
    for work in (open_work(project), open_work(str(project.folder))):
        (image,) = work.detected
        assert image.cells.class_names.tolist() == ["monocyte"]
        assert image.cells.corrections.counts() == {"class": 1}
        assert (work.differential().tissue, work.differential().nucleated) == ("blood", 1)
        assert [each.name for each in work.missing] == ["a"]
        assert (work.classified, work.damaged) == ((), ())


def test_a_folder_that_is_no_project_is_refused(tmp_path):
    with pytest.raises(ProjectError, match="is no project"):
        open_work(tmp_path)


def test_work_that_cannot_be_read_is_refused_before_anything_else(project):
    check_work(project.folder)
    (project.folder / "work" / "classify.json").write_text("{")
    with pytest.raises(ProjectError, match=r"Cannot read .*classify\.json"):
        check_work(project.folder)
