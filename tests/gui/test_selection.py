"""A cell selected in any layer is selected in all that show it: by where it lies, and without a window."""

import gc
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels, Shapes

from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.classify.session import ClassificationSession
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.session import DetectionSession
from napari_hemalens.gui.explain.session import ExplanationSession
from napari_hemalens.gui.selection import SelectedCell, cell_selection
from napari_hemalens.progress import Progress
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.review.boxes import ShownBoxes

SHAPE = (400, 600)
CELLS = (4, 7, 9, 70_000)
CORNERS = ((0, 100), (100, 100), (100, 200), (300, 400))
PLACE = {"scale": (0.1, 0.1), "units": ("um", "um")}
NAMES = ("lymphocyte", "erythrocyte")


def around(corners, side=40, margin=6):
    """Return a box around each cell."""
    near = np.array(corners, np.float32) - margin
    return np.concatenate([near, near + side + 2 * margin], axis=1)


class Finds:
    """Stands in for `workflows.detect_steps`: boxes as they are told, in the order from last to first cell."""

    def __init__(self, boxes, classes):
        self.boxes, self.classes = boxes, classes

    def __call__(self, image, recipe, *, region=None):
        result = Detections.from_arrays(
            self.boxes,
            np.linspace(0.99, 0.9, len(self.boxes)),
            self.classes,
            names=NAMES,
            image_shape=image.shape,
            provenance=Provenance(image=image.name, weights="fake", sha256="0"),
        )
        yield Progress(1, 1, "tile 1 of 1", result)
        return result


@pytest.fixture
def three(viewer, runner, classifier, explainer, nuclei, recipe, question, asking):
    """One image detected, classified and explained, and its selected cell: boxes 0-3 are cells 70000, 9, 7, 4."""
    boxes = np.concatenate([around(CORNERS)[::-1], [[200, 10, 240, 50]]])  # the last is a red cell, of no nucleus
    sessions = SimpleNamespace(
        detection=DetectionSession(viewer, runner, Finds(boxes, [0, 0, 0, 0, 1])),
        classifying=ClassificationSession(viewer, runner, classifier),
        explaining=ExplanationSession(viewer, runner, explainer),
    )
    sessions.selected = SelectedCell(
        viewer, runner.run_idle, (sessions.detection, sessions.classifying, sessions.explaining)
    )
    sessions.runner = runner
    sessions.detection.start_run([viewer.layers["smear"]], recipe)
    runner.run()
    sessions.classifying.start_run(viewer.layers["smear"], nuclei, question)
    runner.run()
    sessions.explaining.start_run(viewer.layers["smear"], nuclei, asking)
    runner.run()
    sessions.boxes = viewer.layers["smear cells"]
    sessions.classes = viewer.layers["nuclei: micronucleus"]
    sessions.nuclei = nuclei
    sessions.viewer = viewer
    return sessions


def state(three):
    """Return what is selected once the window has had its turn: boxes, label, label of the source, explained cell."""
    three.runner.draw()
    return (
        {*three.boxes.selected_data},
        three.classes.selected_label,
        three.nuclei.selected_label,
        three.explaining.results.current.chosen,
    )


def click(viewer, y, x, *, moved=0, viewbox=(0, 0)):
    """Click on the canvas, at a place in pixels of an image of 0.1 um; layers come after the viewer, as in napari."""
    active = viewer.layers.selection.active
    event = SimpleNamespace(
        position=(y * 0.1, x * 0.1), pos=np.array([10, 10]), type="mouse_press", button=1, modifiers=(),
        view_direction=None, dims_displayed=[0, 1], viewbox=viewbox,
    )  # fmt: skip
    presses = [callback(viewer, event) for callback in viewer.mouse_drag_callbacks]
    if isinstance(active, Shapes):
        presses += [callback(active, event) for callback in active.mouse_drag_callbacks]
    presses = [press for press in presses if press is not None]
    for press in presses:
        next(press, None)
    event.type, event.pos = "mouse_release", event.pos + moved
    for press in presses:
        next(press, None)


def test_a_box_that_is_selected_selects_its_label_and_is_explained(three):
    three.boxes.selected_data = {2}
    assert state(three) == ({2}, 7, 7, 7)


def test_a_label_of_the_classes_selects_its_box_and_is_explained(three):
    three.classes.selected_label = 70_000
    assert state(three) == ({0}, 70_000, 70_000, 70_000)


def test_a_label_of_what_was_classified_does_so_too(three):
    three.nuclei.selected_label = 9
    assert state(three) == ({1}, 9, 9, 9)


def test_a_cell_that_is_explained_selects_its_box_and_its_label(three):
    three.explaining.choose_cell(9)
    assert state(three) == ({1}, 9, 9, 9)


