"""What a person can do in one viewer: run, stop, correct, calibrate, save."""

import csv
import gc
import json
import weakref

import imageio.v3 as iio
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Shapes
from napari.utils._proxies import PublicOnlyProxy

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.formats import coco
from napari_hemalens.formats.tables import read_rows
from napari_hemalens.gui.detect.session import DetectionSession, detection_session


@pytest.fixture
def image(viewer):
    return viewer.layers["smear"]


@pytest.fixture
def said(session):
    sentences = []
    session.message_sent.connect(sentences.append)
    session.progressed.connect(lambda words, _: sentences.append(words))
    return sentences


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "b.png"):
        iio.imwrite(tmp_path / name, np.full((400, 600, 3), 200, np.uint8))
    return sorted(tmp_path.iterdir())


class TestRun:
    def test_boxes_appear_while_the_run_goes_on(self, session, image, runner, recipe, viewer):
        session.start_run([image], recipe)
        while len(viewer.layers) < 2 or not viewer.layers[-1].nshapes:
            runner.step()
            for steps in list(runner.drawings):
                next(steps, None)
        assert session.running
        runner.run()
        assert not session.running
        assert viewer.layers[-1].nshapes == 6

    def test_a_second_run_waits_for_the_first(self, session, image, runner, recipe):
        session.start_run([image], recipe)
        session.start_run([image], recipe)
        assert len(runner.jobs) == 1

    def test_stop_keeps_what_was_found(self, session, image, runner, recipe, said):
        session.start_run([image], recipe)
        for _ in range(3):
            runner.step()
        session.stop()
        assert not session.running
        assert said[-1].startswith("Stopped. What was found is kept")
        assert 0 < len(session.results.detections()[0]) < 6

    @pytest.mark.parametrize("steps", [0, 3])
    def test_boxes_lie_on_an_image_whose_pixel_size_is_changed(self, session, image, runner, recipe, viewer, steps):
        session.start_run([image], recipe)
        for _ in range(steps):
            runner.step()
        image.scale = (0.25, 0.25)
        runner.run()
        boxes = viewer.layers["smear cells"]
        assert boxes.scale.tolist() == [0.25, 0.25]
        image.scale = (0.5, 0.5)  # nor where nothing runs
        assert boxes.scale.tolist() == [0.5, 0.5]

    def test_several_images_add_up(self, session, viewer, image, runner, recipe):
        other = viewer.add_image(np.zeros((400, 600, 3), np.uint8), rgb=True, name="other")
        session.start_run([image, other], recipe)
        runner.run()
        count = session.results.differential()
        assert (count.nucleated, count.fields) == (10, ("smear", "other"))
        assert {"smear cells", "other cells"} <= {layer.name for layer in viewer.layers}

    def test_a_second_run_of_an_image_replaces_the_first(self, session, image, analysed, runner, recipe, viewer):
        session.start_run([image], recipe)
        runner.run()
        assert len(session.results.fields) == 1
        assert len(viewer.layers) == 2

    @pytest.mark.parametrize(("keep", "blasts"), [(True, 1), (False, 0)])
    def test_corrections_are_counted_before_a_run_and_kept_if_wanted(
        self, analysed, image, runner, recipe, viewer, keep, blasts
    ):
        assert analysed.corrections([image]) == 0
        viewer.layers["smear cells"].selected_data = {0}
        analysed.results.classify("blast")
        assert analysed.corrections([image]) == 1
        analysed.start_run([image], recipe, keep_edits=keep)
        runner.run()
        assert analysed.results.detections()[0].counts().get("blast", 0) == blasts

    def test_a_region_is_asked_of_the_network_in_pixels(self, session, image, runner, recipe, viewer, network):
        box = np.array([[10, 10], [10, 30], [20, 30], [20, 10]]) + 0.05  # um, at 0.1 um a pixel
        session.start_run([image], recipe, Shapes([box]))
        runner.run()
        assert network.asked[0][2] == (101, 101, 201, 301)

    def test_a_region_replaces_only_what_it_holds(self, analysed, image, runner, recipe):
        before = len(analysed.results.detections()[0])
        image.corner_pixels = np.array([[0, 0], [99, 99]])
        analysed.start_run([image], recipe, "visible")
        runner.run()
        assert len(analysed.results.detections()[0]) == before

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({}, "There is no image to analyse"),
            ({"sources": ["smear"], "where": Shapes(name="regions")}, "'regions' is empty"),
            ({"sources": ["smear"], "recipe": DetectionRecipe(weights="none")}, "No weights 'none'"),
        ],
    )
    def test_what_cannot_be_run_is_said_in_a_sentence(self, session, viewer, runner, said, options, reason):
        sources = [viewer.layers[name] for name in options.get("sources", [])]
        session.start_run(
            sources, options.get("recipe", DetectionRecipe(score_threshold=0.5)), options.get("where", "whole")
        )
        assert not session.running
        assert reason in said[-1]

    def test_an_unexpected_error_ends_the_run_and_is_said(self, session, image, runner, recipe, said):
        session.start_run([image], recipe)
        (_, listener), *_ = runner.jobs
        listener.on_error(RuntimeError("a bug"))
        listener.on_end()
        assert not session.running
        assert said[-2:] == ["It failed: a bug", "Not finished."]

    def test_a_network_that_fails_is_said(self, session, image, runner, recipe, said, network):
        network.error = ImageError("Cannot read y 0 to 9.")
        session.start_run([image], recipe)
        runner.run()
        assert "smear: Cannot read y 0 to 9." in said

    def test_the_pixel_size_is_that_of_the_image_unless_it_was_cleared(self, session, viewer, image, runner, network):
        other = viewer.add_image(np.zeros((400, 600, 3), np.uint8), rgb=True, scale=(0.2, 0.2), units=("um", "um"))
        session.start_run([image, other], DetectionRecipe(score_threshold=0.5))
        runner.run()
        session.start_run([image], DetectionRecipe(score_threshold=0.5))
        runner.run()
        sizes = [slide.pixel_size_um for slide, _, _ in network.asked]
        assert sizes == [pytest.approx(0.1), pytest.approx(0.2), None]


