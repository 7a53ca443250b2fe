"""The options of a detection, as a person sees them."""

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.widgets.channel_choice import ChannelChoice
from napari_hemalens.gui.widgets.choices import Choice, DeviceChoice, PrecisionChoice
from napari_hemalens.gui.widgets.fields import NumberEdit, Slider
from napari_hemalens.gui.widgets.form import SizedForm
from napari_hemalens.gui.widgets.weights_choice import WeightsChoice, offered_entries, short_name
from napari_hemalens.records.differential import Tissue, UnsureCells
from napari_hemalens.workflows import cards
from napari_hemalens.workflows.cards import BY_DETECTOR, DetectorCard
from napari_hemalens.workflows.images import PICTURE
from napari_hemalens.workflows.weights import CatalogueEntry

_FIRST = ("weights", "channel", "pixel_size_um", "tissue", "device", "score_threshold")
_LEAST_SCORE = 0.05  # a run asks for no cells below


class DetectionForm(SizedForm[DetectionRecipe]):
    """Weights, pixel size, tissue, device and score; the rest is folded away."""

    scored = Signal(float)
    refused = Signal(str)  # '': what was refused before is replaced

    def __init__(self) -> None:
        self.slider = Slider(min=_LEAST_SCORE, max=1, step=0.01)
        self._own_score: float | None = None  # until weights say theirs
        self._elsewhere: list[str] = []  # files that were chosen or filled in
        self._available: Sequence[CatalogueEntry] = ()  # what could be fetched
        super().__init__(
            DetectionRecipe,
            _FIRST,
            {
                "weights": WeightsChoice(self._offered_weights),
                "channel": ChannelChoice([("all, as red, green, blue", PICTURE)]),
                "pixel_size_um": NumberEdit(empty="estimate from the red cells"),
                "score_threshold": self.slider,
                "device": DeviceChoice(),
                "naming": Choice(self._offered_naming, none="as goes with the weights"),
                "precision": PrecisionChoice(),
            },
        )
        self.offer_channels(())
        self.slider.changed.connect(self.scored.emit)
        self.options["weights"].changed.connect(self._on_weights)
        self.options["weights"].file_chosen.connect(self.choose_file)
        self._on_weights()

    def read(self) -> DetectionRecipe:
        """Return the recipe that is filled in; a score threshold that is the weights' own is left to them."""
        score = round(self.slider.value, 4)
        recipe = super().read()
        return recipe.model_copy(update={"score_threshold": None if score == self._own_score else score})

    def write(self, recipe: DetectionRecipe) -> None:
        """Fill in a recipe; without a score threshold, that of the weights."""
        self.choose_weights(recipe.weights)
        if recipe.naming is not None:
            self.options["naming"].select(recipe.naming)
        score = recipe.score_threshold
        own = 0.5 if self._own_score is None else self._own_score
        super().write(recipe.model_copy(update={"score_threshold": max(_LEAST_SCORE, own if score is None else score)}))

    def choose_weights(self, name: str) -> None:
        """Choose weights by name, or those of a file, which is offered from then on."""
        if name not in (*self._elsewhere, *cards.known_weights(DetectorCard)):
            self._elsewhere.append(name)
            self.options["weights"].reset_choices()
        self.options["weights"].select(name)

    def choose_file(self, file: Path) -> None:
        """Take the weights of a file, if they are of a detector."""
        try:
            cards.detector_card(file)
        except HemaLensError as error:
            self.refused.emit(str(error))
            return
        self.choose_weights(str(file))
        self.refused.emit("")

    def offer_available(self, entries: Sequence[CatalogueEntry]) -> None:
        """Offer weights that are not here, behind those that are."""
        self._available = entries
        self.options["weights"].reset_choices()

    def take_fetched(self, name: str) -> None:
        """Choose weights that are here now."""
        self.choose_weights(name)

    def show_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """Offer the devices of this machine, with their titles; the first is the fastest."""
        self.options["device"].offer(devices)

    def offer_channels(self, names: Sequence[str]) -> None:
        """Offer the channels that an image keeps apart, where it does."""
        channel = self.options["channel"]
        self.main.show_row(channel, channel.offer(names))

    def show_score(self, score: float) -> None:
        """Move the slider without telling anybody: a slider rounds, and the score set is exact."""
        with self.slider.changed.blocked():
            self.slider.value = max(_LEAST_SCORE, score)

    def show_counting(self, tissue: Tissue, unsure: UnsureCells, *, prior: bool) -> None:
        """Show what is counted, and how, without telling anybody: undo may have changed it."""
        for name, value in {"tissue": tissue, "unsure": unsure, "tissue_prior": prior}.items():
            with self.options[name].changed.blocked():
                self.options[name].value = value

    def _offered_weights(self, _: object) -> list[tuple[str, str | CatalogueEntry]]:
        known = cards.known_weights(DetectorCard)
        here = [(cards.label_of(cards.detector_card(name)), name) for name in known]
        here += [(short_name(name), name) for name in self._elsewhere if name not in known]
        return [*here, *offered_entries(self._available, "detection")]

    def _offered_naming(self, _: object) -> list[tuple[str, str]]:
        known = [(cards.label_of(cards.classifier_card(name)), name) for name in cards.known_naming()]
        return [("the detector itself", BY_DETECTOR), *known]

    def _on_weights(self) -> None:
        """Show what the weights say of themselves, and take over the score chosen for them."""
        try:
            card = cards.detector_card(self.options["weights"].value)
        except HemaLensError as error:  # they are of another machine, or gone; a run says so, too
            self.options["weights"].tooltip = str(error)
            return
        self.options["weights"].tooltip = cards.describe(card)
        self._own_score = round(card.score_threshold, 4)
        self.slider.value = max(_LEAST_SCORE, card.score_threshold)