def test_no_box_selects_no_cell_but_takes_nobody_the_label_to_paint_with(three):
    three.boxes.selected_data = {2}
    three.boxes.selected_data = set()
    assert state(three) == (set(), 0, 7, None)


def test_the_background_as_label_selects_no_cell(three):
    three.boxes.selected_data = {2}
    three.classes.selected_label = 0
    assert state(three) == (set(), 0, 7, None)


def test_a_red_cell_is_no_nucleus_and_nothing_is_explained(three):
    three.boxes.selected_data = {2}
    three.boxes.selected_data = {4}
    assert state(three) == ({4}, 0, 7, None)


def test_of_several_boxes_none_is_the_cell_and_all_stay_selected(three):
    three.boxes.selected_data = {1, 2}
    assert state(three)[0] == {1, 2}
    assert state(three)[1] == 0


def test_a_selection_is_told_once_to_each(three):
    three.boxes.selected_data = {1}
    told = []
    three.explaining.results.changed.connect(lambda: told.append(three.explaining.results.current.chosen))
    three.boxes.selected_data = {2}
    three.runner.draw()
    assert told == [7]  # and not of none in between


def test_a_label_that_is_no_cell_leaves_the_selection_alone(three):
    three.boxes.selected_data = {2}
    three.nuclei.selected_label = 71_000  # the next that a person will paint
    assert state(three) == ({2}, 7, 71_000, 7)


def test_new_colours_are_no_selection(three):
    three.boxes.selected_data = {2}
    three.classifying.results.choose(DisplayFilter("none"))
    three.classifying.results.choose(DisplayFilter())
    assert state(three) == ({2}, 7, 7, 7)


def test_a_click_selects_the_cell_under_the_mouse_and_one_beside_all_none(three):
    three.viewer.layers.selection.active = three.classes
    click(three.viewer, 110, 210)
    assert state(three) == ({1}, 9, 9, 9)
    click(three.viewer, 350, 50)
    assert state(three) == (set(), 0, 9, None)


def test_a_drag_selects_nothing(three):
    three.viewer.layers.selection.active = three.classes
    click(three.viewer, 110, 210, moved=20)
    assert state(three)[1] != 9


def test_a_click_beside_a_nucleus_where_its_micronucleus_lies_selects_it(three):
    three.viewer.layers.selection.active = three.viewer.layers["smear"]
    three.boxes.visible = False
    click(three.viewer, 145, 215)
    assert state(three) == ({1}, 9, 9, 9)


def test_a_click_on_a_box_selects_it_whatever_heat_lies_there(three):
    three.viewer.layers.selection.active = three.boxes
    click(three.viewer, 110, 210)
    assert state(three) == ({1}, 9, 9, 9)
    click(three.viewer, 220, 30)
    assert state(three) == ({4}, 0, 9, None)


def test_a_red_cell_is_clicked_through_the_image_where_its_box_is_seen(three):
    three.viewer.layers.selection.active = three.viewer.layers["smear"]
    click(three.viewer, 220, 30)
    assert state(three)[0] == {4}


def test_the_cell_of_another_image_at_the_same_place_is_another(three, runner, recipe):
    other = three.viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="other", **PLACE)
    three.detection.start_run([other], recipe)
    runner.run()
    there = three.viewer.layers["other cells"]
    there.selected_data = {2}
    assert state(three) == (set(), 0, 1, None)
    three.boxes.selected_data = {1}
    assert there.selected_data == set()
    assert state(three) == ({1}, 9, 9, 9)


def test_the_cell_of_another_frame_at_the_same_place_is_another(three, viewer, runner, recipe):
    stack = viewer.add_image(np.zeros((2, *SHAPE)), name="stack", axis_labels=("t", "y", "x"))
    for frame in (0, 1):
        viewer.dims.set_current_step(0, frame)
        three.detection.start_run([stack], recipe)
        runner.run()
    first, second = (f.drawing.layer for f in three.detection.results.fields[-2:])
    first.selected_data = {0}
    runner.draw()
    second.selected_data = {1}
    runner.draw()
    assert ({*first.selected_data}, {*second.selected_data}) == (set(), {1})


def test_an_image_that_lies_elsewhere_has_its_cells_there(three, runner, recipe, question):
    place = PLACE | {"translate": (0, 100)}
    other = three.viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="other", **place)
    cells = three.viewer.add_labels(np.roll(three.nuclei.data, 0, axis=1), name="cells", **place)
    three.detection.start_run([other], recipe)
    runner.run()
    three.classifying.start_run(other, cells, question)
    runner.run()
    three.viewer.layers.selection.active = three.viewer.layers["cells: micronucleus"]
    click(three.viewer, 110, 1210)
    assert three.viewer.layers["other cells"].selected_data == {1}
    assert state(three)[0] == set()