class TestLosses:
    @pytest.mark.parametrize("name", ["smear", "smear cells"])
    def test_a_layer_deleted_during_a_run_stops_it(self, session, viewer, image, runner, recipe, name):
        session.start_run([image], recipe)
        for _ in range(3):
            runner.step()
        runner.draw()
        viewer.layers.remove(name)
        assert not session.running
        runner.run()
        assert name not in viewer.layers

    def test_an_image_removed_before_its_first_cells_is_said(self, session, viewer, image, runner, recipe, said):
        session.start_run([image], recipe)
        runner.step()
        viewer.layers.remove(image)
        runner.run()
        assert "The image smear was removed before any of its cells were found: nothing is kept of it." in said
        assert said[-1] == "Stopped."
        assert (len(viewer.layers), session.results.fields) == (0, [])

    def test_of_several_images_one_that_is_removed_is_left_out(self, session, viewer, image, runner, recipe, said):
        others = [viewer.add_image(image.data.copy(), rgb=True, name=name) for name in ("b", "c")]
        session.start_run([image, *others], recipe)
        for _ in range(8):  # all of the first, and some of the second
            runner.step()
        viewer.layers.remove("smear")
        viewer.layers.remove("b")
        runner.run()
        assert said[-1] == "2 of 3 images are done."
        assert "The image b was removed; the cells that were found in it are kept." in said
        assert [(f.name, len(f.cells.current(0.5))) for f in session.results.fields] == [
            ("smear", 6),
            ("b", 3),
            ("c", 6),
        ]

    def test_cells_removed_in_a_run_are_brought_back_by_undo(self, session, viewer, image, runner, recipe, said):
        session.start_run([image], recipe)
        for _ in range(3):
            runner.step()
        runner.draw()
        viewer.layers.remove("smear cells")
        assert "The cells of smear were removed; Undo brings them back." in said
        assert session.results.fields == []
        session.results.undo()
        runner.draw()
        assert viewer.layers["smear cells"].nshapes > 0

    def test_news_that_come_after_the_layer_is_gone_do_not_bring_it_back(self, session, viewer, image, runner, recipe):
        session.start_run([image], recipe)
        for _ in range(3):
            runner.step()
        runner.draw()
        (_, listener), *_ = runner.jobs
        late = [update for update in session._runner.jobs[0][0] if update.cells is not None]
        viewer.layers.remove("smear cells")
        listener.on_step(late[-1])
        runner.draw()
        assert [layer.name for layer in viewer.layers] == ["smear"]

    @pytest.mark.parametrize("steps", [1, 3], ids=["before the first cells", "after them"])
    def test_an_image_renamed_in_a_run_has_its_new_name_everywhere(
        self, session, viewer, image, runner, recipe, tmp_path, steps
    ):
        session.start_run([image], recipe)
        for _ in range(steps):
            runner.step()
        runner.draw()
        image.name = "patient 7"
        told = []
        session.progressed.connect(lambda words, _: told.append(words))
        runner.run()
        assert not [words for words in told if "smear" in words]
        assert "patient 7: done" in told
        assert viewer.layers["patient 7 cells"].nshapes == 6
        assert [f.name for f in session.results.fields] == ["patient 7"]
        session.save(tmp_path, ("csv", "coco"))
        runner.run()
        rows = read_rows(tmp_path / "cells.csv", ("image", "class"), "cells")
        assert {row["image"] for row in rows} == {"patient 7"}
        assert [f.provenance.image for f in coco.read(tmp_path / "coco.json")] == ["patient 7"]
        assert "smear" not in (tmp_path / "counts.csv").read_text() + (tmp_path / "run.json").read_text()

    def test_a_layer_of_cells_that_a_person_named_keeps_its_name(self, analysed, viewer, image, runner):
        viewer.layers["smear cells"].name = "mine"
        image.name = "renamed"
        runner.run()
        assert [layer.name for layer in viewer.layers] == ["renamed", "mine"]

    def test_an_image_renamed_while_its_cells_are_away_comes_back_by_its_name(self, analysed, viewer, image, runner):
        analysed.results.clear()
        image.name = "renamed"
        analysed.results.undo()
        runner.run()
        assert [f.name for f in analysed.results.fields] == ["renamed"]
        assert analysed.results.detections()[0].provenance.image == "renamed"
        assert "renamed cells" in viewer.layers

    def test_deleting_boxes_during_a_run_does_no_harm(self, session, viewer, image, runner, recipe):
        session.start_run([image], recipe)
        for _ in range(3):
            runner.step()
        runner.draw()
        viewer.layers["smear cells"].remove([0])
        runner.run()
        assert viewer.layers["smear cells"].nshapes == 6

    def test_a_closed_viewer_is_not_kept_alive(self, runner, network):
        viewer = ViewerModel()
        session = DetectionSession(viewer, runner, network)
        gone = weakref.ref(viewer)
        del viewer
        gc.collect()
        assert gone() is None
        session.results.choose_score(0.3)


