"""Which channel of an image is meant: the one that a person says, else the one whose name is that of a DNA stain."""

import re

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.slide import COLOURS, Slide

# Names of DNA stains, in the order in which they are preferred where a file has several of them.
_DYES = ("dapi", "hoechst", "draq5", "draq7", "sytox", "propidium")
_WORDS = ("dna", "nuclei", "nucleus", "nuclear", "h2b")  # too short, or too common, to be looked for inside of words


def choose_channel(slide: Slide, channel: int | str | None = None) -> Slide:
    """Return a slide with the channel that is meant as its only one.

    Parameters
    ----------
    slide : Slide
        Of several channels, or a picture in colour. One whose channel was chosen before may be given again.
    channel : int or str, optional
        Number from 0, or name, in capitals or not: as the file has it, or red, green or blue of a picture in colour.
        By default the channel that is named after a DNA stain, if the file has one; else the slide stays as it is.

    Raises
    ------
    ImageError
        If the image has no such channel.
    """
    if channel is None:
        # Where one is chosen already, or there is only one, names have nothing to say.
        found = dna_channel(slide.channels) if slide.levels[0].shape[2] > 1 else None
    else:
        found = _number(slide, channel)
    return slide if found is None or not slide.levels[0].colour else slide.with_light(found)


def channel_names(slide: Slide) -> tuple[str, ...]:
    """Return the names of all channels that are stored, empty where one has none; grey is one channel."""
    stored = slide.levels[0].stored_channels
    return slide.channels or (COLOURS if stored >= len(COLOURS) else ("",))


def dna_channel(names: tuple[str, ...]) -> int | None:
    """Return the number of the channel that is named after a DNA stain; None for none, or where one dye has several."""
    words = [re.findall(r"[a-z0-9]+", name.lower()) for name in names]
    for dye in (*_DYES, *_WORDS):
        found = [i for i, of in enumerate(words) if dye in of or (dye in _DYES and any(dye in word for word in of))]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def named_as_colours(names: tuple[str, ...]) -> bool:
    """Return whether channels that are kept apart are the red, green and blue of one picture."""
    return len(names) == len(COLOURS) and all(
        name.lower() in (colour, colour[0]) for name, colour in zip(names, COLOURS, strict=True)
    )


def _number(slide: Slide, channel: int | str) -> int:
    names, said = channel_names(slide), str(channel).strip().lower()
    same = [i for i, name in enumerate(names) if name.lower() == said]
    if len(same) == 1:
        return same[0]
    if said.isdecimal() and int(said) < len(names):
        return int(said)
    if len(names) == 1:
        raise ImageError(f"{slide} has no channel {channel!r}: it has only one.")
    raise ImageError(f"{slide} has no channel {channel!r}: {slide.listed_channels}")
