"""A sample is opened, its cells are found, named and explained: one step after the other. No Qt."""

import weakref
from collections.abc import Callable
from typing import Literal, TypeAlias

from napari.components import ViewerModel
from napari.layers import Image, Layer
from psygnal import Signal

from napari_hemalens.config.options import ClassificationRecipe, DetectionRecipe, ExplanationRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.camera import centre_on
from napari_hemalens.gui.cells_on_screen import Sessions
from napari_hemalens.gui.classify.session import classification_session
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.session import detection_session
from napari_hemalens.gui.explain.session import explanation_session
from napari_hemalens.gui.layers import pixel_size_um
from napari_hemalens.gui.running import Runner

Step: TypeAlias = Literal["detect", "classify", "explain", "look"]

SAMPLE = ("napari-hemalens", "blood_smear")
"""Plugin and key of the sample: few leukocytes of every kind among many red cells, which is soon done."""

_CELL_UM = 12.0  # across a leukocyte

TASK = "leukocyte"
TISSUE: Literal["blood"] = "blood"


class Demo:
    """What the sessions of one viewer do in turn: each begins when the one before has come to its end.

    Parameters
    ----------
    viewer : ViewerModel
        Kept by a weak reference.
    sessions : tuple of DetectionSession, ClassificationSession, ExplanationSession
        Who does it.

    Attributes
    ----------
    step : str or None
        What goes on: 'detect', 'classify', 'explain'; 'look' once all is done; None before, and where it was stopped.
    image : Image or None
        The sample.
    cells : Layer or None
        The boxes of its cells, once they are found.
    """

    changed = Signal()
    message_sent = Signal(str)

    def __init__(self, viewer: ViewerModel, sessions: Sessions) -> None:
        self._viewer = weakref.ref(viewer)
        self._detection, self._classifying, self._explaining = sessions
        self.step: Step | None = None
        self.image: Image | None = None
        self.cells: Layer | None = None
        self._detection.running_changed.connect(self._on_detection)
        self._detection.results.layers.drawn.connect(self._on_drawn)
        self._classifying.running_changed.connect(self._on_classification)
        self._explaining.running_changed.connect(self._on_explanation)

    @property
    def running(self) -> bool:
        """Whether a step goes on."""
        return self.step not in (None, "look")

    def start_demo(self) -> None:
        """Begin, unless something goes on; what cannot be done is said."""
        viewer = self._viewer()
        if viewer is None:
            return
        if any(session.running for session in (self._detection, self._classifying, self._explaining)):
            self.message_sent.emit("A run goes on: wait for its end, or press Stop.")
            return
        try:
            self.image, self.cells = _opened(viewer), None
        except HemaLensError as error:
            self.message_sent.emit(str(error))
            return
        self._go("detect")
        recipe = DetectionRecipe(tissue=TISSUE, pixel_size_um=pixel_size_um(self.image))
        self._detection.start_run([self.image], recipe)
        self._check(self._detection.running)

    def stop(self) -> None:
        """Ask what goes on to stop; what was found stays."""
        for session in (self._detection, self._classifying, self._explaining):
            session.stop()

    def _on_detection(self, running: bool) -> None:
        if self.step == "detect" and not running:
            self._check(self._detection.completed and self._field() is not None)
            self._classify()

    def _on_drawn(self, f: Field) -> None:
        if f is self._field():
            self._classify()

    def _classify(self) -> None:
        """Name the cells, once all are found and drawn: whichever of the two comes last."""
        f = self._field()
        if self.step != "detect" or self._detection.running or f is None or f.drawing is None or f.following:
            return
        self.cells = f.drawing.layer
        self._go("classify")
        recipe = ClassificationRecipe(task=TASK, pixel_size_um=self._pixel_size())
        self._classifying.start_run(self.image, self.cells, recipe)
        self._check(self._classifying.running)

    def _on_classification(self, running: bool) -> None:
        if self.step != "classify" or running or not self._check(self._classifying.completed):
            return
        self._go("explain")
        recipe = ExplanationRecipe(task=TASK, pixel_size_um=self._pixel_size())
        self._explaining.start_run(self.image, self.cells, recipe)
        self._check(self._explaining.running)

    def _on_explanation(self, running: bool) -> None:
        if self.step == "explain" and not running and self._check(self._explaining.completed):
            self._go("look")
            self._look()

    def _look(self) -> None:
        """Show the boxes and the heatmap, and of the explained cells the one that is most certain."""
        viewer, state = self._viewer(), self._explaining.results.current
        cells = None if state is None else state.classified
        if viewer is None or state is None or cells is None or self.cells is None:
            return
        self.cells.visible = True
        viewer.layers.selection.active = self.cells  # napari marks selected boxes in the active layer only
        row = int(cells.probabilities.max(axis=1).argmax())
        self._explaining.choose_cell(int(cells.ids[row]), self.image)
        centre_on(viewer, state.image, cells.centres[row], _CELL_UM / (self._pixel_size() or 1))

    def _field(self) -> Field | None:
        """Return what is known of the sample, as long as it is there."""
        return self._detection.results.field_for(self.image) if self._there() and self.image is not None else None

    def _there(self) -> bool:
        """Return whether nobody has removed the sample, or its cells."""
        viewer = self._viewer()
        return viewer is not None and all(each is None or each in viewer.layers for each in (self.image, self.cells))

    def _pixel_size(self) -> float | None:
        return None if self.image is None else pixel_size_um(self.image)

    def _go(self, step: Step) -> None:
        self.step = step
        self.changed.emit()

    def _check(self, going: bool) -> bool:
        """Leave off where a step could not begin, or did not come to its end; that was said by its session."""
        going = going and self._there()
        if not going and self.running:
            self.step = None
            self.changed.emit()
        return going


def viewer_demo(viewer: ViewerModel, runner: Callable[[ViewerModel], Runner]) -> Demo:
    """Return the demo of a viewer, made at the first call."""
    itself = getattr(viewer, "__wrapped__", viewer)
    if itself not in _DEMOS:
        sessions = (
            detection_session(viewer, runner),
            classification_session(viewer, runner),
            explanation_session(viewer, runner),
        )
        _DEMOS[itself] = Demo(itself, sessions)
    return _DEMOS[itself]


_DEMOS: "weakref.WeakKeyDictionary[ViewerModel, Demo]" = weakref.WeakKeyDictionary()


def _opened(viewer: ViewerModel) -> Image:
    """Return the sample, opened unless it is already.

    Raises
    ------
    HemaLensError
        If it is not installed.
    """
    for layer in viewer.layers:
        if isinstance(layer, Image) and layer.source.sample == SAMPLE:
            return layer
    plugin, key = SAMPLE
    image: Image = viewer.open_sample(plugin, key)[0]
    return image