class TestFolder:
    def test_fields_add_up_and_one_is_shown(self, session, folder, runner, recipe, viewer):
        session.start_run(folder, recipe)
        runner.run()
        assert session.results.differential().nucleated == 10
        assert [layer.name for layer in viewer.layers] == ["smear", "a.png", "a.png cells"]

    def test_another_field_takes_its_place_and_edits_stay(self, session, folder, runner, recipe, viewer):
        session.start_run(folder, recipe)
        runner.run()
        viewer.layers["a.png cells"].selected_data = {0}
        session.results.classify("blast")
        first, second = session.results.fields
        session.show_field(second)
        runner.draw()
        assert [layer.name for layer in viewer.layers] == ["smear", "b.png", "b.png cells"]
        assert viewer.layers["b.png cells"].nshapes == 6
        assert session.results.differential().nucleated == 10
        session.show_field(first)
        runner.draw()
        assert "blast" in set(viewer.layers["a.png cells"].features["class"])

    def test_an_unreadable_image_is_said_and_the_rest_goes_on(self, session, folder, runner, recipe, said):
        folder[0].write_bytes(b"no image")
        session.start_run(folder, recipe)
        runner.run()
        assert session.failures.reasons[str(folder[0])].startswith("a.png: Cannot read")
        assert said[-1] == "1 of 2 images are done."
        assert [f.name for f in session.results.fields] == ["b.png"]

    def test_every_failure_is_listed_and_none_stands_under_done(self, session, folder, runner, recipe, said):
        for file in folder:
            file.write_bytes(b"no image")
        session.start_run(folder, recipe)
        runner.run()
        assert said[-1] == "0 of 2 images are done."
        assert [line.split(":")[0] for line in session.failures.reasons.values()] == ["a.png", "b.png"]
        session.start_run([], recipe)
        assert said[-1] == "There is no image to analyse: open or select one first."

    def test_failures_are_listed_until_the_image_is_looked_at(self, session, folder, runner, recipe, image, tmp_path):
        whole, told = folder[0].read_bytes(), []
        session.failures.changed.connect(lambda failures: told.append([*failures]))
        folder[0].write_bytes(b"no image")
        for sources in (folder, [image]):  # a run on another image says nothing of the first
            session.start_run(sources, recipe)
            runner.run()
        assert told[-1] == [str(folder[0])]
        session.save(tmp_path / "out", ["csv"])
        runner.run()
        run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
        assert [each["image"] for each in run["failed"]] == [str(folder[0])]
        (line,) = read_rows(tmp_path / "out" / "failed.csv", ("image", "reason"), "failures")
        assert line["reason"].startswith("a.png: Cannot read")
        folder[0].write_bytes(whole)
        session.start_run(folder[:1], recipe)
        runner.run()
        assert (told[-1], session.failures.reasons) == ([], {})

    def test_a_field_whose_file_is_gone_is_said(self, session, folder, runner, recipe, said):
        session.start_run(folder, recipe)
        runner.run()
        folder[1].unlink()
        session.show_field(session.results.fields[1])
        assert said[-1].startswith("Cannot read")

    def test_the_next_cell_may_be_in_a_field_that_is_not_shown(self, session, folder, runner, recipe, viewer, network):
        network.names_cells = True
        session.start_run(folder, recipe)
        runner.run()
        first, second = session.results.fields[:2]
        for _ in range(2):
            session.results.look_at_next()
            session.results.accept()
            runner.draw()
        assert (first.hidden, second.hidden) == (False, True)
        session.results.look_at_next()
        runner.draw()
        assert (first.hidden, second.hidden) == (True, False)
        assert second.selected == [4]


