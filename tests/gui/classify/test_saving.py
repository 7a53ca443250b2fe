"""Classified cells in files."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.gui.classify.session import ClassificationSession
from napari_hemalens.progress import finish
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
        classified.save(tmp_path / "out")
        runner.run()
        assert sorted((tmp_path / "out").iterdir()) == sorted(classified.files_of_save(tmp_path / "out"))

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


class TestAssay:
    def test_the_files_are_those_of_the_command_line(self, viewer, runner, tmp_path, untrained_classifier, add_assay):
        recipe = ClassificationRecipe(weights=str(untrained_classifier.file), device="cpu")
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
                assert list(row) == [column for column in other if column != "nc_ratio"]  # of files of cells alone
                for column in ("cell", "belongs_to", "micronuclei", "replicate", "concentration", "measure", "count"):
                    assert row.get(column) == other.get(column)

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
