"""Teaching in one viewer: a project, cells, what is said of them, and what follows from it."""

import numpy as np
import pytest
from napari.layers import Layer

from napari_hemalens.active_learning import stored_pool
from napari_hemalens.active_learning.cell_sources import cells_of_boxes
from napari_hemalens.config.options import FineTuningRecipe, TeachingRecipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.gui.layers import as_layers
from napari_hemalens.gui.teach.session import TeachSession, teach_session
from napari_hemalens.gui.teach.sources import CellSource, cells_of_layer
from napari_hemalens.gui.teach.view import accuracy_in_words
from napari_hemalens.records.detections import Detections
from napari_hemalens.workflows import teaching
from napari_hemalens.workflows.images import from_array


@pytest.fixture
def said(teach):
    sentences = []
    teach.message_sent.connect(sentences.append)
    return sentences


@pytest.fixture
def news(taught):
    told = []
    taught.changed.connect(lambda: told.append("changed"))
    taught.drawn.connect(lambda: told.append("drawn"))
    return told


def test_planes_that_were_taken_for_colours_are_said(teach, viewer, runner, nuclei, said, tmp_path):
    teach.open_project(tmp_path / "project")
    teach.change_classes(lambda project: project.add_class("dark"))
    pixels = np.random.default_rng(0).integers(0, 255, (3, 400, 600), np.uint8)
    stack = viewer.add_image(pixels, name="stack", scale=(1, 0.1, 0.1))
    teach.start([cells_of_layer(stack, nuclei, viewer.dims.point)], TeachingRecipe())
    runner.run()
    assert "stack: Its 3 planes are taken for colours or channels" in said[-1]


def label_all(session, runner, count):
    """Give so many cells the class of their kind."""
    for _ in range(count):
        session.press("12"[session.taught.current % 2])
        runner.run()


class TestProject:
    def test_a_project_is_made_closed_and_opened_again(self, teach, tmp_path, said):
        assert teach.open_project(tmp_path / "a", preset="leukocyte")
        assert "neutrophil" in teach.project.classes.names
        assert teach.open_project(tmp_path / "b")
        assert teach.project.classes.names == ()
        assert teach.open_project(tmp_path / "a")
        assert said == []

    def test_a_project_that_is_open_elsewhere_is_said_and_may_be_looked_at(self, teach, taught, tmp_path, said):
        with teaching.open_project(tmp_path / "other"):
            assert not teach.open_project(tmp_path / "other")
            assert "open in another window" in said[-1]
            assert (teach.project, teach.taught, [*teach.layers]) == (None, None, [])
            assert teach.open_project(tmp_path / "other", read_only=True)

    def test_what_was_amiss_in_a_project_is_said(self, teach, tmp_path, said):
        teaching.open_project(tmp_path / "a", classes=["x"]).close()
        (tmp_path / "a" / "labels.jsonl").write_text('{"step": [{"kin')
        teach.open_project(tmp_path / "a")
        assert "cut off while it was written" in said[-1]

    def test_a_class_that_cells_have_is_not_removed(self, taught, said):
        taught.label("dark")
        taught.change_classes(lambda project: project.remove_class("dark"))
        assert "1 cell is labelled 'dark'" in said[-1]
        taught.change_classes(lambda project: project.change_class("dark", name="blast"))
        assert said[-1] == ""  # that is of no interest any more
        assert taught.project.classes.names == ("blast", "bright")

    def test_without_a_project_nothing_begins(self, teach, viewer, many_boxes, said):
        teach.start([cells_of_layer(viewer.layers["smear"], many_boxes)], TeachingRecipe())
        teach.change_classes(lambda project: project.add_class("x"))
        assert not teach.running
        assert said == ["Choose a folder under 'Project' first: what you say of the cells is kept there."]


