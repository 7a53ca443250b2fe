"""Which channel of an image: a row that is there only where an image has several."""

from collections.abc import Sequence

from napari_hemalens.gui.widgets.choices import Choice

_AUTOMATIC = ("automatic", None)


class ChannelChoice(Choice):
    """A choice among the channels of an image, by number; None leaves it to the name or the colour of a stain."""

    def __init__(self) -> None:
        self._default_choices: list[tuple[str, int | None]] = [_AUTOMATIC]
        super().__init__([_AUTOMATIC], label="Channel")
        self.tooltip = (
            "Which channel is looked at. Automatic: the one named after a DNA stain (DAPI, Hoechst…), or the colour of "
            "the stain"
        )

    def offer(self, names: Sequence[str]) -> bool:
        """Offer channels by their names, which may be empty; return whether there are any.

        Where they are others than before, none is chosen yet.
        """
        offered = [_AUTOMATIC, *((f"{i} {name}".strip(), i) for i, name in enumerate(names))]
        if offered != self._default_choices:
            self._default_choices = offered
            self.value = None
            self.reset_choices()
        return bool(names)
