"""Which channel of an image: a row that is there only where an image has several."""

from collections.abc import Sequence

from napari_hemalens.gui.widgets.choices import Choice

_AUTOMATIC = ("automatic", None)


class ChannelChoice(Choice):
    """A choice among the channels of an image, by number; None leaves it to the name or the colour of a stain.

    Parameters
    ----------
    beside : sequence of (str, str)
        What may be chosen beside one channel, where there are several, with its value.
    """

    def __init__(self, beside: Sequence[tuple[str, str]] = ()) -> None:
        self._default_choices: list[tuple[str, int | str | None]] = [_AUTOMATIC]
        self._beside = tuple(beside)
        super().__init__([_AUTOMATIC], label="Channel")
        self.tooltip = (
            "Which channel is looked at. Automatic: the one named after a DNA stain (DAPI, Hoechst…), or the colour of "
            "the stain"
        )

    def offer(self, names: Sequence[str]) -> bool:
        """Offer channels by their names, which may be empty; return whether there are any.

        Where they are others than before, none is chosen yet.
        """
        numbered = [(f"{i} {name}".strip(), i) for i, name in enumerate(names)]
        offered = [_AUTOMATIC, *numbered, *(self._beside if names else ())]
        if offered != self._default_choices:
            self._default_choices = offered
            self.value = None
            self.reset_choices()
        return bool(names)
