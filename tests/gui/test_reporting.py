"""Results on screen become a report; what stands in the way is said."""

from collections import deque
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from napari.layers import Image

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.gui.layers import slide_opener
from napari_hemalens.gui.reporting import report_on_screen_steps
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.workflows import write_results
from napari_hemalens.workflows.ome_zarr import ImageCopy


def one_cell(provenance: Provenance) -> Detections:
    return Detections.from_arrays(
        [[0, 0, 10, 12]], [0.9], [0], names=("lymphocyte",), image_shape=(60, 80), provenance=provenance
    )


@pytest.fixture
def save(tmp_path):
    image = tmp_path / "a.png"
    iio.imwrite(image, np.full((60, 80, 3), 200, np.uint8))
    found = one_cell(Provenance(image=str(image), pixel_size_um=0.2))
    return lambda folder: write_results([found], DetectionRecipe(), folder)


@pytest.mark.parametrize("name", ["report.html", "report"])
def test_a_report_is_written_with_its_cells_and_said(save, tmp_path, name):
    reported, last = report_on_screen_steps(save, tmp_path / name, ReportRecipe(language="de"))
    assert reported == "Reporting: a.png"
    assert last == f"Report written to {tmp_path / 'report.html'}."
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "data:image/jpeg" in text
    assert "Kernhaltige Zellen" in text


def test_a_file_that_is_no_report_is_refused_in_a_sentence(save, tmp_path):
    (said,) = report_on_screen_steps(save, tmp_path / "report.docx", ReportRecipe())
    assert said.startswith("No report could be written: A report is a file called .html")


def test_results_that_cannot_be_saved_are_no_report(tmp_path):
    def fail(_: Path) -> None:
        raise OSError("disk full")

    assert [*report_on_screen_steps(fail, tmp_path / "r.html", ReportRecipe())] == [
        "No report could be written: disk full"
    ]


def test_an_image_that_is_no_file_is_pictured_from_its_layer(tmp_path):
    layer = Image(np.full((60, 80, 3), 200, np.uint8), rgb=True, name="in memory")
    found = one_cell(Provenance(image="in memory"))
    copies = [ImageCopy(slide_opener(layer), found)]
    out = tmp_path / "r.html"
    for images, pictured in (((), False), (copies, True)):
        deque(
            report_on_screen_steps(
                lambda place: write_results([found], DetectionRecipe(), place), out, ReportRecipe(), images
            )
        )
        text = out.read_text(encoding="utf-8")
        assert ("data:image/jpeg" in text, "cannot be shown" in text) == (pictured, not pictured)
