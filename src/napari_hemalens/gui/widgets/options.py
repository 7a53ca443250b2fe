"""The options of a detection, as a person sees them."""

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from superqt import QLabeledDoubleSlider

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.gui.widgets.editors import Editor, choice, number, offer_devices
from napari_hemalens.gui.widgets.form import RecipeForm
from napari_hemalens.workflows import cards
from napari_hemalens.workflows.cards import DetectorCard

_LABELS = {
    "weights": "Weights",
    "pixel_size_um": "Pixel size (µm)",
    "score_threshold": "Score threshold",
    "tissue": "Counted as",
    "device": "Device",
    "tile": "Tile (px)",
    "overlap": "Overlap (px)",
    "batch": "Tiles at once",
    "precision": "Precision",
    "skip_background": "Skip background",
    "nms_iou": "Same cell at IoU",
    "one_class_per_cell": "One class a cell",
}
_FIRST = ("weights", "pixel_size_um", "tissue", "device", "score_threshold")


class DetectionForm(RecipeForm[DetectionRecipe]):
    """Weights, pixel size, tissue, device and score; the rest is folded away."""

    scored = Signal(float)

    def __init__(self) -> None:
        self.slider = _score_slider()
        self._own_score: float | None = None  # until weights say theirs
        super().__init__(
            DetectionRecipe,
            editors={
                "weights": choice({name: name for name in cards.known_weights(DetectorCard)}),
                "pixel_size_um": number(empty="estimate from the red cells"),
                "score_threshold": Editor(self.slider, self._read_score, self._write_score, self.slider.valueChanged),
                "device": choice({"auto": "looking for a GPU…"}),
                "precision": choice({"single": "single, 32 bits", "half": "half, 16 bits"}),
            },
            first=_FIRST,
            labels=_LABELS,
        )
        self.slider.valueChanged.connect(self.scored)
        self.editors["weights"].changed.connect(self._choose_weights)
        self._choose_weights()

    def show_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """Offer the devices of this machine, in words; the first is the fastest."""
        offer_devices(self.editors["device"], devices)

    def show_pixel_size(self, size: float | None) -> None:
        """Fill in the pixel size of an image, or leave it to be estimated."""
        self.editors["pixel_size_um"].write(size)

    def show_score(self, score: float) -> None:
        """Move the slider without telling anybody: a slider rounds, and the score set is exact."""
        self.slider.blockSignals(True)
        self.slider.setValue(score)
        self.slider.blockSignals(False)

    def _read_score(self) -> float | None:
        score = round(self.slider.value(), 4)
        return None if score == self._own_score else score

    def _write_score(self, score: float | None) -> None:
        self.slider.setValue((self._own_score or 0.5) if score is None else score)

    def _choose_weights(self) -> None:
        """Show what the weights say of themselves, and take over the score chosen for them."""
        name = self.editors["weights"].read()
        if name in cards.known_weights(DetectorCard):
            card = cards.detector_card(name)
            self.editors["weights"].widget.setToolTip(card.description)
            self._own_score = round(card.score_threshold, 4)
            self.slider.setValue(card.score_threshold)


def _score_slider() -> QLabeledDoubleSlider:
    slider = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
    slider.setRange(0.05, 1)  # a run asks for no cells below
    slider.setSingleStep(0.01)
    slider.setDecimals(2)
    return slider