class TestRun:
    def test_cells_are_looked_at_and_the_first_is_shown(self, taught, viewer, looking):
        assert len(taught.taught) == 20
        assert taught.can_say
        assert taught.picture_of(1).mean() == 200
        project, cells, _, _ = looking.asked[0]
        assert project is taught.project
        assert set(cells.cells.sources) == {"box"}
        (circles,) = taught.layers
        assert circles.name == "smear taught"
        assert not circles.editable
        assert not viewer.layers["smear cells"].visible  # what they are called there is not to be read

    def test_what_other_docks_found_is_not_read_while_naming(
        self, teach, classified, explaining, asking, viewer, runner, nuclei, tmp_path
    ):
        explaining.start_run(viewer.layers["smear"], nuclei, asking)
        runner.run()
        assert len([layer for layer in viewer.layers if layer.visible]) == 3
        teach.open_project(tmp_path / "p")
        teach.change_classes(lambda project: project.add_class("dark"))
        teach.start([cells_of_layer(viewer.layers["smear"], nuclei, viewer.dims.point)], TeachingRecipe())
        runner.run()
        assert [layer.name for layer in viewer.layers if layer.visible] == ["smear", "smear taught"]

    def test_stopped_there_is_nothing_to_teach_and_it_can_begin_again(
        self, teach, viewer, runner, many_boxes, tmp_path
    ):
        teach.open_project(tmp_path / "p")
        source = cells_of_layer(viewer.layers["smear"], many_boxes)
        for steps in range(5):
            teach.start([source], TeachingRecipe())
            for _ in range(steps):
                runner.step()
            teach.stop()
            runner.run()
            assert not teach.running
            assert teach.taught is None
        teach.start([source], TeachingRecipe())
        teach.start([source], TeachingRecipe())  # already running
        runner.run()
        assert len(teach.taught) == 20

    def test_what_goes_wrong_is_said(self, teach, viewer, runner, many_boxes, tmp_path, looking, said):
        teach.open_project(tmp_path / "p")
        looking.error = WeightsError("No weights 'zebra'.")
        teach.start([cells_of_layer(viewer.layers["smear"], many_boxes)], TeachingRecipe())
        runner.run()
        assert said == ["No weights 'zebra'."]
        assert not teach.can_say

    def test_no_cells_are_said(self, teach, runner, tmp_path, said):
        def read(_):
            yield from ()
            return teaching.join_cells([])

        teach.open_project(tmp_path / "p")
        teach.start([CellSource("empty", read)], TeachingRecipe())
        runner.run()
        assert said == ["There are no cells in empty: nothing can be taught."]

    def test_a_project_is_not_changed_for_another_during_a_run(self, teach, viewer, many_boxes, tmp_path):
        teach.open_project(tmp_path / "p")
        teach.start([cells_of_layer(viewer.layers["smear"], many_boxes)], TeachingRecipe())
        assert not teach.open_project(tmp_path / "q")
        assert teach.project.folder.name == "p"

    def test_nor_during_a_training(self, taught, runner, tmp_path, said):
        taught.training.train(taught.taught, FineTuningRecipe())
        assert not taught.open_project(tmp_path / "q")
        assert said == ["Stop first: something goes on in the project that is open."]
        runner.run()
        assert taught.training.tuned is not None
        assert taught.open_project(tmp_path / "q")
        assert taught.training.tuned is None


class TestResume:
    def test_a_project_goes_on_with_its_cells_and_labels(self, taught, runner, tmp_path, looking):
        for _ in range(4):
            taught.press("1")
        labels, ids = taught.taught.pool.labels.tolist(), taught.taught.embedded.cells.ids.tolist()
        stored_pool.store(taught.project, looking.asked[-1][1])
        taught.open_project(tmp_path / "other")
        taught.resume(TeachingRecipe())  # a project without cells: nothing begins
        assert not taught.running
        taught.open_project(tmp_path / "project")
        taught.resume(TeachingRecipe())
        runner.run()
        assert taught.taught.embedded.cells.ids.tolist() == ids
        assert taught.taught.pool.labels.tolist() == labels
        assert [layer.name for layer in taught.layers] == ["smear taught"]

    def test_boxes_that_a_project_brings_back_do_not_lie_over_the_circles(self, taught, viewer, runner, looking):
        stored_pool.store(taught.project, looking.asked[-1][1])
        viewer.layers["smear cells"].visible = True
        taught.resume(TeachingRecipe())
        runner.run()
        assert [layer.name for layer in viewer.layers if layer.visible] == ["smear", "smear taught"]

    def test_cells_that_cannot_be_read_are_said(self, taught, runner, said):
        file = taught.project.folder / "pool" / "cells.safetensors"
        file.parent.mkdir()
        file.write_bytes(b"damaged")
        taught.resume(TeachingRecipe())
        runner.run()
        assert "cannot be read" in said[-1]
        assert "choose them again" in said[-1]


