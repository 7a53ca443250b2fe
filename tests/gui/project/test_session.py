"""A project keeps the work of Detect and Classify as it goes on, and opens it again exactly."""

import imageio.v3 as iio
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.config.options import ClassificationRecipe, DetectionRecipe
from napari_hemalens.errors import ProjectLockedError
from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.classify.session import ClassificationSession
from napari_hemalens.gui.detect.display import BoxFilter
from napari_hemalens.gui.detect.session import DetectionSession
from napari_hemalens.gui.project.session import ProjectSession
from napari_hemalens.workflows import open_work
from napari_hemalens.workflows.teaching import open_project


def assert_same(one, other):
    """Two frozen records, arrays or values are equal in every part."""
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    elif hasattr(one, "__dataclass_fields__"):
        assert type(one) is type(other)
        for name in one.__dataclass_fields__:
            assert_same(getattr(one, name), getattr(other, name))
    else:
        assert one == other


def camera_of(viewer):
    """Return the camera, which the viewer itself held before napari 0.9."""
    return getattr(viewer, "scene", viewer).camera


@pytest.fixture
def said(keeping):
    told = []
    keeping.message_sent.connect(told.append)
    return told


def corrected(session, viewer, runner):
    """Correct cells in each way: another class, confirmed, moved, deleted, drawn; then choose what else there is."""
    results, layer = session.results, viewer.layers["smear cells"]
    layer.selected_data = {0}
    results.press("1")
    runner.draw()
    layer.selected_data = {1}
    results.accept()
    runner.draw()
    layer.selected_data = {2}
    layer.remove_selected()
    runner.draw()
    layer.add([[300, 300], [300, 340], [340, 340], [340, 300]], shape_type="rectangle")
    runner.draw()
    results.choose_odds("blood", prior=False)
    results.choose_unsure("counted")
    results.choose_display(BoxFilter(None, 1.0, None))
    runner.draw()


class TestDetect:
    def test_cells_corrections_and_options_are_as_they_were(
        self, keeping, named_session, viewer, runner, tmp_path, reopened
    ):
        options = DetectionRecipe(tile=512, pixel_size_um=0.1, tissue="blood", device="cpu")
        keeping.open(tmp_path / "p")
        named_session.keeper.choose_options(options)
        corrected(named_session, viewer, runner)
        runner.wait()
        keeping.end()
        _, detect, _, other = reopened(tmp_path / "p")
        before, after = named_session.results, detect.results
        assert len(after.fields) == 1
        for name in ("cells", "name", "frame", "hidden"):
            assert_same(getattr(before.fields[0], name), getattr(after.fields[0], name))
        for name in ("score_threshold", "tissue", "tissue_prior", "unsure", "next_class", "display", "notes"):
            assert getattr(after, name) == getattr(before, name)
        assert_same(before.detections()[0].corrections, after.detections()[0].corrections)
        assert after.differential() == before.differential()
        assert detect.keeper.options == options.model_copy(update={"device": "auto"})
        assert detect.unsaved == 0
        image, layer = other.layers["smear"], other.layers["smear cells"]
        np.testing.assert_array_equal(image.data, viewer.layers["smear"].data)
        np.testing.assert_array_equal(image.scale, (0.1, 0.1))
        assert image.units == viewer.layers["smear"].units
        assert len(layer.data) == len(viewer.layers["smear cells"].data)
        np.testing.assert_array_equal(layer.scale, image.scale)

    def test_undo_goes_on_where_it_was(self, keeping, analysed, viewer, runner, tmp_path, reopened):
        keeping.open(tmp_path / "p")
        states = [analysed.results.detections()[0]]
        for key in ("1", "2"):
            viewer.layers["smear cells"].selected_data = {0}
            analysed.results.press(key)
            runner.draw()
            states.append(analysed.results.detections()[0])
        keeping.end()
        _, detect, _, _ = reopened(tmp_path / "p")
        for expected in (states[1], states[0]):
            detect.results.undo()
            assert_same(detect.results.detections()[0], expected)
        assert not detect.results.can_undo

    def test_a_folder_of_images_opens_with_the_one_that_was_shown(
        self, keeping, session, runner, tmp_path, reopened, recipe
    ):
        files = [tmp_path / f"{name}.tif" for name in "abc"]
        for file in files:
            iio.imwrite(file, np.full((400, 600, 3), 200, np.uint8))
        keeping.open(tmp_path / "p")
        session.start_run(files, recipe)
        runner.run()
        session.show_field(session.results.fields[2])
        runner.run()
        keeping.end()
        _, detect, _, viewer = reopened(tmp_path / "p")
        assert [(f.name, f.hidden) for f in detect.results.fields] == [
            ("a.tif", True),
            ("b.tif", True),
            ("c.tif", False),
        ]
        assert [layer.name for layer in viewer.layers] == ["c.tif", "c.tif cells"]
        assert_same(detect.results.detections()[1], session.results.detections()[1])

    def test_window_and_docks_look_at_the_image_that_was_shown(
        self, keeping, session, viewer, runner, recipe, tmp_path, network
    ):
        large = viewer.add_image(np.zeros((900, 1200, 3), np.uint8), rgb=True, name="large")
        keeping.open(tmp_path / "p")
        session.start_run([viewer.layers["smear"], large], recipe)
        runner.run()
        viewer.layers["smear"].visible = False
        runner.wait()
        keeping.end()
        other, looked_at = ViewerModel(), []
        project = ProjectSession(other, runner)
        project.slide_opened.connect(looked_at.append)
        project.join(DetectionSession(other, runner, network).keeper)
        project.open(tmp_path / "p")
        assert looked_at == [other.layers["large"]]
        np.testing.assert_allclose(camera_of(other).center[-2:], (449.5, 599.5))
        project.leave()
        other.add_image(np.zeros((4, 5)), name="mine")
        project.open(tmp_path / "p")
        assert len(looked_at) == 1  # what a person looks at stays
        project.end()


