"""The explanation of cells in one viewer: its state and its actions. No Qt."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import AnnotationError, HemaLensError, ImageError
from napari_hemalens.figures.heatmaps import extremes, gallery
from napari_hemalens.gui.activity import Activity, activity_of
from napari_hemalens.gui.axes import frame_of
from napari_hemalens.gui.camera import centre_on
from napari_hemalens.gui.cell_layers import cells_in, holds_cells, placed_together, plane_of
from napari_hemalens.gui.explain.case import Case
from napari_hemalens.gui.explain.clicks import clicking
from napari_hemalens.gui.explain.jobs import ExplainJob, ExplainSteps, HeatUpdate, explain_cells
from napari_hemalens.gui.explain.results import Heatmaps
from napari_hemalens.gui.explain.view import View
from napari_hemalens.gui.layers import opener, placed_like, visible_region
from napari_hemalens.gui.running import Listener, Runner
from napari_hemalens.heatmaps.methods import best_of, method_of, target_of
from napari_hemalens.records.explained import Explained
from napari_hemalens.records.tasks import EXPLAINED
from napari_hemalens.reports.detections import RESEARCH_USE
from napari_hemalens.review.boxes import Region
from napari_hemalens.workflows.explanation import explainable_card, map_steps


class Explaining(Activity):
    """The explanation of cells: a run that goes on, its heat, and the cell that is looked at.

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
        Cases and layers.
    view : View
        Tells when the camera rests, while cells of a large image follow what is seen.
    """

    cell_chosen = Signal(object, int)  # the image's layer, and the number of the cell
    semantic = Signal()  # one number stands for many cells: are they to be parted?

    def __init__(self, viewer: ViewerModel, runner: Runner, explain: ExplainSteps | None = None) -> None:
        super().__init__(viewer, runner)
        self._explain = explain or map_steps
        self._case: Case | None = None
        self._asks = False
        self._again = False  # whether the view has changed during the run
        self.results = Heatmaps(viewer)
        self.view = View(viewer, runner.trickle)
        self.view.rested.connect(self._on_rested)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.mouse_drag_callbacks.append(clicking(self._on_click))

    def start(
        self, image: Image | None, source: Layer | None, recipe: ExplanationRecipe, methods: Sequence[str] = ()
    ) -> None:
        """Begin to explain the cells of a layer, or a field, by each method; what cannot be done is said.

        Without methods it is that of the recipe, or the one that points best with these weights.
        """
        if self.running:
            self.said.emit("A run goes on: wait for its end, or press Stop.")
            return
        try:
            case = self._asked(image, source, recipe, methods)
        except HemaLensError as error:
            self.said.emit(str(error))
            return
        self._asks, self.view.watched = False, False
        self._go(case, self._job(case, None if case.source is None else cells_in(case.source, case.plane)))

    def stop(self) -> None:
        """Ask the run to stop; the heat that was found stays, and cells that come into view are not explained."""
        self.view.watched = False
        super().stop()

    def choose_cell(self, number: int, image: Image | None = None) -> None:
        """Look at an explained cell, of an image or of that of the current result; others do nothing."""
        cases = [case for case in self.results.cases if image is None or case.image is image]
        case = self.results.current if self.results.current in cases else next(reversed(cases), None)
        if case is not None and any(number in found.tiles for found in case.shown.values()):
            self._look(case, number)

    def visit(self, number: int) -> None:
        """Look at a cell of the current result, and move the camera there if its plane is on screen."""
        viewer, case = self._viewer(), self.results.current
        heat = None if case is None else next((found.layer for found in case.shown.values()), None)
        if viewer is None or case is None or case.cells is None or number not in case.cells.ids:
            return
        self.choose_cell(number)
        if heat is not None and self.results.on_screen(case):
            row = int(np.flatnonzero(case.cells.ids == number)[0])
            wide = case.cells.diameters
            centre_on(viewer, heat, case.cells.centres[row], float(max(wide[row], np.median(wide))))

    def looked_at(self) -> tuple[list[Explained], list[str]]:
        """Return the chosen cell as each method explains it, and what the methods are called; empty: none is chosen."""
        case = self.results.current
        if case is None or case.chosen is None:
            return [], []
        return case.of(np.array([case.chosen]))

    def extremes(self, n: int) -> tuple[list[Explained], list[str]]:
        """Return the n most and the n least certain cells of the current result, as `looked_at` does one."""
        case = self.results.current
        cells = None if case is None else case.classified
        if case is None or cells is None:
            return [], []
        return case.of(cells.ids[np.sort(np.concatenate(extremes(cells, n)))])

    def save_gallery(self, file: Path, n: int) -> None:
        """Write the picture of the n most and the n least certain cells."""
        results, titles = self.extremes(n)
        if results:
            steps = _saved(results, titles, n, file)
            self._runner.start(steps, Listener(on_step=self.said.emit, on_error=self._on_error))

    def _asked(
        self, image: Image | None, source: Layer | None, recipe: ExplanationRecipe, methods: Sequence[str]
    ) -> Case:
        """Return the case that is meant.

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
        steps = () if viewer is None else viewer.dims.current_step
        frame = frame_of(image, steps)
        if EXPLAINED[recipe.task].unit == "field":
            return Case(image, None, (), frame, recipe, asked, placed_like(image))
        if source is None or not holds_cells(source):
            raise AnnotationError(_NO_CELLS)
        placed = placed_together(image, source)
        return Case(image, source, plane_of(source, steps), frame, recipe, asked, placed)

    def _job(self, case: Case, cells: Any, **options: Any) -> ExplainJob:
        # The pixel size was shown to the person, who may have changed it: the recipe has it.
        opened = opener(case.image, case.frame, sized=False)
        options = {"methods": case.methods, "view": _seen(case.image)} | options
        return ExplainJob(
            case.image.name, opened, cells, case.plane, recipe=case.recipe, unwanted=case.unwanted, **options
        )

    def _go(self, case: Case, job: ExplainJob) -> None:
        self._case, self._again = case, False
        self._begin(explain_cells(job, self._explain), self._on_update)

    def _follow(self, case: Case) -> None:
        """Explain the cells that have come into view."""
        region = _seen(case.image)
        lacking = {} if region is None else case.lacking(region)
        if lacking:
            methods = tuple(case.every_method[name] for name in lacking)
            heats = {name: case.found[name].heat for name in lacking if name in case.found}
            self._go(case, self._job(case, case.cells, methods=methods, lacking=lacking, heats=heats))

    def _look(self, case: Case, number: int) -> None:
        before = self.results.current
        if before is case and case.chosen == number:
            return
        self.results.choose(case, number)
        self.cell_chosen.emit(case.image, number)

    def _on_click(self, position: tuple[float, ...]) -> None:
        found = self.results.at(position)
        if found is not None:
            self._look(*found)

    def _on_update(self, update: HeatUpdate) -> None:
        case = self._case
        if self._summary or case is None:
            return  # told while the run was already asked to stop
        self._show_progress(update.words, update.fraction)
        self._asks = self._asks or update.semantic
        if update.cells is not None:
            self.results.begin(case, update.cells)
            self.view.watched = case.only_in_view
        wanted = update.method is not None and update.method.name not in case.unwanted
        if wanted and update.found is not None and update.heat is not None and update.method is not None:
            self.results.put(case, update.method, update.heat, update.found, last=update.fraction >= 1)
            if case.source is None and case.chosen is None:
                self._look(case, int(update.found.cells.ids[0]))

    def _on_rested(self) -> None:
        """Let the cells that are explained follow the view of a large image."""
        if self.running:
            self._again = True
            self._stop()  # what was in view before can wait
        elif self._case is not None:
            self._follow(self._case)

    def _on_end(self) -> None:
        case, stopped = self._case, bool(self._summary)
        if case is not None and case.cells is not None:
            self.results.finish(case)
            if case.only_in_view and not stopped:
                self._summary = _partly(case)
        super()._on_end()
        if self._asks and not stopped:
            self._asks = False
            self.semantic.emit()
        elif self._again and not stopped and case is not None:
            self._follow(case)

    def _on_error(self, error: Exception) -> None:
        self.view.watched = False
        super()._on_error(error)

    def _on_removed(self, event: object) -> None:
        """Do not go on with a layer that a person has removed; the heat of one method is let go."""
        case, gone = self._case, getattr(event, "value", None)
        if case is None:
            return
        needed = gone in (case.image, case.source)
        if needed:
            self.view.watched = False
        if needed or case.unwanted.issuperset(method.name for method in case.methods):
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


def _partly(case: Case) -> str:
    """Return how many cells of a large image are explained."""
    done = 0 if case.classified is None else len(case.classified)
    total = 0 if case.cells is None else len(case.cells)
    return f"{done:,} of {total:,} cells; more as they come into view."


def _saved(results: list[Explained], titles: list[str], n: int, file: Path) -> Generator[str, None, None]:
    came = results[0].provenance
    words = f"{came.image}; weights {came.weights} ({came.sha256[:12]}), class {results[0].target}. {RESEARCH_USE}"
    with writing(file) as temporary:
        gallery(results, n, titles=titles, words=words).picture.save(temporary)
    yield f"Saved {file}."


def explaining_of(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> Explaining:
    """Return the explanation of a viewer, begun at the first call."""
    return activity_of(Explaining, viewer, runner)
