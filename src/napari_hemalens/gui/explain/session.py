"""The explanation of cells in one viewer: its state and its actions. No Qt."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import AnnotationError, HemaLensError, ImageError
from napari_hemalens.figures.heatmaps import extremes
from napari_hemalens.gui.axes import frame_of
from napari_hemalens.gui.camera import centre_on
from napari_hemalens.gui.cell_layers import cells_in, check_lie_together, holds_cells, plane_of
from napari_hemalens.gui.explain.clicks import click_callback
from napari_hemalens.gui.explain.jobs import ExplainJob, ExplainSteps, HeatmapUpdate, explain_cells
from napari_hemalens.gui.explain.keys import bind
from napari_hemalens.gui.explain.results import Heatmaps
from napari_hemalens.gui.explain.saving import heatmap_files, save_gallery_steps, save_heatmaps_steps
from napari_hemalens.gui.explain.state import ExplanationState
from napari_hemalens.gui.explain.view import View
from napari_hemalens.gui.layers import slide_opener, visible_region
from napari_hemalens.gui.running import Runner
from napari_hemalens.gui.uncovering import uncover
from napari_hemalens.gui.viewer_session import ViewerSession, session_for
from napari_hemalens.progress import counted
from napari_hemalens.records.explained import Explained
from napari_hemalens.workflows.explanation import explainable_card, map_steps
from napari_hemalens.workflows.heatmap_methods import best_of, method_of, target_of
from napari_hemalens.workflows.images import Region


class ExplanationSession(ViewerSession):
    """The explanation of cells: a run that goes on, its heatmap, and the cell that is looked at.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    runner : Runner
        Runs long operations.
    explain : ExplainSteps, optional
        What finds out where a classifier looked, by default `workflows.explanation.map_steps`.

    Attributes
    ----------
    results : Heatmaps
        States and layers.
    view : View
        Tells when the camera rests, while cells of a large image follow what is seen.
    """

    cell_chosen = Signal(object, int)  # the image's layer, and the number of the cell
    semantic_labels_found = Signal()  # one number stands for many cells: are they to be parted?

    def __init__(self, viewer: ViewerModel, runner: Runner, explain: ExplainSteps | None = None) -> None:
        super().__init__(viewer, runner)
        self._explain = explain or map_steps
        self._state: ExplanationState | None = None
        self._asks = False
        self._again = False  # whether the view has changed during the run
        self.results = Heatmaps(viewer)
        self.view = View(viewer, runner.run_idle)
        self.view.rested.connect(self._on_rested)
        self.results.removed.connect(self._give_up)
        viewer.layers.events.removed.connect(self._on_removed)
        bind(viewer, self.results)
        viewer.mouse_drag_callbacks.append(click_callback(self._on_click))

    def start_run(
        self, image: Image | None, source: Layer | None, recipe: ExplanationRecipe, methods: Sequence[str] = ()
    ) -> None:
        """Begin to explain the cells of a layer, or a field, by each method; what cannot be done is said.

        Without methods it is that of the recipe, or the one that points best with these weights.
        """
        if self.running:
            self.message_sent.emit("A run goes on: wait for its end, or press Stop.")
            return
        try:
            state = self._asked(image, source, recipe, methods)
            cells = None if state.source is None else cells_in(state.source, state.plane)
        except HemaLensError as error:
            self.refuse(str(error))
            return
        self._asks, self.view.watched = False, False
        self._go(state, self._job(state, cells))

    def stop(self) -> None:
        """Ask the run to stop; the heatmap that was found stays, and cells that come into view are not explained."""
        self.view.watched = False
        super().stop()

    def choose_cell(self, number: int, image: Image | None = None) -> None:
        """Look at an explained cell, of an image or of that of the current result; others do nothing."""
        states = [state for state in self.results.states if image is None or state.image is image]
        state = self.results.current if self.results.current in states else next(reversed(states), None)
        if state is not None and any(number in found.tiles for found in state.shown.values()):
            self._look(state, number)

    def visit(self, number: int) -> None:
        """Look at a cell of the current result, and move the camera there if its plane is on screen."""
        viewer, state = self._viewer(), self.results.current
        if viewer is None or state is None or state.cells is None or number not in state.cells.ids:
            return
        self.choose_cell(number)
        if state.layer is not None and self.results.on_screen(state):
            uncover(viewer, state.image)
            row = int(np.flatnonzero(state.cells.ids == number)[0])
            wide = state.cells.diameters
            centre_on(viewer, state.layer, state.cells.centres[row], float(max(wide[row], np.median(wide))))

    def looked_at(self) -> tuple[list[Explained], list[str]]:
        """Return the chosen cell as each method explains it, and what the methods are called; empty: none is chosen."""
        state = self.results.current
        if state is None or state.chosen is None:
            return [], []
        return state.explained_by_methods(np.array([state.chosen]))

    def extremes(self, n: int) -> tuple[list[Explained], list[str]]:
        """Return the n most and the n least certain cells of the current result, as `looked_at` does one."""
        state = self.results.current
        cells = None if state is None else state.classified
        if state is None or cells is None:
            return [], []
        return state.explained_by_methods(cells.ids[np.sort(np.concatenate(extremes(cells, n)))])

    def save_gallery(self, file: Path, n: int) -> None:
        """Write the picture of the n most and the n least certain cells."""
        results, titles = self.extremes(n)
        if results:
            self._write(save_gallery_steps(results, titles, n, file))

    def heatmap_files(self, folder: Path) -> tuple[Path, ...]:
        """Return the files that `save_heatmaps` writes."""
        state = self.results.current
        return () if state is None else tuple(heatmap_files(state, folder).values())

    def save_heatmaps(self, folder: Path) -> None:
        """Write the heatmap of the image by every method of the current result."""
        if self.results.current is not None:
            self._write(save_heatmaps_steps(self.results.current, folder))

    def _asked(
        self, image: Image | None, source: Layer | None, recipe: ExplanationRecipe, methods: Sequence[str]
    ) -> ExplanationState:
        """Return the state that is meant.

        Raises
        ------
        HemaLensError
            If there is no image, there are no cells, they do not lie on it, or the weights know no such thing.
        """
        if image is None:
            raise ImageError(_NO_IMAGE)
        card = explainable_card(recipe)
        target_of(card, recipe.target)
        names = methods or ((best_of(card).name,) if recipe.method is None else (recipe.method,))
        asked = tuple(method_of(card.network, name) for name in names)
        recipe = recipe.model_copy(update={"weights": recipe.weights or card.name, "method": None})
        viewer = self._viewer()
        point = () if viewer is None else viewer.dims.point
        frame = frame_of(image, point)
        if card.of_fields:
            return ExplanationState(image, None, (), frame, recipe, asked)
        if source is None or not holds_cells(source):
            raise AnnotationError(_NO_CELLS)
        check_lie_together(image, source, frame)
        return ExplanationState(image, source, plane_of(source, point), frame, recipe, asked)

    def _job(self, state: ExplanationState, cells: Any, **options: Any) -> ExplainJob:
        # The pixel size was shown to the person, who may have changed it: the recipe has it.
        opened = slide_opener(state.image, state.frame, sized=False)
        options = {"methods": state.methods, "view": _seen(state.image)} | options
        return ExplainJob(lambda: state.image.name, opened, cells, state.plane, recipe=state.recipe, **options)

    def _go(self, state: ExplanationState, job: ExplainJob) -> None:
        self._state, self._again = state, False
        self._begin(explain_cells(job, self._explain), self._on_update)

    def _follow(self, state: ExplanationState) -> None:
        """Explain the cells that have come into view."""
        region = _seen(state.image)
        lacking = {} if region is None else state.lacking(region)
        if lacking:
            methods = tuple(state.every_method[name] for name in lacking)
            heatmaps = {name: state.found[name].heatmap for name in lacking if name in state.found}
            self._go(state, self._job(state, state.cells, methods=methods, lacking=lacking, heatmaps=heatmaps))

    def _look(self, state: ExplanationState, number: int) -> None:
        before = self.results.current
        if before is state and state.chosen == number:
            return
        self.results.choose(state, number)
        self.cell_chosen.emit(state.image, number)

    def _on_click(self, position: tuple[float, ...], layers: Sequence[Layer]) -> None:
        found = self.results.at(position, layers)
        if found is not None:
            self._look(*found)

    def _on_update(self, update: HeatmapUpdate) -> None:
        state = self._state
        if self._summary or state is None:
            return  # told while the run was already asked to stop
        self._show_progress(update.words, update.fraction)
        self._asks = self._asks or update.semantic
        if update.cells is not None:
            self.results.begin(state, update.cells)
            self.view.watched = state.only_in_view
        if update.found is not None and update.heatmap is not None and update.method is not None:
            self.results.put(state, update.method, update.heatmap, update.found, last=update.fraction >= 1)
            if state.source is None and state.chosen is None:
                self._look(state, int(update.found.cells.ids[0]))

    def _on_rested(self) -> None:
        """Let the cells that are explained follow the view of a large image."""
        if self.running:
            self._again = True
            self._stop()  # what was in view before can wait
        elif self._state is not None:
            self._follow(self._state)

    def _on_end(self) -> None:
        state, stopped = self._state, bool(self._summary)
        if state is not None and state.cells is not None:
            self.results.finish(state)
            if state.only_in_view and not stopped:
                self._summary = _partly(state)
        super()._on_end()
        if self._asks and not stopped:
            self._asks = False
            self.semantic_labels_found.emit()
        elif self._again and not stopped and state is not None:
            self._follow(state)

    def _on_error(self, error: Exception) -> None:
        self.view.watched = False
        super()._on_error(error)

    def _on_removed(self, event: object) -> None:
        """Do not go on with an image or cells that a person has removed."""
        if self._state is not None and getattr(event, "value", None) in (self._state.image, self._state.source):
            self._give_up(self._state)

    def _give_up(self, state: ExplanationState) -> None:
        if state is self._state:
            self.view.watched = False
            self._halt("Stopped: a layer that the run needs was removed.", "Stopping after these cells…")


_NO_IMAGE = "There is no image: open one first."
_NO_CELLS = (
    "There are no cells to explain: open labels of them, outline them in Classify cells, or find them by Detect cells."
)


def _seen(image: Image) -> Region | None:
    """Return what is in view of an image."""
    try:
        return visible_region(image)
    except ImageError:
        return None


def _partly(state: ExplanationState) -> str:
    """Return how many cells of a large image are explained."""
    done = 0 if state.classified is None else len(state.classified)
    total = 0 if state.cells is None else len(state.cells)
    return f"{done:,} of {counted(total, 'cell')}; more as they come into view."


def explanation_session(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> ExplanationSession:
    """Return the explanation of a viewer, begun at the first call."""
    return session_for(ExplanationSession, viewer, runner)