class TestClassify:
    def test_classes_words_and_labels_are_as_they_were(
        self, keeping, classified, viewer, runner, tmp_path, reopened, card_file
    ):
        keeping.open(tmp_path / "p")
        options = ClassificationRecipe(weights=str(card_file), pixel_size_um=0.1)
        classified.keeper.choose_options(options)
        results = classified.results
        results.begin_review()
        results.press("2")
        results.accept()
        results.end_review()
        classified.report.describe("A", "0.1")
        classified.make_cells_by("pairs")
        runner.run()
        results.choose(DisplayFilter("none", 1.0, least_entropy=0.2))
        runner.wait()
        keeping.end()
        _, _, classify, other = reopened(tmp_path / "p")
        (before,), (after,) = results.states, classify.results.states
        for name in (
            "reviewed",
            "labels",
            "threshold",
            "sample",
            "cells_by",
            "cell_of_nucleus",
            "frame",
            "plane",
            "task",
        ):
            assert_same(getattr(before, name), getattr(after, name))
        assert classify.results.display == results.display
        assert classify.report.read() == classified.report.read()
        assert classify.keeper.options == options
        assert classify.unsaved == 0
        assert {layer.name for layer in other.layers} >= {"smear", "nuclei", "nuclei: micronucleus"}
        np.testing.assert_array_equal(other.layers["nuclei"].data, viewer.layers["nuclei"].data)
        shown = other.layers["nuclei: micronucleus"].features
        assert shown.equals(viewer.layers["nuclei: micronucleus"].features)