class TestCalibration:
    def test_a_known_count_sets_the_score(self, analysed, runner, viewer):
        analysed.calibrate(3)
        runner.draw()
        assert analysed.results.differential().nucleated == 3
        assert (viewer.layers["smear cells"].features["class"] != "erythrocyte").sum() == 3

    def test_a_count_that_cannot_be_reached_leaves_the_score(self, analysed, said):
        analysed.calibrate(100)
        assert analysed.results.score_threshold == 0.5
        assert "cannot be reached" in said[-1]


class TestSave:
    def test_corrections_are_unsaved_until_files_hold_them(self, analysed, viewer, runner, tmp_path):
        viewer.layers["smear cells"].selected_data = {0}
        assert analysed.unsaved == 0
        analysed.results.classify("blast")
        assert analysed.unsaved == 1
        analysed.save(tmp_path, ("csv",))
        runner.run()
        assert analysed.unsaved == 0
        analysed.results.undo()
        analysed.results.redo()
        assert analysed.unsaved == 0
        viewer.layers["smear cells"].selected_data = {1}
        analysed.results.accept()
        assert analysed.unsaved == 2
        assert analysed.save_now(tmp_path)[0].startswith("Saved")
        assert analysed.unsaved == 0
        assert (tmp_path / "detected" / "cells.csv").exists()

    def test_files_say_what_the_screen_shows_with_every_edit(self, analysed, viewer, runner, tmp_path, said):
        layer = viewer.layers["smear cells"]
        layer.selected_data = {0}
        analysed.results.classify("blast")
        layer.selected_data = {1}
        layer.remove_selected()
        analysed.results.choose_score(0.3)
        analysed.save(tmp_path, ("csv", "coco"))
        runner.run()
        (cells,) = coco.read(tmp_path / "coco.json")
        assert cells.counts() == dict(layer.features["class"].value_counts())
        counted = (tmp_path / "differential.csv").read_text()
        assert "blast,1," in counted
        assert '"score_threshold": 0.3' in (tmp_path / "run.json").read_text()
        assert said[-1].startswith("Saved cells.csv, coco.json, counts.csv")

    def test_corrections_become_a_training_set(self, viewer, runner, session, recipe, tmp_path, said):
        iio.imwrite(tmp_path / "smear.png", np.zeros((*viewer.layers["smear"].data.shape[:2], 3), np.uint8))
        session.start_run([tmp_path / "smear.png"], recipe)
        runner.run()
        layer = next(layer for layer in viewer.layers if layer.name.endswith("cells"))
        layer.selected_data = {0}
        session.results.classify("blast")
        session.collect(tmp_path / "set")
        runner.run()
        assert said[-1].startswith(f"Collected 1 image in {tmp_path / 'set'}. smear.png is the only image")
        (cells,) = coco.read(tmp_path / "set" / "boxes" / "train.json")
        assert cells.counts()["blast"] == layer.features["class"].tolist().count("blast")

    def test_a_report_is_of_the_cells_as_they_are_on_screen(self, analysed, viewer, runner, tmp_path, said):
        viewer.layers["smear cells"].selected_data = {0}
        analysed.results.classify("blast")
        analysed.print_report(tmp_path / "report.html", ReportRecipe(language="de"))
        runner.run()
        assert said[-1] == f"Report written to {tmp_path / 'report.html'}."
        text = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert '<html lang="de">' in text
        assert "Zellen wurde bestätigt oder geändert." in text
        assert "data:image/jpeg" in text  # also of a layer that is no file

    def test_a_report_names_an_image_whose_layer_is_gone(self, analysed, viewer, runner, tmp_path):
        viewer.layers.remove("smear")
        analysed.print_report(tmp_path / "report.html", ReportRecipe())
        runner.run()
        assert "The image smear cannot be shown" in (tmp_path / "report.html").read_text(encoding="utf-8")

    def test_a_layer_without_a_file_is_no_training_set_which_is_said(self, analysed, viewer, runner, tmp_path, said):
        viewer.layers["smear cells"].selected_data = {0}
        analysed.results.classify("blast")
        analysed.collect(tmp_path / "set")
        runner.run()
        assert said[-1].startswith("Nothing could be collected")
        assert "smear" in said[-1]

    def test_files_keep_what_the_network_had_said(self, analysed, viewer, runner, tmp_path):
        layer = viewer.layers["smear cells"]
        found = analysed.results.detections()[0]
        layer.selected_data = {0}
        analysed.results.classify("blast")
        layer.selected_data = {1}
        layer.remove_selected()
        analysed.save(tmp_path, ("csv", "coco"))
        runner.run()
        with (tmp_path / "cells.csv").open(newline="", encoding="utf-8") as file:
            (row,) = (row for row in csv.DictReader(file) if row["corrected"])
        said = row["class"], row["corrected"], row["predicted_class"]
        assert said == ("blast", "class", found.class_names[0])
        assert float(row["predicted_score"]) == pytest.approx(found.scores[0], abs=1e-4)
        (image,) = json.loads((tmp_path / "run.json").read_text())["images"]
        assert image["corrections"]["counts"] == {"class": 1, "removed": 1}
        (removed,) = image["corrections"]["removed"]
        assert removed["class"] == found.class_names[1]
        (cells,) = coco.read(tmp_path / "coco.json")
        assert sorted(cells.correction_kinds)[-1] == "class"
        analysed.results.undo()
        analysed.results.undo()
        assert analysed.results.detections()[0].corrections is None

    def test_files_count_as_the_screen_does(self, named_session, runner, tmp_path):
        named_session.results.choose_odds("blood", prior=True)
        for unsure, rows in (("apart", ["unsure,2,,,,,counted apart"]), ("counted", [])):
            named_session.results.choose_unsure(unsure)
            named_session.save(tmp_path, ("csv",))
            runner.run()
            lines = (tmp_path / "differential.csv").read_text().splitlines()
            assert [line for line in lines if line.startswith("unsure")] == rows
            run = json.loads((tmp_path / "run.json").read_text())
            assert (run["recipe"]["tissue"], run["recipe"]["unsure"]) == ("blood", unsure)
            assert (run["images"][0]["unsure"], run["weights"]["namer"]) == (2, "1")

    def test_cells_of_a_table_are_unsure_again_and_keep_their_class(self, named_session, image, runner, tmp_path):
        saved = named_session.results.detections()[0]
        named_session.save(tmp_path, ("csv",))
        runner.run()
        named_session.results.clear()
        named_session.annotate([image], [tmp_path / "cells.csv"])
        runner.run()
        assert named_session.results.waiting.unsure == 2
        named_session.results.choose_odds("blood", prior=True)
        assert named_session.results.detections()[0].counts() == saved.counts()

    def test_a_folder_that_cannot_be_written_is_said(self, analysed, runner, tmp_path, said):
        (tmp_path / "file").write_text("")
        analysed.save(tmp_path / "file" / "below", ("csv",))
        runner.run()
        assert said[-1].startswith("Nothing could be saved")


