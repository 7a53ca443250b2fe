"""What a person has to know of the cells, in sentences."""

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Image

from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.notes import notes_on
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.review.boxes import ReviewedBoxes


@pytest.fixture
def field():
    said = Provenance(image="smear", weights="fake", sha256="0", pixel_size_um=0.1, pixel_size_source="estimated")
    cells = replace(Detections.empty((), (8, 8)), provenance=replace(said, frame="T=2"))
    return Field("smear [T=2]", ReviewedBoxes.from_run(cells))


def test_frames_and_pixel_sizes_that_were_estimated_are_said(field):
    assert notes_on([field], "", 0) == (
        "Counted: smear [T=2].",
        "smear [T=2]: pixel size estimated from the red cells, 0.1 µm.",
    )


def test_planes_that_were_taken_for_colours_are_said(field):
    field.image = Image(np.zeros((3, 8, 8), np.uint8), name="smear")
    assert "smear [T=2]: Its 3 planes are taken for colours" in " ".join(notes_on([field], "", 0))
    field.image.axis_labels = ("z", "y", "x")
    assert "planes" not in " ".join(notes_on([field], "", 0))


def test_what_is_not_shown_and_what_is_counted_all_the_same_are_said():
    shown = "Shown: blasts."
    assert notes_on([], shown, 1_200) == (shown, "1,200 unsure cells are counted under the likeliest class.")
    assert notes_on([], "", 1) == ("1 unsure cell is counted under the likeliest class.",)


def test_of_nothing_there_is_nothing_to_say():
    assert notes_on([Field("smear")], "", 0) == ()