class TestLabels:
    def test_a_key_is_answered_before_circles_and_model_follow(self, taught, runner, news):
        first = taught.taught.current
        taught.press("1")
        assert news == ["changed"]
        assert runner.jobs == []
        assert taught.taught.current != first
        runner.draw()
        assert news == ["changed", "drawn"]

    def test_keys_that_are_no_class_say_nothing(self, taught, news):
        taught.press("7")
        assert news == []
        assert not taught.taught.can_undo

    def test_labels_teach_a_model_that_names_the_others(self, taught, runner):
        label_all(taught, runner, 8)
        predicted = taught.taught.predictions.classes
        known = np.flatnonzero(predicted >= 0)
        assert len(known) > 8
        assert (predicted[known] == known % 2).all()
        assert taught.taught.is_up_to_date

    def test_undo_and_redo_show_the_cell_again(self, taught, runner):
        first = taught.taught.current
        taught.press("1")
        taught.undo()
        assert taught.taught.current == first
        assert not taught.taught.can_undo
        taught.redo()
        assert taught.taught.pool.labels[first] == 0

    def test_not_sure_and_skip_go_on(self, taught):
        seen = [taught.taught.current]
        taught.not_sure()
        seen.append(taught.taught.current)
        taught.skip()
        seen.append(taught.taught.current)
        assert len(set(seen)) == 3
        assert taught.taught.pool.unsure[seen[0]]

    def test_a_cell_of_ones_choice_is_shown_and_several_get_a_class_at_once(self, taught, runner):
        taught.go_to(7)
        assert taught.taught.current == 7
        taught.label_rows([2, 4], "dark")
        assert taught.taught.pool.labels[[2, 4]].tolist() == [0, 0]
        taught.undo()
        assert taught.taught.pool.labels[[2, 4]].tolist() == [-1, -1]

    def test_in_a_project_of_another_window_nothing_can_be_said(
        self, teach, viewer, runner, many_boxes, tmp_path, said
    ):
        with teaching.open_project(tmp_path / "other", classes=["a"]):
            teach.open_project(tmp_path / "other", read_only=True)
            teach.start([cells_of_layer(viewer.layers["smear"], many_boxes)], TeachingRecipe())
            runner.run()
            assert not teach.can_say
            teach.label_rows([1], "a")
            assert "open to be looked at only" in said[-1]


class TestSecondLook:
    @pytest.fixture
    def wrong(self, taught, runner):
        """Two cells that have the label of the others."""
        plain = [row for row in range(20) if row not in taught.taught.pool.random.tolist()]
        rows = plain[0], plain[1]
        for row in plain:
            taught.label_rows([row], ("dark", "bright")[row % 2 if row not in rows else 1 - row % 2])
        runner.run()
        return rows

    def test_labels_that_are_contradicted_are_shown_until_none_is_left(self, taught, runner, wrong, said):
        taught.look_again()
        runner.run()
        assert said == ["2 labels are contradicted: give each cell its class; Skip keeps the label."]
        shown = taught.taught.current
        assert {*taught.second_look.left} == {*wrong}
        assert shown in wrong
        taught.label(("dark", "bright")[shown % 2])
        assert taught.taught.current in {*wrong} - {shown}
        kept = taught.taught.current
        before = taught.taught.pool.labels[kept]
        taught.skip()
        assert taught.taught.pool.labels[kept] == before
        assert taught.taught.pool.passed[kept] == 0  # it was no step of the queue
        assert taught.second_look.left == ()
        assert said[-1] == "That was the last one."
        runner.run()
        taught.look_again()
        runner.run()
        assert taught.second_look.left == (kept,)

    def test_another_cell_may_be_looked_at_in_between(self, taught, runner, wrong):
        taught.look_again()
        runner.run()
        other = next(row for row in range(20) if row not in wrong)
        taught.go_to(other)
        taught.label("dark")
        assert len(taught.second_look.left) == 2

    def test_another_pool_ends_it(self, taught, runner, wrong, tmp_path):
        taught.look_again()
        runner.run()
        taught.open_project(tmp_path / "other")
        assert taught.second_look.left == ()


class TestLayers:
    def test_labels_go_on_without_the_circles_or_the_image(self, taught, viewer, runner):
        for gone in ("smear taught", "smear"):
            viewer.layers.remove(gone)
            before = taught.taught.current
            taught.press("1")
            runner.run()
            assert taught.taught.current != before

    def test_keys_follow_classes_that_are_added(self, taught, viewer):
        taught.change_classes(lambda project: project.add_class("smudge", key="S"))
        cell = taught.taught.current
        layer = viewer.layers["smear taught"]
        keys = {str(key): action for key, action in layer.keymap.items()}
        keys["S"](layer)
        assert taught.taught.pool.labels[cell] == 2


def test_a_viewer_has_one_teaching(viewer, runner):
    session = teach_session(viewer, lambda _: runner)
    assert isinstance(session, TeachSession)
    assert teach_session(viewer, lambda _: runner) is session


