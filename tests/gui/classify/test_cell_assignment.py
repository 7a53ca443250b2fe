"""Nuclei become cells: by labels, or in pairs that a person corrects."""

import numpy as np
import pytest

STAIN = "fluorescence"
RESULT = "nuclei: micronucleus"
PAIRED = "nuclei cells (paired)"


def figures(session):
    return dict(session.report.read().rows)


def by_labels(session, viewer, runner, name="cells"):
    session.make_cells_by(viewer.layers[name])
    runner.run()


def by_pairs(session, runner):
    session.make_cells_by("pairs")
    runner.run()


class TestCells:
    def test_at_first_nuclei_are_counted(self, scored, truth):
        assert figures(scored)["Nuclei"] == str(len(truth))
        assert "belongs_to" not in scored.results.current.layer.features

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

    def test_outlined_cells_give_a_ratio_of_nucleus_to_cytoplasm_pairs_none(self, scored, viewer, runner):
        by_labels(scored, viewer, runner)
        state = scored.results.current
        nuclei, cells = viewer.layers["nuclei"].data, viewer.layers["cells"].data
        first = state.cells[0]
        nuclear = np.isin(nuclei, state.reviewed.cells.ids[state.cells == first]).sum()
        assert state.nc_ratio.values[0] == pytest.approx(nuclear / ((cells == first).sum() - nuclear))
        by_pairs(scored, runner)
        assert state.nc_ratio is None

    def test_pairs_are_a_layer_over_the_result_and_the_active_layer_stays(self, scored, viewer, runner):
        active = viewer.layers.selection.active
        by_pairs(scored, runner)
        layer = viewer.layers[PAIRED]
        assert viewer.layers.selection.active is active
        assert not layer.data[viewer.layers["nuclei"].data == 0].any()
        assert "Binucleated cells" in figures(scored)
        assert any("proposals" in note for note in scored.report.read().notes)

    @pytest.mark.parametrize("undone", [False, True])
    def test_painting_a_pair_apart_changes_the_report_until_undone(self, scored, viewer, runner, undone):
        by_pairs(scored, runner)
        layer, table = viewer.layers[PAIRED], viewer.layers[RESULT].features
        cell, count = np.unique(table["belongs_to"], return_counts=True)
        pair = cell[(count == 2) & (cell > 0)][0]
        second = table["index"][table["belongs_to"] == pair].iloc[1]
        before = int(figures(scored)["Binucleated cells"])
        y, x = (int(axis[0]) for axis in np.nonzero(viewer.layers["nuclei"].data == second))
        layer.contiguous = True
        layer.data_setitem(np.nonzero(viewer.layers["nuclei"].data == second), 5000)
        assert layer.data[y, x] == 5000
        runner.run()
        assert figures(scored)["Binucleated cells"] == str(before - 1)
        assert viewer.layers[RESULT].features.set_index("index").loc[second, "belongs_to"] == 5000
        if undone:
            layer.undo()
            runner.run()
            assert figures(scored)["Binucleated cells"] == str(before)

    def test_corrected_pairs_outlive_another_run(self, scored, viewer, runner, question):
        by_pairs(scored, runner)
        layer = viewer.layers[PAIRED]
        layer.data_setitem(np.nonzero(viewer.layers["nuclei"].data == 1), 5000)
        runner.run()
        scored.start_run(viewer.layers[STAIN], viewer.layers["nuclei"], question)
        runner.run()
        assert viewer.layers[PAIRED] is layer
        assert viewer.layers[RESULT].features["belongs_to"].iloc[0] == 5000

    def test_strokes_that_come_while_cells_are_counted_are_not_lost(self, scored, viewer, runner):
        by_pairs(scored, runner)
        for number in (5000, 5001, 5002):
            viewer.layers[PAIRED].data_setitem(np.nonzero(viewer.layers["nuclei"].data == 1), number)
        assert len(runner.jobs) == 1
        runner.run()
        assert viewer.layers[RESULT].features["belongs_to"].iloc[0] == 5002

    def test_cells_that_a_person_paints_are_followed(self, scored, viewer, runner):
        by_labels(scored, viewer, runner)
        viewer.layers["cells"].data = np.ones_like(viewer.layers["cells"].data)
        runner.run()
        assert figures(scored)["Multinucleated cells"] == "1"

    @pytest.mark.parametrize("name", ["cells", PAIRED])
    def test_when_the_layer_of_cells_goes_nuclei_are_counted(self, scored, viewer, runner, name):
        by_pairs(scored, runner)
        if name == "cells":
            by_labels(scored, viewer, runner)
            assert not viewer.layers[PAIRED].visible
        viewer.layers.remove(name)
        runner.run()
        assert "Nuclei" in figures(scored)
        assert "belongs_to" not in viewer.layers[RESULT].features

    def test_cells_of_another_image_are_refused_in_a_sentence(self, scored, viewer, runner):
        said = []
        scored.message_sent.connect(said.append)
        viewer.add_labels(np.ones((40, 50), np.uint8), name="other")
        by_labels(scored, viewer, runner, "other")
        viewer.add_labels(viewer.layers["cells"].data, name="elsewhere", scale=(0.3, 0.3), translate=(5, 5))
        by_labels(scored, viewer, runner, "elsewhere")
        assert "Labels of 40 x 50 pixels do not fit" in said[0]
        assert "do not lie on each other" in said[1]
        assert "Nuclei" in figures(scored)
