"""Which channels of a layer there are to choose from, where only one is meant. No Qt."""

from napari.layers import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.gui.axes import axes_of
from napari_hemalens.workflows.cards import AnyCard, ClassifierCard
from napari_hemalens.workflows.images import COLOURS, channel_names_in


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


def offered_channels(layer: Image | None, card: AnyCard | None) -> tuple[str, ...]:
    """Return the channels that a person may choose from: those kept apart, and colours where a stain is looked for."""
    if layer is None:
        return ()
    stain = isinstance(card, ClassifierCard) and card.crop.light == "fluorescence"
    return COLOURS if layer.rgb and stain else names_of_channels(layer)


def _named_in_file(layer: Image) -> tuple[str, ...]:
    try:
        return () if layer.source.path is None else channel_names_in(layer.source.path)
    except ImageError:  # gone since, or opened by a reader of formats that HemaLens does not know
        return ()