@pytest.fixture
def beside(three, runner, recipe):
    """Boxes of another image, which lies to the right; those of the first are active, and one is selected."""
    place = PLACE | {"translate": (0, 100)}
    other = three.viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="other", **place)
    three.detection.start_run([other], recipe)
    runner.run()
    three.viewer.layers.selection.active = three.boxes
    three.boxes.selected_data = {2}
    runner.draw()
    return three.viewer.layers["other cells"]


def test_a_click_on_a_cell_of_another_image_selects_it_there(three, beside):
    click(three.viewer, 110, 1210)
    assert state(three) == (set(), 0, 7, None)  # the label to paint with stays
    assert beside.selected_data == {1}
    assert three.viewer.layers.selection.active is beside  # whose keys count now
    click(three.viewer, 110, 210)
    assert state(three)[0] == {1}
    assert beside.selected_data == set()


def test_a_click_beside_the_cells_of_all_images_selects_none(three, beside):
    click(three.viewer, 350, 1050)
    assert state(three)[0] == set()
    assert three.viewer.layers.selection.active is three.boxes


def test_in_a_grid_the_image_that_is_clicked_is_meant(three, beside):
    beside.translate = three.viewer.layers["other"].translate = (0, 0)
    grid, layers = three.viewer.canvas.grid, three.viewer.layers
    grid.enabled = True
    click(three.viewer, 110, 210, viewbox=grid.position(layers.index("other"), layers))
    assert state(three)[0] == set()
    assert beside.selected_data == {1}
    click(three.viewer, 110, 210, viewbox=grid.position(layers.index("smear"), layers))
    assert state(three)[0] == {1}
    assert beside.selected_data == set()


def test_a_cell_that_is_selected_stays_so_when_it_is_explained_later(three, runner, asking):
    three.boxes.selected_data = {2}
    for method in ("saliency", "grad-cam"):
        three.explaining.start_run(
            three.viewer.layers["smear"], three.nuclei, asking.model_copy(update={"method": method})
        )
        runner.run()
        assert state(three) == ({2}, 7, 7, 7)
    three.boxes.selected_data = set()
    runner.draw()
    three.explaining.start_run(three.viewer.layers["smear"], three.nuclei, asking)
    runner.run()
    assert state(three) == (set(), 0, 7, None)


def test_a_layer_that_was_removed_is_not_looked_for(three):
    del three.viewer.layers["nuclei: micronucleus"]
    three.boxes.selected_data = {2}
    assert three.nuclei.selected_label == 7
    assert three.explaining.results.current.chosen == 7
    del three.viewer.layers["nuclei"]
    three.boxes.selected_data = {1}
    assert three.explaining.results.current.chosen == 9
    del three.viewer.layers["smear cells"]
    three.explaining.choose_cell(4)
    assert three.explaining.results.current.chosen == 4
    del three.viewer.layers["smear"]
    three.explaining.choose_cell(7)
    assert three.explaining.results.current.chosen == 7


def test_the_label_that_somebody_paints_with_is_not_changed(three):
    three.nuclei.visible = True  # napari lets nobody paint on what is hidden
    three.nuclei.mode = "paint"
    three.nuclei.selected_label = 3
    three.boxes.selected_data = {2}
    assert state(three) == ({2}, 7, 3, 7)


def test_a_review_moves_the_selection(three):
    three.classifying.results.begin_review()
    assert state(three) == ({0}, 70_000, 70_000, 70_000)  # the least certain of all
    three.classifying.results.press("2")
    assert state(three) == ({1}, 9, 9, 9)
    three.classifying.results.undo()
    assert state(three) == ({0}, 70_000, 70_000, 70_000)


def test_a_review_stays_where_it_is_while_another_cell_is_selected(three):
    three.classifying.results.begin_review()
    three.boxes.selected_data = {3}
    assert state(three)[3] == 4
    assert three.classifying.results.queue.cell == 70_000
    assert three.classes.colormap.color_dict[4][3] < 1  # it is not the one that stands out


def test_the_selected_cell_stands_out_among_the_classes_until_none_is(three):
    def opacity():
        return {number: three.classes.colormap.color_dict[number][3] for number in CELLS}

    three.boxes.selected_data = {2}
    assert opacity()[7] == 1
    assert [opacity()[number] for number in (4, 9, 70_000)] == pytest.approx([0.3] * 3)
    three.boxes.selected_data = set()
    three.runner.draw()
    assert {*opacity().values()} == {1}


def test_all_cells_are_seen_again_once_a_review_has_ended(three):
    three.classifying.results.begin_review()
    three.classifying.results.end_review()
    assert {three.classes.colormap.color_dict[number][3] for number in CELLS} == {1}


