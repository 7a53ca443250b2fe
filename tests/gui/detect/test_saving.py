"""Results of the Detect dock go into a folder, and what happened is one sentence."""

import csv

import anndata
import imageio.v3 as iio
import numpy as np
import pytest
import zarr

from napari_hemalens import extras
from napari_hemalens.formats import FORMATS
from napari_hemalens.gui.detect.saving import DetectedCells, save_steps


@pytest.fixture
def found(analysed):
    return DetectedCells.from_results(analysed.results, analysed.recipe, {})


def test_what_was_written_is_named_and_is_there(found, tmp_path):
    (sentence,) = save_steps(found, tmp_path, ("csv", "coco"))
    files = {"cells.csv", "coco.json", "counts.csv", "differential.csv", "run.json"}
    assert {path.name for path in tmp_path.iterdir()} == files
    assert all(name in sentence for name in files)
    with (tmp_path / "cells.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(found.fields[0])


def test_a_folder_that_cannot_be_written_costs_a_sentence_and_no_more(found, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    (sentence,) = save_steps(found, blocked / "results", ("csv",))
    assert sentence.startswith(f"Nothing could be saved in {blocked / 'results'}")


def test_the_files_that_will_be_written_are_known_before(analysed, runner, tmp_path):
    analysed.failures.add(analysed.results.fields[0], "Cannot read b.png.", listed=True)
    formats = (*FORMATS, "ome-zarr")
    analysed.save(tmp_path, formats)
    runner.run()
    assert sorted(tmp_path.iterdir()) == sorted(analysed.files_of_save(tmp_path, formats))


def test_an_image_in_memory_is_copied_with_the_cells_on_screen(found, viewer, tmp_path):
    *_, said = save_steps(found, tmp_path, ("ome-zarr",))
    assert said.startswith("Saved counts.csv")
    assert said.endswith("1 image is copied there with its cells (*.ome.zarr).")
    copy = zarr.open_group(tmp_path / "smear.ome.zarr", mode="r")
    np.testing.assert_array_equal(np.moveaxis(copy["0"][:], 0, 2), viewer.layers["smear"].data)
    table = anndata.io.read_elem(copy["tables/cells"])
    assert table.obs["class"].tolist() == found.fields[0].class_names.tolist()


def test_copies_can_be_stopped_and_what_is_in_tables_stays_saved(analysed, runner, tmp_path):
    said = []
    analysed.message_sent.connect(said.append)
    analysed.results.fields[0].choose([0])
    analysed.results.classify("monocyte")
    assert analysed.unsaved == 1
    analysed.save(tmp_path, ("csv", "ome-zarr"))
    runner.step()
    runner.step()
    assert said[-1].startswith("Saving: smear")
    analysed.stop()
    assert said[-1] == "Stopped. Files that were whole are kept."
    assert analysed.unsaved == 0
    assert (tmp_path / "cells.csv").exists()
    assert not list(tmp_path.glob("*.zarr"))


def test_a_file_that_is_not_shown_is_opened_to_be_copied(session, runner, recipe, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 60, 90, 3), np.uint8)
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    for file, image in zip(files, pixels, strict=True):
        iio.imwrite(file, image)
    session.start_run(files, recipe)
    runner.run()
    assert [f.hidden for f in session.results.fields] == [False, True]
    session.save(tmp_path / "out", ("ome-zarr",))
    runner.run()
    for name, image in zip(("a", "b"), pixels, strict=True):
        copy = zarr.open_group(tmp_path / "out" / f"{name}.ome.zarr", mode="r")
        np.testing.assert_array_equal(np.moveaxis(copy["0"][:], 0, 2), image)


def test_an_image_that_was_removed_is_said_and_its_cells_are_saved(analysed, viewer, runner, tmp_path):
    said = []
    analysed.message_sent.connect(said.append)
    viewer.layers.remove("smear")
    analysed.save(tmp_path, ("csv", "ome-zarr"))
    runner.run()
    assert said[-1].startswith("Saved cells.csv")
    assert "Not copied: The layer of smear was removed" in said[-1]
    assert not list(tmp_path.glob("*.zarr"))
    analysed.save(tmp_path / "copies", ("ome-zarr",))
    runner.run()
    assert said[-1].startswith("Written: counts.csv")  # and not that corrections are saved


def test_a_missing_package_is_one_sentence_and_writes_nothing(analysed, runner, tmp_path, monkeypatch):
    said = []
    analysed.message_sent.connect(said.append)
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    assert analysed.files_of_save(tmp_path, ("csv", "ome-zarr")) == ()
    analysed.save(tmp_path, ("csv", "ome-zarr"))
    runner.run()
    needed = "The format ome-zarr needs anndata: pip install 'napari-hemalens[exchange]'."
    assert said == [f"Nothing could be saved in {tmp_path}: {needed}"]
    assert not list(tmp_path.iterdir())
