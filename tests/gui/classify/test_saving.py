"""Classified cells in files."""

import csv
import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import zarr
from anndata.io import read_elem

from napari_hemalens import extras, workflows
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.gui.classify.session import ClassificationSession
from napari_hemalens.progress import finish
from napari_hemalens.records.measurements import OUTLINE_MEASUREMENTS
from napari_hemalens.reports.class_tables import CLASS_FORMATS
from napari_hemalens.reports.design import Sample

RESULT = "nuclei: micronucleus"
ASSAY = Path(__file__).parents[3] / "sample_data" / "micronucleus_assay"
STAIN = "fluorescence"


def press(layer, key):
    next(act for bound, act in layer.keymap.items() if str(bound) == key)(layer)


def by_labels(session, viewer, runner, name="cells"):
    session.make_cells_by(viewer.layers[name])
    runner.run()


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class TestSave:
    def test_corrections_are_unsaved_until_files_hold_them(self, classified, tmp_path):
        classified.results.begin_review()
        classified.results.press("2")
        assert classified.unsaved == 1
        classified.save_now(tmp_path)
        assert classified.unsaved == 0
        assert (tmp_path / "classified-micronucleus" / "cells.csv").exists()

    def test_the_files_that_will_be_written_are_known_before(self, classified, runner, tmp_path):
        formats = (*CLASS_FORMATS, "ome-zarr")
        classified.save(tmp_path / "out", formats)
        runner.run()
        assert sorted((tmp_path / "out").iterdir()) == sorted(classified.files_of_save(tmp_path / "out", formats))

    def test_an_image_that_was_renamed_is_saved_by_its_new_name(self, classified, viewer, runner, tmp_path):
        viewer.layers["smear"].name = "patient 7"
        classified.save(tmp_path)
        runner.run()
        assert (tmp_path / "patient 7.labels.tif").exists()
        for name in ("cells.csv", "summary.csv", "run.json"):
            text = (tmp_path / name).read_text(encoding="utf-8")
            assert "patient 7" in text
            assert "smear" not in text

    def test_the_file_agrees_with_the_table_to_the_row(self, classified, viewer, runner, tmp_path, said):
        results = classified.results
        results.begin_review()
        results.press("2")
        results.end_review()
        classified.save(tmp_path)
        runner.run()
        assert said[-1].startswith("Saved cells.csv")
        with (tmp_path / "cells.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        table = viewer.layers[RESULT].features
        assert [int(row["cell"]) for row in rows] == table["index"].tolist()
        for row, (_, shown) in zip(rows, table.iterrows(), strict=True):
            assert row["image"] == "smear"
            assert row["class"] == (shown["corrected"] or shown["class"])
            assert bool(row["corrected"]) == bool(shown["corrected"])
            assert row["predicted_class"] == shown["class"]
            for column in ("p_micronucleus", "p_none", "entropy"):
                assert float(row[column]) == pytest.approx(shown[column], abs=1e-4)
        assert {"area", "centroid_y", "centroid_x"} <= rows[0].keys()
        (image,) = json.loads((tmp_path / "run.json").read_text())["images"]
        assert image["corrections"]["counts"] == {"class": 1}
        assert (tmp_path / "summary.csv").exists()
        np.testing.assert_array_equal(read_labels(tmp_path / "smear.labels.tif"), results.current.labels)

    def test_a_folder_that_cannot_be_written_is_said(self, classified, runner, tmp_path, said):
        (tmp_path / "file").write_text("")
        classified.save(tmp_path / "file" / "below")
        runner.run()
        assert said[-1].startswith("Nothing could be saved")


class TestFormats:
    """Read back by others."""

    @pytest.fixture
    def saved(self, scored, viewer, runner, tmp_path):
        """The assay in all formats, its first nucleus corrected by a person."""
        by_labels(scored, viewer, runner)
        table = viewer.layers[RESULT].features
        viewer.layers[RESULT].features = table.assign(corrected=["none", *[""] * (len(table) - 1)])
        scored.save(tmp_path, ("csv", "parquet", "h5ad", "ome-zarr"))
        runner.run()
        return tmp_path

    def test_every_table_holds_what_is_on_screen(self, saved, viewer):
        shown = viewer.layers[RESULT].features
        classes = np.where(shown["corrected"] == "", shown["class"], shown["corrected"]).tolist()
        cells, frame = anndata.read_h5ad(saved / "cells.h5ad"), pd.read_parquet(saved / "cells.parquet")
        for table in (cells.obs, frame, pd.read_csv(saved / "cells.csv")):
            assert table["cell"].tolist() == shown["index"].tolist()
            assert table["class"].tolist() == classes
            assert table["belongs_to"].tolist() == shown["belongs_to"].tolist()
            assert table["micronuclei"].tolist() == shown["micronuclei"].tolist()
        assert cells.obsm["probabilities"].shape == (len(shown), 2)

    def test_a_copy_of_the_image_has_labels_and_classes(self, saved, scored, viewer):
        copy = zarr.open_group(saved / f"{STAIN}.ome.zarr", mode="r")
        pixels, state = viewer.layers[STAIN].data, scored.results.current
        np.testing.assert_array_equal(copy["0"][:].squeeze(), np.moveaxis(pixels, -1, 0) if pixels.ndim > 2 else pixels)
        np.testing.assert_array_equal(copy["labels/cells/0"][:], state.labels)
        said = copy["labels/cells"].attrs["image-label"]["properties"]
        assert [each["class"] for each in said] == state.reviewed.current.class_names.tolist()
        assert read_elem(copy["tables/cells"]).obs["class"].tolist() == state.reviewed.current.class_names.tolist()

    def test_a_missing_package_is_one_sentence_and_writes_nothing(
        self, classified, runner, tmp_path, said, monkeypatch
    ):
        monkeypatch.setattr(extras, "find_spec", lambda _: None)
        for form, package in (("parquet", "pyarrow"), ("h5ad", "anndata"), ("ome-zarr", "anndata")):
            assert classified.files_of_save(tmp_path, ("csv", form)) == ()
            classified.save(tmp_path, ("csv", form))
            runner.run()
            needed = f"The format {form} needs {package}: pip install 'napari-hemalens[exchange]'."
            assert said[-1] == f"Nothing could be saved in {tmp_path}: {needed}"
        assert [path.name for path in tmp_path.iterdir()] == ["fake.json"]  # the weights of the run


class TestAssay:
    def test_the_files_are_those_of_the_command_line(self, viewer, runner, tmp_path, untrained_classifier, add_assay):
        recipe = ClassificationRecipe(weights=str(untrained_classifier.file), device="cpu", pixel_size_um=0.25)
        session = ClassificationSession(viewer, runner)
        session.start_run(*add_assay(), recipe)
        runner.run()
        by_labels(session, viewer, runner)
        session.report.describe("A", "0")
        session.save(tmp_path / "dock")
        runner.run()
        nuclei, cells = (ASSAY / kind / f"{STAIN}.tif" for kind in ("nuclei", "cells"))
        finish(
            workflows.classify_files_steps(
                [ASSAY / "images" / f"{STAIN}.tif"],
                recipe,
                tmp_path / "line",
                outlines=workflows.OutlineFiles([nuclei], [cells]),
                groups=workflows.Groups({f"{STAIN}.tif": Sample("A", "0")}),
            )
        )
        for name in ("cells.csv", "summary.csv"):
            dock, line = (rows_of(tmp_path / place / name) for place in ("dock", "line"))
            assert len(dock) == len(line) > 1
            for row, other in zip(dock, line, strict=True):
                assert list(row) == list(other)
                same = ("cell", "belongs_to", "micronuclei", "replicate", "concentration", "measure", "count")
                for column in (*same, *OUTLINE_MEASUREMENTS):
                    assert row.get(column) == other.get(column)
        assert float(rows_of(tmp_path / "dock" / "cells.csv")[0]["nc_ratio"]) > 0

    def test_the_summary_has_every_image_and_the_comparison(self, two, runner, tmp_path):
        for state, concentration in zip(two.results.states, ("0", "0.1"), strict=True):
            two.results.count(state)
            two.report.describe("A", concentration)
        two.report.compare("0", "0.1")
        two.save(tmp_path)
        runner.run()
        rows = rows_of(tmp_path / "summary.csv")
        levels = {"image": 2, "replicate": 2, "concentration": 2, "pooled": 1, "comparison": 1}
        for level, groups in levels.items():
            assert len({row["group"] for row in rows if row["level"] == level}) == groups
        assert {row["concentration"] for row in rows} == {"", "0", "0.1"}

    def test_without_cells_and_samples_there_are_no_columns_of_them(self, scored, runner, tmp_path):
        scored.save(tmp_path)
        runner.run()
        (row, *_) = rows_of(tmp_path / "cells.csv")
        assert "belongs_to" not in row
        assert row["micronuclei"] in "0123"

    def test_a_comparison_that_cannot_be_made_is_said_and_the_rest_saved(self, two, viewer, runner, tmp_path):
        said = []
        two.message_sent.connect(said.append)
        by_labels(two, viewer, runner, "cells 2")
        two.results.count(two.results.states[0])
        viewer.layers["cells"].data = np.ones_like(viewer.layers["cells"].data)  # one cell of many nuclei
        by_labels(two, viewer, runner)
        two.report.compare(STAIN, f"{STAIN} 2")
        assert two.report.read().sentence.startswith(f"Nothing to compare in {STAIN}")
        two.save(tmp_path)
        runner.run()
        assert said[-1].startswith("Saved")
        assert f"Not compared: Nothing to compare in {STAIN}" in said[-1]