class TestSlots:
    """What a person may do at the wrong moment, or with cells of another kind than most."""

    def test_one_class_names_nothing_and_says_why_there_is_no_accuracy(self, taught, runner):
        taught.change_classes(lambda project: project.remove_class("bright"))
        for _ in range(6):
            taught.press("1")
            runner.run()
        assert (taught.taught.predictions.classes <= 0).all()
        assert "two classes" in accuracy_in_words(taught.taught)

    def test_images_of_other_sizes_are_one_pool_with_circles_of_their_own(
        self, teach, viewer, runner, many_boxes, tmp_path
    ):
        other = viewer.add_image(np.zeros((90, 1200, 3), np.uint8), rgb=True, name="strip")
        cut = Detections.from_arrays(
            [[0, 0, 40, 40], [40, 1150, 90, 1200]], [1, 1], [0, 0], names=("blast",), image_shape=(90, 1200)
        )
        strip = viewer.add_layer(Layer.create(*as_layers(cut, like=other)[0]))
        teach.open_project(tmp_path / "p")
        teach.start(
            [cells_of_layer(viewer.layers["smear"], many_boxes), cells_of_layer(other, strip)], TeachingRecipe()
        )
        runner.run()
        assert [len(layer.data) for layer in teach.layers] == [20, 2]
        teach.go_to(21)
        runner.draw()
        assert teach.taught.current == 21

    def test_a_layer_renamed_in_mid_work_is_still_that_of_its_cells(self, taught, viewer, runner):
        viewer.layers["smear"].name = "another name"
        viewer.layers["smear taught"].name = "circles"
        before = taught.taught.current
        taught.press("1")
        runner.run()
        assert taught.taught.pool.labels[before] == 0
        assert [layer.name for layer in taught.layers] == ["circles"]

    def test_a_layer_removed_while_it_is_looked_at_ends_in_words(self, teach, viewer, runner, many_boxes, tmp_path):
        teach.open_project(tmp_path / "p")
        teach.start([cells_of_layer(viewer.layers["smear"], many_boxes)], TeachingRecipe())
        viewer.layers.clear()
        runner.run()
        assert not teach.running
        assert teach.can_say == (teach.taught is not None)
        assert [*teach.layers] == []

    def test_a_project_that_moved_goes_on_where_it_lies_now(self, taught, runner, tmp_path, looking):
        first = taught.taught.current
        taught.press("1")
        stored_pool.store(taught.project, looking.asked[-1][1])
        taught.open_project(tmp_path / "other")
        (tmp_path / "project").rename(tmp_path / "moved")
        assert taught.open_project(tmp_path / "moved")
        taught.resume(TeachingRecipe())
        runner.run()
        assert taught.taught.pool.labels[first] == 0
        assert len(taught.taught) == 20

    def test_a_project_that_is_gone_says_so_and_the_cell_stays(self, taught, tmp_path, said):
        before = taught.taught.current
        (tmp_path / "project").rename(tmp_path / "moved")
        taught.press("1")
        assert len(said) == 1
        assert "labels.jsonl" in said[0]
        assert taught.taught.current == before
        assert taught.taught.pool.labels[before] == -1

    @pytest.mark.parametrize("steps", range(6))
    def test_stop_at_any_moment_leaves_nothing_half_done(self, teach, viewer, runner, many_boxes, tmp_path, steps):
        teach.open_project(tmp_path / "p", preset="leukocyte")
        teach.start([cells_of_layer(viewer.layers["smear"], many_boxes)], TeachingRecipe())
        for _ in range(steps):
            if runner.jobs:
                runner.step()
        teach.stop()
        runner.run()
        assert not teach.running
        assert teach.can_say == (teach.taught is not None)
        teach.start([cells_of_layer(viewer.layers["smear"], many_boxes)], TeachingRecipe())
        runner.run()
        assert len(teach.taught) == 20

    def test_twenty_thousand_cells_are_taught_with_pictures_left_on_disk(self, teach, runner, tmp_path, looking):
        boxes = np.zeros((20_000, 4), np.float32)
        boxes[:, 0], boxes[:, 1] = np.divmod(np.arange(20_000), 200)
        boxes[:, 2:] = boxes[:, :2] + 1
        slide = from_array(np.zeros((200, 200, 3), np.uint8), name="large")

        def read(_):
            yield from ()
            return cells_of_boxes(slide, boxes, pixel_size_um=0.2)

        teach.open_project(tmp_path / "p")
        for name in ("dark", "bright"):
            teach.change_classes(lambda project, name=name: project.add_class(name))
        teach.start([CellSource("large", read)], TeachingRecipe())
        runner.run()
        label_all(teach, runner, 4)
        assert len(teach.taught.gallery_cells) == 20_000
        assert teach.picture_of(19_999).shape == (64, 64, 3)
        assert len(teach.taught.embedded.thumbnails._open) == 1


def test_boxes_that_are_not_taught_are_said(teach, viewer, runner, boxes, tmp_path):
    words = []
    teach.progressed.connect(lambda said, _: words.append(said))
    teach.open_project(tmp_path / "project")
    teach.start([cells_of_layer(viewer.layers["smear"], boxes)], TeachingRecipe())
    runner.run()
    assert words[-1] == "3 cells are ready to be named; 1 red cell or platelet left out."
