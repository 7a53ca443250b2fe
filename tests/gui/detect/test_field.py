"""Results belong to their frame: shown over it alone, counted together, corrected each for itself."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.session import DetectionSession
from napari_hemalens.gui.kept_layers import layers_of


@pytest.fixture
def framed_network(network):
    """The same network, which finds ever more cells, and says of which frame."""

    def detect(image, recipe, *, region=None):
        network.count = 4 + 4 * image.levels[0].frame["T"]
        found = yield from network(image, recipe, region=region)
        return replace(found, provenance=replace(found.provenance, frame=image.frame))

    return detect


@pytest.fixture
def stack(viewer):
    viewer.layers.clear()
    pixels = np.zeros((3, 400, 600, 3), np.uint8)
    return viewer.add_image(pixels, rgb=True, name="stack.tif", axis_labels=("t", "y", "x"), scale=(2, 0.1, 0.1))


@pytest.fixture
def session(viewer, runner, framed_network):
    return DetectionSession(viewer, runner, framed_network)


@pytest.fixture
def both(session, viewer, stack, runner, recipe):
    """Results of frames 0 and 2; the latter is on screen."""
    for frame in (0, 2):
        viewer.dims.set_current_step(0, frame)
        session.start_run([stack], recipe)
        runner.run()
    return session


def visible(viewer):
    return {layer.name: layer.visible for layer in viewer.layers[1:]}


def test_cells_are_shown_over_their_frame_alone(both, viewer):
    first, second = "stack.tif [T=0] cells", "stack.tif [T=2] cells"
    assert visible(viewer) == {first: False, second: True}
    viewer.dims.set_current_step(0, 1)
    assert visible(viewer) == {first: False, second: False}
    viewer.dims.set_current_step(0, 0)
    assert visible(viewer) == {first: True, second: False}


def test_what_a_person_has_hidden_stays_hidden(both, viewer):
    viewer.layers["stack.tif [T=2] cells"].visible = False
    viewer.dims.set_current_step(0, 0)
    viewer.dims.set_current_step(0, 2)
    assert visible(viewer) == {"stack.tif [T=0] cells": False, "stack.tif [T=2] cells": False}


def test_frames_are_counted_together_and_named(both):
    count = both.results.differential()
    assert count.fields == ("stack.tif [T=0]", "stack.tif [T=2]")
    assert sum(map(len, both.results.detections())) == sum(len(f.cells.current(0.5)) for f in both.results.fields)
    assert "Counted: stack.tif [T=0], stack.tif [T=2]." in both.results.notes


def test_another_run_of_a_frame_replaces_that_frame_alone(both, viewer, stack, runner, recipe):
    before = [len(cells) for cells in both.results.detections()]
    assert before[0] < before[1]
    viewer.layers["stack.tif [T=2] cells"].selected_data = {0}
    both.results.classify("blast")
    assert both.corrections([stack]) == 1
    assert both.corrections([stack], "T=0") == 0
    viewer.dims.set_current_step(0, 0)
    both.start_run([stack], recipe, keep_edits=False)
    runner.run()
    assert [len(cells) for cells in both.results.detections()] == before
    assert both.corrections([stack], "T=2") == 1


def test_a_frame_may_be_asked_for_while_another_is_on_screen(session, viewer, stack, runner):
    viewer.dims.set_current_step(0, 0)
    session.start_run([stack], DetectionRecipe(score_threshold=0.5, frame="T=1"))
    runner.run()
    assert [f.name for f in session.results.fields] == ["stack.tif [T=1]"]
    assert visible(viewer) == {"stack.tif [T=1] cells": False}


def test_a_frame_that_is_not_there_is_said(session, stack, runner):
    said = []
    session.message_sent.connect(said.append)
    session.start_run([stack], DetectionRecipe(frame="T=7"))
    assert not session.running
    assert said == ["No frame 7 along T: the image has 3, counted from 0."]


def test_the_review_goes_to_the_frame_of_its_cell(both, viewer):
    viewer.dims.set_current_step(0, 1)
    frames = set()
    for _ in range(both.results.waiting.cells):
        both.results.look_at_next()
        frames.add(viewer.dims.current_step[0])
    assert frames == {0, 2}


def test_annotations_without_a_frame_are_said_to_be_of_the_one_on_screen(session, viewer, stack, runner, tmp_path):
    table = tmp_path / "cells.csv"
    table.write_text("image,class,score,y0,x0,y1,x1\nstack.tif,blast,1,10,10,40,40\n", encoding="utf-8")
    viewer.dims.set_current_step(0, 1)
    session.annotate([stack], [table])
    runner.run()
    (cells,) = session.results.detections()
    assert cells.provenance.frame == "T=1"
    assert any("does not say of which frame" in note and "T=1" in note for note in cells.provenance.notes)


def test_annotations_of_another_frame_are_refused(session, viewer, stack, runner, tmp_path):
    said = []
    session.message_sent.connect(said.append)
    table = tmp_path / "cells.csv"
    table.write_text("image,class,score,y0,x0,y1,x1\nstack.tif [T=2],blast,1,10,10,40,40\n", encoding="utf-8")
    viewer.dims.set_current_step(0, 1)
    session.annotate([stack], [table])
    runner.run()
    assert session.results.fields == []
    assert "has cells of other frames of 'stack.tif': T=2; go to one of them." in said[0]
    viewer.dims.set_current_step(0, 2)
    session.annotate([stack], [table])
    runner.run()
    assert len(session.results.detections()[0]) == 1


def test_a_key_names_no_cell_of_a_frame_that_is_not_on_screen(both, viewer):
    viewer.layers["stack.tif [T=2] cells"].selected_data = {0}
    viewer.dims.set_current_step(0, 0)
    both.results.press("1")
    assert [f.cells.n_corrections for f in both.results.fields] == [0, 0]
    viewer.dims.set_current_step(0, 2)
    both.results.press("1")
    assert [f.cells.n_corrections for f in both.results.fields] == [0, 1]


def test_a_frame_keeps_its_number_when_its_image_is_renamed(both, viewer, stack, runner):
    stack.name = "patient 7"
    runner.run()
    assert [f.name for f in both.results.fields] == ["patient 7 [T=0]", "patient 7 [T=2]"]
    titles = [each.provenance.title for each in both.results.detections()]
    assert titles == ["patient 7 [T=0]", "patient 7 [T=2]"]
    assert "patient 7 [T=2] cells" in viewer.layers


def test_an_image_of_a_file_stays_that_file_whatever_its_layer_is_called(viewer, tmp_path):
    (layer,) = layers_of(tmp_path / "a.png", [(np.zeros((8, 8, 3), np.uint8), {"name": "a", "rgb": True}, "image")])
    viewer.add_layer(layer)
    f = Field(layer.name, image=layer)
    layer.name = "patient 7"
    assert f.follow_name()
    assert (f.name, f.header.provenance.image) == ("patient 7", "")