class TestProject:
    def test_without_a_project_nothing_is_written(self, keeping, analysed, runner, tmp_path):
        analysed.results.choose_odds("blood", prior=True)
        assert (runner.later, keeping.keep_now(), [*tmp_path.iterdir()]) == ([], True, [])

    def test_a_change_is_written_soon_and_once(self, keeping, analysed, viewer, runner, tmp_path):
        keeping.open(tmp_path / "p")
        runner.wait()
        assert runner.later == []
        viewer.layers["smear cells"].selected_data = {0}
        for key in "121":
            analysed.results.press(key)
        assert len(runner.later) == 1
        runner.wait()
        assert open_work(tmp_path / "p").detected[0].cells.corrections.counts() == {"class": 1}
        assert analysed.unsaved == 0

    def test_what_was_in_the_window_joins_a_project_that_keeps_other_images(
        self, keeping, analysed, viewer, runner, recipe, tmp_path, reopened
    ):
        keeping.open(tmp_path / "p")
        keeping.end()
        other = ViewerModel()
        other.add_image(np.zeros((400, 600, 3), np.uint8), rgb=True, name="other")
        project, detect, _, _ = reopened(tmp_path / "q", other)
        detect.start_run([other.layers["other"]], recipe)
        runner.run()
        project.leave()
        assert (detect.results.fields, project.project) == ([], None)
        detect.start_run([other.layers["other"]], recipe)
        runner.run()
        project.open(tmp_path / "p")
        runner.run()
        runner.wait()
        assert [f.name for f in detect.results.fields] == ["smear", "other"]
        assert len(open_work(tmp_path / "p").detected) == 2

    def test_corrections_that_a_project_would_replace_are_counted(self, keeping, analysed, viewer, runner, tmp_path):
        keeping.open(tmp_path / "p")
        keeping.leave()
        assert analysed.results.fields == []
        analysed.start_run([viewer.layers["smear"]], analysed.recipe)
        runner.run()
        viewer.layers["smear cells"].selected_data = {0, 1}
        analysed.results.press("1")
        assert (keeping.at_stake(tmp_path / "p"), keeping.at_stake(tmp_path / "q"), keeping.at_stake(None)) == (2, 0, 0)

    def test_a_dock_that_comes_later_gets_its_work(self, keeping, classified, viewer, runner, tmp_path, classifier):
        keeping.open(tmp_path / "p")
        keeping.end()
        other = ViewerModel()
        project = ProjectSession(other, runner)
        project.open(tmp_path / "p")
        late = ClassificationSession(other, runner, classifier)
        project.join(late.keeper)
        assert len(late.results.states) == 1
        assert len(other.layers) == 3
        project.end()

    def test_a_project_that_is_open_elsewhere_may_be_looked_at(
        self, keeping, analysed, viewer, runner, tmp_path, reopened, said
    ):
        with open_project(tmp_path / "p"), pytest.raises(ProjectLockedError, match="is open in another window"):
            keeping.open(tmp_path / "p")
        keeping.open(tmp_path / "p")
        runner.wait()
        other = ViewerModel()
        looking, detect = ProjectSession(other, runner), DetectionSession(other, runner)
        looking.join(detect.keeper)
        assert looking.open(tmp_path / "p", read_only=True)
        runner.run()
        before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
        other.layers["smear cells"].selected_data = {0}
        detect.results.press("1")
        assert (runner.later, looking.keep_now(), detect.unsaved) == ([], False, 1)
        assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before
        keeping.end()

    def test_work_of_a_newer_version_is_refused_and_left_alone(self, keeping, analysed, runner, tmp_path, said):
        keeping.open(tmp_path / "p")
        keeping.leave()
        file = tmp_path / "p" / "work" / "detect.json"
        file.write_text(file.read_text(encoding="utf-8").replace('"version": 1', '"version": 9'), encoding="utf-8")
        before = file.read_bytes()
        assert not keeping.open(tmp_path / "p")
        assert said[-1].endswith("was written by a newer HemaLens (format 9; this knows 1): update it.")
        assert file.read_bytes() == before

    def test_nothing_is_opened_during_a_run(self, keeping, session, viewer, recipe, tmp_path, said):
        session.start_run([viewer.layers["smear"]], recipe)
        assert not keeping.open(tmp_path / "p")
        assert said == ["Stop first: something goes on in the project that is open."]

    def test_a_disk_that_is_full_is_said_and_writing_is_tried_again(
        self, keeping, analysed, viewer, runner, tmp_path, said, monkeypatch
    ):
        keeping.open(tmp_path / "p")
        runner.wait()
        viewer.layers["smear cells"].selected_data = {0}

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("napari_hemalens.projects.work.write_record", full)
            analysed.results.press("1")
            runner.wait()
        assert "No space left on device" in said[-1]
        assert analysed.unsaved == 1
        analysed.results.press("2")
        runner.wait()
        assert said[-1] == "All is kept again."
        assert analysed.unsaved == 0

    def test_an_image_that_is_gone_is_said_in_one_sentence(self, keeping, session, runner, recipe, tmp_path, reopened):
        iio.imwrite(tmp_path / "a.tif", np.full((400, 600, 3), 200, np.uint8))
        keeping.open(tmp_path / "p")
        session.start_run([tmp_path / "a.tif"], recipe)
        runner.run()
        keeping.end()
        (tmp_path / "a.tif").unlink()
        viewer = ViewerModel()
        project, detect = ProjectSession(viewer, runner), DetectionSession(viewer, runner)
        told = []
        project.message_sent.connect(told.append)
        project.join(detect.keeper)
        project.open(tmp_path / "p")
        assert told[0].startswith("a.tif is not where it was: put it into")
        assert len(detect.results.detections()[0]) == 6
        project.end()

    def test_a_script_that_closes_the_viewer_takes_nothing_away(self, keeping, analysed, viewer, tmp_path):
        keeping.open(tmp_path / "p")
        keeping.keep_now()
        viewer.layers.clear()  # as Viewer.close() does before its window closes
        keeping.end()
        assert len(open_work(tmp_path / "p").detected[0].cells) == 6
