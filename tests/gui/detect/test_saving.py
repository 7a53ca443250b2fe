"""Results of the Detect dock go into a folder, and what happened is one sentence."""

import csv

import pytest

from napari_hemalens.formats import FORMATS
from napari_hemalens.gui.detect.saving import save_steps
from napari_hemalens.workflows.detection import files_of_results


@pytest.fixture
def fields(analysed):
    return analysed.results.detections()


def test_what_was_written_is_named_and_is_there(fields, recipe, tmp_path):
    (sentence,) = save_steps(fields, recipe, tmp_path, ("csv", "coco"), failed={})
    files = {"cells.csv", "coco.json", "counts.csv", "differential.csv", "run.json"}
    assert {path.name for path in tmp_path.iterdir()} == files
    assert all(name in sentence for name in files)
    with (tmp_path / "cells.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(fields[0])


def test_a_folder_that_cannot_be_written_costs_a_sentence_and_no_more(fields, recipe, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    (sentence,) = save_steps(fields, recipe, blocked / "results", ("csv",), failed={})
    assert sentence.startswith(f"Nothing could be saved in {blocked / 'results'}")


def test_the_files_that_will_be_written_are_known_before(fields, recipe, tmp_path):
    list(save_steps(fields, recipe, tmp_path, [*FORMATS], failed={"b.png": "Cannot read b.png."}))
    assert {path.name for path in tmp_path.iterdir()} == {*files_of_results([*FORMATS])}
