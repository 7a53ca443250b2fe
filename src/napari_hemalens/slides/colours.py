"""An image as stained cells are looked for in it: a picture in colour or in grey, never stains in place of colours."""

import re
from dataclasses import replace

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.channels import choose_channel, named_as_colours
from napari_hemalens.slides.dna import on_bright_ground
from napari_hemalens.slides.sample import sample_pixels
from napari_hemalens.slides.slide import COLOURS, Slide

PICTURE = "rgb"
"""As a channel: the first three are the red, green and blue of one picture, whatever the file calls them."""

_NUMBERED = re.compile(
    r"(c|ch|channel)?[\s:_-]*\d*([:_]\d+)*", re.IGNORECASE
)  # what programs call a channel by default


def choose_colours(slide: Slide, channel: int | str | None = None) -> Slide:
    """Return a slide as a picture of stained cells.

    Parameters
    ----------
    slide : Slide
        In colour, in grey, or of channels that the image keeps apart.
    channel : int or str, optional
        One channel by number or name, which is then looked at in grey; 'rgb': the first three are colours. By default
        channels kept apart are colours if they are named so, or if nobody has named them and their ground is bright, as
        it is in a stained smear.

    Raises
    ------
    ImageError
        If the image keeps stains apart and none is chosen, or has no such channel.
    """
    if isinstance(channel, str) and channel.strip().lower() == PICTURE:
        return replace(slide, channels=())
    if channel is not None:
        return choose_channel(slide, channel)
    number = slide.levels[0].shape[2]
    if number == 1 or not slide.channels or named_as_colours(slide.channels):
        return slide
    unnamed = all(_NUMBERED.fullmatch(name) for name in slide.channels)
    if unnamed and number in (3, 4) and on_bright_ground(slide, sample_pixels(slide.levels[-1])):
        return slide
    listed = ", ".join(f"{i} {name}".strip() for i, name in enumerate(slide.channels))
    raise ImageError(
        f"{slide} keeps {number} channels apart, which are no {', '.join(COLOURS[:-1])} and {COLOURS[-1]} of stained "
        f"cells: choose one as channel (--channel), by its name or number: {listed}; or {PICTURE}, if they are "
        f"colours. {slide.guessed}".rstrip()
    )
