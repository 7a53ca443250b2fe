"""Which channels of a layer there are to choose from, where only one is meant. No Qt."""

from pathlib import Path

from napari.layers import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.gui.axes import axes_of
from napari_hemalens.workflows.cards import AnyCard, ClassifierCard
from napari_hemalens.workflows.images import COLOURS, channel_names_in, named_as_colours


def names_of_channels(layer: Image) -> tuple[str, ...]:
    """Return the names of the channels that a layer keeps apart, as its file has them, empty where there is none.

    Grey, and a picture in colour, keep none apart.
    """
    letters = axes_of(layer)
    if layer.rgb or "C" not in letters:
        return ()
    number = int(layer.level_shapes[0][letters.index("C")])
    named = _named_in_file(layer)
    return () if number == 1 else named if len(named) == number else ("",) * number


def channels_of(source: Image | Path) -> tuple[str, ...]:
    """Return the names of the channels that a layer, or a file, keeps apart; an empty tuple for grey and for colours.

    Of a file only named ones are known without a look at its pixels.
    """
    if isinstance(source, Image):
        return names_of_channels(source)
    names = _named_in(source)
    return () if len(names) == 1 or named_as_colours(names) or not any(names) else names


def offered_channels(layer: Image | None, card: AnyCard | None) -> tuple[str, ...]:
    """Return the channels that a person may choose from: those kept apart, and colours where a stain is looked for."""
    if layer is None:
        return ()
    stain = isinstance(card, ClassifierCard) and card.crop.light == "fluorescence"
    return COLOURS if layer.rgb and stain else names_of_channels(layer)


def _named_in_file(layer: Image) -> tuple[str, ...]:
    return () if layer.source.path is None else _named_in(layer.source.path)


def _named_in(file: str | Path) -> tuple[str, ...]:
    try:
        return channel_names_in(file)
    except ImageError:  # gone since, or opened by a reader of formats that HemaLens does not know
        return ()
