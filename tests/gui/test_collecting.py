"""Corrections on screen become a training set; what stands in the way is said."""

from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.gui.collecting import collect_corrections_steps, collected_in_words
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.workflows import write_results
from napari_hemalens.workflows.collection import Collected


@pytest.fixture
def fields(tmp_path):
    """The cells of two images, as they were found."""
    found = []
    for k in range(2):
        path = tmp_path / f"{k}.png"
        iio.imwrite(path, np.full((60, 80, 3), 100 + k, np.uint8))
        found.append(
            Detections.from_arrays(
                [[0, 0, 10, 12], [20, 20, 32, 34]],
                [0.9, 0.8],
                [0, 0],
                names=("lymphocyte", "blast"),
                image_shape=(60, 80),
                provenance=Provenance(image=str(path), pixel_size_um=0.2),
            )
        )
    return found


def saver(fields):
    return lambda folder: write_results(fields, DetectionRecipe(), folder)


def test_corrected_images_are_collected_and_the_next_step_is_told(fields, tmp_path):
    corrected = [ReviewedBoxes.from_run(each).with_classes(np.array([0]), ["blast"]).current(0.5) for each in fields]
    *_, last = collect_corrections_steps(saver(corrected), tmp_path / "set")
    assert last.startswith(f"Collected 2 images in {tmp_path / 'set'} (")
    assert "2 blast" in last
    data, out = tmp_path / "set" / "boxes", tmp_path / "set" / "detector"
    assert last.endswith(f"Train with hemalens train detection --data {data} --out {out}.")
    assert (tmp_path / "set" / "boxes" / "train.json").exists()


def test_without_corrections_nothing_is_collected_which_is_said(fields, tmp_path):
    (said,) = collect_corrections_steps(saver(fields), tmp_path / "set")
    assert said.startswith("Nothing could be collected: Nobody corrected or confirmed anything")
    assert not (tmp_path / "set").exists()


def test_a_folder_that_holds_something_is_left_alone(fields, tmp_path):
    (said,) = collect_corrections_steps(saver(fields), tmp_path)
    assert said == f"Nothing could be collected: {tmp_path} is not empty: a training set needs a folder of its own."


def test_results_that_cannot_be_written_are_said(tmp_path):
    def fail(_):
        raise OSError("the disk is full")

    assert [*collect_corrections_steps(fail, tmp_path / "set")] == ["Nothing could be collected: the disk is full"]


def test_notes_follow_what_was_collected():
    found = Collected(None, None, Path("set/labels"), 1, {}, ("One image is too large.",))
    assert collected_in_words(found, Path("set")) == "Collected 1 image in set. One image is too large."
    told = replace(found, commands=("hemalens train a", "hemalens train b"))
    assert collected_in_words(told, Path("set")) == (
        "Collected 1 image in set. Train with hemalens train a; hemalens train b. One image is too large."
    )