def test_boxes_that_are_cells_themselves_select_each_other(viewer, runner, classifier, explainer, recipe, question):
    detection = DetectionSession(viewer, runner, Finds(around(CORNERS), [0, 1, 0, 0]))
    classifying, explaining = (
        ClassificationSession(viewer, runner, classifier),
        ExplanationSession(viewer, runner, explainer),
    )
    selected = SelectedCell(viewer, runner.run_idle, (detection, classifying, explaining))
    detection.start_run([viewer.layers["smear"]], recipe)
    runner.run()
    boxes = viewer.layers["smear cells"]
    classifying.start_run(viewer.layers["smear"], boxes, question)
    runner.run()
    classes = viewer.layers["smear cells: micronucleus"]
    boxes.selected_data = {2}
    assert classes.selected_label == 3
    classes.selected_label = 4
    assert boxes.selected_data == {3}
    boxes.selected_data = {1}  # a red cell is not classified
    assert classes.selected_label == 0
    assert selected is not None


def test_of_a_stack_only_the_cells_of_the_plane_on_screen_follow(
    viewer, runner, classifier, explainer, question, asking
):
    first, second = np.zeros((2, *SHAPE), np.int32)
    first[100:140, 100:140], second[100:140, 100:140] = 5, 6
    image = viewer.add_image(np.zeros((2, *SHAPE)), name="stack", rgb=False)
    cells = viewer.add_labels(np.stack([first, second]), name="cells")
    classifying, explaining = (
        ClassificationSession(viewer, runner, classifier),
        ExplanationSession(viewer, runner, explainer),
    )
    detection = DetectionSession(viewer, runner, Finds(around(CORNERS), [0] * 4))
    selected = SelectedCell(viewer, runner.run_idle, (detection, classifying, explaining))
    for step in (0, 1):
        viewer.dims.set_current_step(0, step)
        classifying.start_run(image, cells, question)
        runner.run()
    explaining.start_run(image, cells, asking)
    runner.run()
    of_first, of_second = (state.layer for state in classifying.results.states)
    of_second.selected_label = 6
    assert explaining.results.current.chosen == 6
    assert of_first.selected_label == 0
    of_first.selected_label = 5
    assert explaining.results.current.chosen is None
    assert of_second.selected_label == 0
    cells.selected_label = 6
    assert (of_first.selected_label, of_second.selected_label) == (0, 6)
    cells.selected_label = 5  # that of the other plane
    assert (of_first.selected_label, of_second.selected_label) == (0, 6)
    assert selected is not None


def test_a_click_among_20000_cells_selects_the_one_in_all_layers(
    viewer, runner, classifier, explainer, recipe, question, asking
):
    side, n = 12, 140
    grid = np.arange(n * n, dtype=np.int32).reshape(n, n) + 1
    labels = np.kron(grid, np.ones((side, side), np.int32))
    labels[::side] = labels[:, ::side] = 0
    image = viewer.add_image(np.zeros(labels.shape, np.uint8), rgb=False, name="large")
    cells = viewer.add_labels(labels, name="cells")
    row, column = np.divmod(np.arange(n * n), n)
    boxes = around(np.stack([row, column], axis=1) * side + 1, side=side - 1, margin=0)
    detection = DetectionSession(viewer, runner, Finds(boxes, np.zeros(n * n, int)))
    classifying, explaining = (
        ClassificationSession(viewer, runner, classifier),
        ExplanationSession(viewer, runner, explainer),
    )
    selected = SelectedCell(viewer, runner.run_idle, (detection, classifying, explaining))
    classifying.start_run(image, cells, question)
    runner.run()
    classifying.results.put(classifying.results.current, classifying.results.current.reviewed.cells, partial=False)
    field = Field("large", image=image)
    layer = viewer.add_points(boxes[:, :2] + side / 2, name="points")
    shown = ShownBoxes(np.arange(n * n), boxes, np.full(n * n, "blast"))
    field.drawing = SimpleNamespace(layer=layer, busy=False, shown=shown)
    detection.results.fields.append(field)
    detection.results.changed.emit()
    for box in (150, 9000, 19_000):
        layer.selected_data = {box}
        assert viewer.layers["cells: micronucleus"].selected_label == box + 1
    for number in (77, 10_000):
        viewer.layers["cells: micronucleus"].selected_label = number
        assert {*layer.selected_data} == {number - 1}
    assert selected is not None


def test_a_closed_viewer_is_not_kept_alive(runner):
    model = ViewerModel()
    selected = cell_selection(model, lambda _: runner)
    assert cell_selection(model, lambda _: runner) is selected
    gone = weakref.ref(model)
    del model, selected
    gc.collect()
    assert gone() is None


def test_labels_of_nobody_are_left_alone(three):
    mine = three.viewer.add_labels(np.ones(SHAPE, np.int32), name="mine", **PLACE)
    mine.selected_label = 2
    three.boxes.selected_data = {2}
    assert isinstance(mine, Labels)
    assert mine.selected_label == 2
