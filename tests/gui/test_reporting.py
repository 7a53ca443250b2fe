"""What a laboratory reports, without a window: cells of nuclei, micronuclei, samples, groups compared, files."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer

from napari_hemalens import workflows
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.gui import sample_data
from napari_hemalens.gui.classify.review_queue import ReviewQueue
from napari_hemalens.gui.classify.session import ClassificationSession
from napari_hemalens.progress import finish
from napari_hemalens.reports.design import Sample

ASSAY = Path(__file__).parents[2] / "sample_data" / "micronucleus_assay"
STAIN = "fluorescence"
RESULT = "nuclei: micronucleus"
PAIRED = "nuclei cells (paired)"


@pytest.fixture
def truth():
    """Rows of the rendered nuclei of the fluorescence image, as texts."""
    with (ASSAY / "truth.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["image"] == STAIN]


def assay_layers(viewer, stain=STAIN, suffix=""):
    """Add an image of the assay, its nuclei and its cells; return the first two."""
    sample = {"fluorescence": sample_data.assay_fluorescence, "giemsa": sample_data.assay_giemsa}[stain]
    image, nuclei, cells, _ = (Layer.create(*layer) for layer in sample())
    for layer, name in ((image, stain), (nuclei, "nuclei"), (cells, "cells")):
        layer.name = f"{name}{suffix}"
        viewer.add_layer(layer)
    return image, nuclei


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def classified(classifying, viewer, runner, question):
    """The assay after a run that says of every nucleus that it has a micronucleus."""
    classifying.start_run(*assay_layers(viewer), question)
    runner.run()
    return classifying


@pytest.fixture
def corrected(classified, viewer, truth):
    """The same, every nucleus given its true class by a person."""
    layer = viewer.layers[RESULT]
    table = layer.features.copy()
    table["corrected"] = ["micronucleus" if row["has_micronucleus"] == "1" else "none" for row in truth]
    layer.features = table
    return classified


def figures(session):
    return dict(session.report.read().rows)


def by_labels(session, viewer, runner, name="cells"):
    session.make_cells_by(viewer.layers[name])
    runner.run()


def by_pairs(session, runner):
    session.make_cells_by("pairs")
    runner.run()


class TestCells:
    def test_at_first_nuclei_are_counted(self, classified, truth):
        assert figures(classified)["Nuclei"] == str(len(truth))
        assert "belongs_to" not in classified.results.current.layer.features

    def test_labels_make_the_cells_that_were_rendered(self, corrected, viewer, runner, truth):
        by_labels(corrected, viewer, runner)
        assert viewer.layers[RESULT].features["belongs_to"].tolist() == [int(row["cell"]) for row in truth]
        nuclei, micronucleated = {}, set()
        for row in truth:
            nuclei[row["cell"]] = nuclei.get(row["cell"], 0) + 1
            if row["has_micronucleus"] == "1":
                micronucleated.add(row["cell"])
        two = [cell for cell, count in nuclei.items() if count == 2]
        shown = figures(corrected)
        for label, count in (("Mononucleated", 1), ("Binucleated", 2)):
            assert shown[f"{label} cells"] == str(list(nuclei.values()).count(count))
        assert shown["Multinucleated cells"] == str(sum(count > 2 for count in nuclei.values()))
        index = np.minimum(list(nuclei.values()), 3).mean()
        assert shown["Cytokinesis-block proliferation index"] == f"{index:.2f}"
        rate = shown["Micronucleated binucleated cells per 1,000"]
        assert rate.endswith(f"; {len(micronucleated & {*two})} of {len(two)})")
        assert shown["Binucleated cells of the 2,000 asked for"] == f"{len(two)} of 2,000"

    def test_pairs_are_a_layer_over_the_result_and_the_active_layer_stays(self, classified, viewer, runner):
        active = viewer.layers.selection.active
        by_pairs(classified, runner)
        layer = viewer.layers[PAIRED]
        assert viewer.layers.selection.active is active
        assert not layer.data[viewer.layers["nuclei"].data == 0].any()
        assert "Binucleated cells" in figures(classified)
        assert any("proposals" in note for note in classified.report.read().notes)

    @pytest.mark.parametrize("undone", [False, True])
    def test_painting_a_pair_apart_changes_the_report_and_undoing_it_brings_it_back(
        self, classified, viewer, runner, undone
    ):
        by_pairs(classified, runner)
        layer, table = viewer.layers[PAIRED], viewer.layers[RESULT].features
        cell, count = np.unique(table["belongs_to"], return_counts=True)
        pair = cell[(count == 2) & (cell > 0)][0]
        second = table["index"][table["belongs_to"] == pair].iloc[1]
        before = int(figures(classified)["Binucleated cells"])
        y, x = (int(axis[0]) for axis in np.nonzero(viewer.layers["nuclei"].data == second))
        layer.contiguous = True
        layer.data_setitem(np.nonzero(viewer.layers["nuclei"].data == second), 5000)
        assert layer.data[y, x] == 5000
        runner.run()
        assert figures(classified)["Binucleated cells"] == str(before - 1)
        assert viewer.layers[RESULT].features.set_index("index").loc[second, "belongs_to"] == 5000
        if undone:
            layer.undo()
            runner.run()
            assert figures(classified)["Binucleated cells"] == str(before)

    def test_corrected_pairs_outlive_another_run(self, classified, viewer, runner, question):
        by_pairs(classified, runner)
        layer = viewer.layers[PAIRED]
        layer.data_setitem(np.nonzero(viewer.layers["nuclei"].data == 1), 5000)
        runner.run()
        classified.start_run(viewer.layers[STAIN], viewer.layers["nuclei"], question)
        runner.run()
        assert viewer.layers[PAIRED] is layer
        assert viewer.layers[RESULT].features["belongs_to"].iloc[0] == 5000

    def test_strokes_that_come_while_cells_are_counted_are_not_lost(self, classified, viewer, runner):
        by_pairs(classified, runner)
        for number in (5000, 5001, 5002):
            viewer.layers[PAIRED].data_setitem(np.nonzero(viewer.layers["nuclei"].data == 1), number)
        assert len(runner.jobs) == 1
        runner.run()
        assert viewer.layers[RESULT].features["belongs_to"].iloc[0] == 5002

    def test_cells_that_a_person_paints_are_followed(self, classified, viewer, runner):
        by_labels(classified, viewer, runner)
        viewer.layers["cells"].data = np.ones_like(viewer.layers["cells"].data)
        runner.run()
        assert figures(classified)["Multinucleated cells"] == "1"

    @pytest.mark.parametrize("name", ["cells", PAIRED])
    def test_when_the_layer_of_cells_goes_nuclei_are_counted(self, classified, viewer, runner, name):
        by_pairs(classified, runner)
        if name == "cells":
            by_labels(classified, viewer, runner)
            assert not viewer.layers[PAIRED].visible
        viewer.layers.remove(name)
        runner.run()
        assert "Nuclei" in figures(classified)
        assert "belongs_to" not in viewer.layers[RESULT].features

    def test_cells_of_another_image_are_refused_in_a_sentence(self, classified, viewer, runner):
        said = []
        classified.message_sent.connect(said.append)
        viewer.add_labels(np.ones((40, 50), np.uint8), name="other")
        by_labels(classified, viewer, runner, "other")
        viewer.add_labels(viewer.layers["cells"].data, name="elsewhere", scale=(0.3, 0.3), translate=(5, 5))
        by_labels(classified, viewer, runner, "elsewhere")
        assert "Labels of 40 x 50 pixels do not fit" in said[0]
        assert "do not lie on each other" in said[1]
        assert "Nuclei" in figures(classified)


class TestMicronuclei:
    def test_they_are_counted_and_the_class_decides_whether_there_are_any(self, corrected, viewer, truth):
        table = viewer.layers[RESULT].features
        positive = table["corrected"].astype(str) == "micronucleus"
        assert (table["micronuclei"][positive] >= 1).all()
        assert (table["micronuclei"][~positive] == 0).all()
        right = table["micronuclei"].to_numpy() == np.array([int(row["micronuclei"]) for row in truth])
        assert right.mean() > 0.9
        counts = np.bincount(np.minimum(table["micronuclei"], 3), minlength=4)
        shown = figures(corrected)
        labels = [f"Nuclei with {n} micronuclei" for n in ("0", "1", "2", "3 or more")]
        assert [shown[label] for label in labels] == [str(count) for count in counts]

    def test_a_word_in_the_review_changes_them(self, corrected, viewer):
        layer = viewer.layers[RESULT]
        row = int(np.argmax(layer.features["micronuclei"]))
        table = layer.features.copy()
        table.loc[row, "corrected"] = "none"
        layer.features = table
        assert layer.features.loc[row, "micronuclei"] == 0

    def test_in_a_stained_image_it_is_said_that_they_are_not(self, classifying, viewer, runner, question):
        classifying.start_run(*assay_layers(viewer, "giemsa"), question)
        runner.run()
        assert "micronuclei" not in viewer.layers[RESULT].features
        assert any("fluorescence" in note for note in classifying.report.read().notes)


@pytest.fixture
def two(classified, viewer, runner, question):
    """Two images of one task, the second with all nuclei called 'none' by a person but the first."""
    classified.start_run(*assay_layers(viewer, suffix=" 2"), question)
    runner.run()
    layer = viewer.layers["nuclei 2: micronucleus"]
    table = layer.features.copy()
    table["corrected"] = ["micronucleus", *["none"] * (len(table) - 1)]
    layer.features = table
    return classified


class TestSamples:
    def test_each_result_keeps_its_own_in_its_layer(self, two, viewer):
        two.report.describe("A", "0.1")
        two.results.count(two.results.states[0])
        two.report.describe(" B ", "0")
        kept = [viewer.layers[name].metadata["hemalens"] for name in (RESULT, "nuclei 2: micronucleus")]
        assert [(each["replicate"], each["concentration"]) for each in kept] == [("B", "0"), ("A", "0.1")]

    def test_another_run_keeps_it(self, classified, viewer, runner, question):
        classified.report.describe("A", "0.1")
        classified.start_run(viewer.layers[STAIN], viewer.layers["nuclei"], question)
        runner.run()
        assert viewer.layers[RESULT].metadata["hemalens"]["concentration"] == "0.1"

    def test_the_current_result_is_counted_or_all_of_the_task(self, two, truth):
        assert figures(two)["Micronucleated nuclei"] == "1"
        assert figures(two)["Images"] == "1"
        two.results.count(None)
        assert figures(two)["Images"] == "2"
        assert figures(two)["Nuclei"] == str(2 * len(truth))

    def test_a_unit_that_differs_is_said_in_place_of_figures(self, two, viewer, runner):
        by_labels(two, viewer, runner, "cells 2")
        two.results.count(None)
        page = two.report.read()
        assert page.rows == ()
        assert "Cells are given for 1 of 2 images" in page.notes[0]

    def test_a_new_image_is_paired_where_the_one_before_was(self, classified, viewer, runner, question):
        by_pairs(classified, runner)
        classified.start_run(*assay_layers(viewer, suffix=" 2"), question)
        runner.run()
        classified.results.count(None)
        assert figures(classified)["Unit"] == "cell"
        assert "nuclei 2 cells (paired)" in viewer.layers

    def test_a_result_that_goes_leaves_the_other_counted(self, two, viewer):
        viewer.layers.remove("nuclei 2: micronucleus")
        assert two.results.current.layer is viewer.layers[RESULT]
        assert figures(two)["Images"] == "1"


class TestComparison:
    def test_images_then_replicates_then_concentrations_are_offered(self, two):
        assert two.report.read().groups == (STAIN, f"{STAIN} 2")
        two.report.describe("A", "")
        two.results.count(two.results.states[0])
        two.report.describe("B", "")
        assert two.report.read().groups == ("B", "A")
        two.report.describe("B", "0")
        two.results.count(two.results.states[1])
        two.report.describe("A", "0.1")
        assert two.report.read().groups == ("0", "0.1")

    def test_two_groups_are_compared_in_a_sentence_whatever_is_counted(self, two):
        assert two.report.read().sentence == ""
        two.report.compare(STAIN, f"{STAIN} 2")
        expected = two.report.read().sentence
        assert "Fisher's exact test" in expected
        two.results.count(None)
        assert two.report.read().sentence == expected
        two.report.compare(STAIN, STAIN)
        assert two.report.read().sentence == ""

    def test_a_group_that_is_no_more_is_compared_no_more(self, two):
        two.report.compare(STAIN, f"{STAIN} 2")
        two.report.describe("A", "0.1")
        two.results.count(two.results.states[0])
        two.report.describe("A", "0")
        page = two.report.read()
        assert page.groups == ("0", "0.1")
        assert (page.compared, page.sentence) == (None, "")

    def test_one_image_is_compared_with_nothing(self, classified):
        assert classified.report.read().groups == ()


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class TestSave:
    def test_the_files_are_those_of_the_command_line(self, viewer, runner, tmp_path, untrained_classifier):
        recipe = ClassificationRecipe(weights=str(untrained_classifier.file), device="cpu")
        session = ClassificationSession(viewer, runner)
        session.start_run(*assay_layers(viewer), recipe)
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

    def test_without_cells_and_samples_there_are_no_columns_of_them(self, classified, runner, tmp_path):
        classified.save(tmp_path)
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


class TestReviewLine:
    @pytest.mark.parametrize(
        ("threshold", "first", "words"),
        [
            (0.5, 0.51, "micronucleus (p 0.51)"),
            (0.59, 0.51, "none (p 0.49; micronucleus from 0.59 on)"),
            (0.59, 0.61, "micronucleus (p 0.61, called so from 0.59 on)"),
            (0.594, 0.5937, "none (p 0.4063; micronucleus from 0.5940 on)"),
        ],
    )
    def test_class_and_probability_do_not_contradict_each_other(self, classified, threshold, first, words):
        reviewed = classified.results.current.reviewed
        probabilities = np.array([[first, 1 - first]], np.float32)
        called = np.array([0 if first >= threshold else 1])
        cells = reviewed.cells
        one = replace(
            cells,
            ids=cells.ids[:1],
            probabilities=probabilities,
            classes=called,
            centres=cells.centres[:1],
            areas=cells.areas[:1],
        )
        assert words in ReviewQueue(replace(reviewed, cells=one), "micronucleus", threshold).status
