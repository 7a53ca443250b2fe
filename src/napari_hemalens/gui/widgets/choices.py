"""Combo boxes that keep what was chosen when other things are offered; layers follow the viewer."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from magicgui.widgets import ComboBox, create_widget
from napari.components import ViewerModel
from napari.layers import Image, Layer
from qtpy.QtWidgets import QComboBox

from napari_hemalens.gui.layers import holds_pixels
from napari_hemalens.gui.looked_at import image_looked_at
from napari_hemalens.gui.widgets.elided import Elided

Offered: TypeAlias = Sequence[tuple[str, Any]] | Callable[[Any], Sequence[tuple[str, Any]]]
"""Labels with their values, or a function that returns them when asked."""


class Choice(ComboBox):
    """A combo box whose choices may change under it.

    magicgui remembers a choice by its label, which is lost when a layer is renamed; this box remembers the value.

    Parameters
    ----------
    choices : sequence or callable
        Labels with their values; a callable is asked again by `reset_choices`.
    none : str, optional
        Label of a first choice whose value is None.
    """

    value: Any
    choices: Any

    def __init__(self, choices: Offered = (), *, none: str | None = None, **options: Any) -> None:
        self._meant: Callable[[Sequence[Any]], Any] = lambda _: None
        self._begun_with: Any = None  # what nobody has chosen
        self._said = False
        if none is not None:
            self.null_string = none
        super().__init__(**options | {"choices": choices, "nullable": none is not None})
        # Long names are elided instead of making the dock wider.
        self.native.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.native.setMinimumContentsLength(6)
        Elided(self.native)
        self.native.activated.connect(lambda _: self.keep())

    def reset_choices(self, *_: Any) -> None:
        """Ask for the choices again; what was chosen stays chosen if it is still offered, else the first is."""
        before, there = self.value, self.choices
        with self.changed.blocked():
            offered = self._default_choices(self) if callable(self._default_choices) else self._default_choices
            self.choices = []  # so that they stand in the order in which they are offered
            self.choices = _tell_apart(offered)
            meant = self._meant([each for each in self.choices if each not in there])
            goes_along = self._goes_along(before) and meant not in there
            if meant in self.choices and (goes_along or before not in self.choices):
                self._begun_with = self.value = meant
            elif before in self.choices:
                self.value = before
        if self.value is not before and self.value != before:
            self.changed.emit(self.value)

    def select(self, value: Any) -> None:
        """Choose a value, which is added where it is not offered."""
        if value not in self.choices:
            self.set_choice(str(value), value)
        self.value = value

    def begin_with(self, meant: Callable[[Sequence[Any]], Any]) -> None:
        """Choose what is meant, and so where a choice is gone; what comes later, and is meant, until somebody chooses.

        Parameters
        ----------
        meant : callable
            Is given what is offered only now, and returns a value, or None. While the box cannot be used, as during a
            run, what comes is not chosen.
        """
        self._meant = meant
        if meant(()) in self.choices:
            self._begun_with = self.value = meant(())

    def keep(self) -> None:
        """Stay with what is chosen, as if a person had chosen it."""
        self._said = True

    def _goes_along(self, chosen: Any) -> bool:
        return not self._said and chosen is self._begun_with and self.native.isEnabled()


def _tell_apart(offered: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Put a number behind a label that occurs again, since magicgui knows a choice by its label."""
    seen: Counter[str] = Counter()
    told: list[tuple[str, Any]] = []
    for label, value in offered:
        seen[label] += 1
        told.append((label if seen[label] == 1 else f"{label} [{seen[label]}]", value))
    return told


def layer_choice(
    viewer: ViewerModel,
    kind: type[Layer],
    label: str,
    *,
    absent: str,
    offered: Callable[[Layer], bool] = lambda _: True,
) -> Choice:
    """Return a choice among the layers of a kind that the viewer holds.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers they are; `reset_choices` reads them again, and napari calls it for the widgets in its docks.
    kind : type of Layer
        The type as napari registers it with magicgui.
    label : str
        What the choice is called.
    absent : str
        What stands there where there is no such layer.
    offered : callable, optional
        Which layers of the kind may be chosen.
    """

    def layers(box: Any) -> list[tuple[str, Layer | None]]:
        found = [each for each in viewer.layers if isinstance(each, kind) and offered(each)]
        box.enabled = bool(found)
        return [(each.name, each) for each in found] or [(absent, None)]

    options = {"choices": layers, "tooltip": f"{label}: one of the layers that are open"}
    made: Choice = create_widget(annotation=kind, label=label, widget_type=Choice, options=options)
    return made


def image_choice(viewer: ViewerModel) -> Choice:
    """Return a choice among the images of a viewer that begins with the one that is looked at."""
    made = layer_choice(viewer, Image, "Image", absent="no image is open", offered=holds_pixels)
    made.begin_with(lambda opened: image_meant(viewer, opened))
    return made


def image_meant(viewer: ViewerModel, opened: Sequence[Any]) -> Image | None:
    """Return the image of a viewer that is looked at, of those that are opened now if any; None for none."""
    images = [layer for layer in viewer.layers if holds_pixels(layer)]
    return image_looked_at(viewer, images, [image for image in images if image in opened])


class PrecisionChoice(Choice):
    """How many bits numbers have."""

    def __init__(self) -> None:
        super().__init__([("single, 32 bits", "single"), ("half, 16 bits", "half"), ("int8, 8 bits", "int8")])


class DeviceChoice(Choice):
    """Where to compute; the devices of the machine are found out later."""

    def __init__(self) -> None:
        super().__init__([("looking for a GPU…", "auto")])

    def offer(self, devices: Sequence[tuple[str, str]]) -> None:
        """Offer devices by name and title; the first is the fastest, and what `auto` takes."""
        chosen = self.value
        first, *others = devices
        self._default_choices = [(first[1], "auto"), *((title, name) for name, title in others)]
        with self.changed.blocked():
            self.reset_choices()
            self.select(chosen)