def test_a_viewer_has_one_session_also_through_the_proxy_that_widgets_get(runner):
    viewer = ViewerModel()
    session = detection_session(viewer, lambda _: runner)
    assert detection_session(PublicOnlyProxy(viewer), lambda _: runner) is session
    assert detection_session(ViewerModel(), lambda _: runner) is not session


def test_devices_are_found_in_the_background(session, runner, monkeypatch):
    from napari_hemalens.gui import viewer_session

    monkeypatch.setattr(viewer_session, "_devices", lambda: iter([(("cpu", "CPU (2 cores)"),)]))
    session.look_for_devices()
    assert session.devices == ()
    runner.run()
    assert session.devices == (("cpu", "CPU (2 cores)"),)


class TestLayersOverEachOther:
    @pytest.fixture
    def both(self, session, viewer, image, runner, recipe):
        """Two photographs in one place, as napari opens them, looked at in one run."""
        other = viewer.add_image(image.data.copy(), rgb=True, name="other", scale=(0.1, 0.1), units=("um", "um"))
        session.start_run([image, other], recipe)
        runner.run()
        return session.results

    def seen(self, viewer):
        return [layer.name for layer in viewer.layers if layer.visible]

    def test_a_run_shows_the_image_that_it_looks_at(self, both, session, viewer, image, runner, recipe):
        assert self.seen(viewer) == ["smear", "other", "other cells"]
        session.start_run([image], recipe)
        runner.run()
        assert self.seen(viewer) == ["smear", "smear cells"]

    def test_a_field_that_is_asked_for_is_seen_alone(self, both, session, viewer):
        session.show_field(both.fields[0])
        assert self.seen(viewer) == ["smear", "smear cells"]
        assert [f.seen for f in both.fields] == [True, False]
        assert viewer.layers.selection.active is viewer.layers["smear cells"]

    def test_a_cell_is_looked_at_over_its_own_pixels(self, both, viewer):
        both.look_at(both.fields[0], 0)
        assert self.seen(viewer) == ["smear", "smear cells"]
        assert viewer.layers.selection.active is viewer.layers["smear cells"]
