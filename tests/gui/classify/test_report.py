"""What a laboratory reports: micronuclei, samples, groups compared."""

from dataclasses import replace

import numpy as np

STAIN = "fluorescence"
RESULT = "nuclei: micronucleus"


def figures(session):
    return dict(session.report.read().rows)


def test_planes_that_were_taken_for_colours_are_said(classifying, viewer, nuclei, runner, question):
    stack = viewer.add_image(np.zeros((3, 400, 600), np.uint8), name="stack", scale=(1, 0.1, 0.1))
    classifying.start_run(stack, nuclei, question)
    runner.run()
    notes = classifying.report.read().notes
    assert any(note.startswith("stack: Its 3 planes are taken for colours or channels") for note in notes)
    stack.axis_labels = ("z", "y", "x")
    classifying.start_run(stack, nuclei, question)
    runner.run()
    assert not any("taken for" in note for note in classifying.report.read().notes if not note.startswith("stack has"))


def by_labels(session, viewer, runner, name="cells"):
    session.make_cells_by(viewer.layers[name])
    runner.run()


def by_pairs(session, runner):
    session.make_cells_by("pairs")
    runner.run()


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
        said = ("0 micronuclei", "1 micronucleus", "2 micronuclei", "3 or more micronuclei")
        labels = [f"Nuclei with {each}" for each in said]
        assert [shown[label] for label in labels] == [str(count) for count in counts]

    def test_a_word_in_the_review_changes_them(self, corrected, viewer):
        layer = viewer.layers[RESULT]
        row = int(np.argmax(layer.features["micronuclei"]))
        table = layer.features.copy()
        table.loc[row, "corrected"] = "none"
        layer.features = table
        assert layer.features.loc[row, "micronuclei"] == 0

    def test_in_a_stained_image_it_is_said_that_they_are_not(self, classifying, viewer, runner, question, add_assay):
        classifying.start_run(*add_assay("giemsa"), question)
        runner.run()
        assert "micronuclei" not in viewer.layers[RESULT].features
        assert any("fluorescence" in note for note in classifying.report.read().notes)


class TestDoubts:
    def test_what_speaks_against_the_classes_is_none_of_the_other_notes(self, scored):
        state, said = scored.results.current, "Dark ground: choose others."
        cells = state.reviewed.cells
        origin = replace(cells.provenance, notes=(said,))
        state.reviewed = replace(state.reviewed, cells=replace(cells, provenance=origin))
        page = scored.report.read()
        assert page.doubts == (said,)
        assert page.notes
        assert said not in page.notes


class TestSamples:
    def test_each_result_keeps_its_own_in_its_layer(self, two, viewer):
        two.report.describe("A", "0.1")
        two.results.count(two.results.states[0])
        two.report.describe(" B ", "0")
        kept = [viewer.layers[name].metadata["hemalens"] for name in (RESULT, "nuclei 2: micronucleus")]
        assert [(each["replicate"], each["concentration"]) for each in kept] == [("B", "0"), ("A", "0.1")]

    def test_another_run_keeps_it(self, scored, viewer, runner, question):
        scored.report.describe("A", "0.1")
        scored.start_run(viewer.layers[STAIN], viewer.layers["nuclei"], question)
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

    def test_a_new_image_is_paired_where_the_one_before_was(self, scored, viewer, runner, question, add_assay):
        by_pairs(scored, runner)
        scored.start_run(*add_assay(suffix=" 2"), question)
        runner.run()
        scored.results.count(None)
        assert figures(scored)["Unit"] == "cell"
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

    def test_one_image_is_compared_with_nothing(self, scored):
        assert scored.report.read().groups == ()
