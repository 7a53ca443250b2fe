"""The gallery of a report: pictures of cells by class, least certain first."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass

from napari_hemalens.records.palette import colour_of
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.page import Picture, Shelf

DOUBTFUL = 0.6
"""Certainty below which a class that nobody confirmed is marked."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A cell, as the gallery shows it.

    Attributes
    ----------
    jpeg : bytes
        Its picture.
    certainty : float
        Probability of its class, in 0-1; NaN where it is not known.
    unsure, given : bool
        Whether it is counted apart, and whether a person gave or confirmed its class.
    """

    jpeg: bytes
    certainty: float
    unsure: bool = False
    given: bool = False


@dataclass(frozen=True, slots=True)
class ClassPictures:
    """Some cells of a class.

    Attributes
    ----------
    name : str
        The class.
    cells : int
        How many it has.
    thumbnails : tuple of Thumbnail
        Some of them, least certain first.
    """

    name: str
    cells: int
    thumbnails: tuple[Thumbnail, ...]


def shelves(classes: Sequence[ClassPictures], language: Language) -> tuple[Shelf, ...]:
    """Return the gallery; classes without a picture are left out."""
    return tuple(
        Shelf(
            language.class_title(each.name),
            colour_of(each.name),
            language.say("{n} of {total}", n=language.number(len(each.thumbnails)), total=language.number(each.cells)),
            tuple(_picture(thumbnail, language) for thumbnail in each.thumbnails),
        )
        for each in classes
        if each.thumbnails
    )


def gallery_notes(
    classes: Sequence[ClassPictures], width: str, missing: Sequence[str], language: Language
) -> tuple[str, ...]:
    """Return what the gallery shows and how it marks cells, and a sentence for each image that is missing.

    Parameters
    ----------
    classes : sequence of ClassPictures
        What is shown.
    width : str
        How wide pictures are, with the unit.
    missing : sequence of str
        Names of images that cannot be found or read.
    language : Language
        Of the sentences.
    """
    how = language.say(
        "Least certain first, with the probability of the class; what a person named comes last. Dashed frame: unsure, "
        "counted apart. Dotted frame: less certain than {limit} %. Thick frame: class given or confirmed by a person.",
        limit=language.number(100 * DOUBTFUL),
    )
    scale = language.say("Pictures are {width} wide; larger cells are scaled down.", width=width)
    gone = (language.say("The image {name} cannot be shown: it was not found, or not read.", name=n) for n in missing)
    return (*((how, scale) if any(each.thumbnails for each in classes) else ()), *gone)


def _picture(thumbnail: Thumbnail, language: Language) -> Picture:
    data = f"data:image/jpeg;base64,{base64.b64encode(thumbnail.jpeg).decode('ascii')}"
    sure = "" if math.isnan(thumbnail.certainty) else f"{language.number(100 * thumbnail.certainty)} %"
    if thumbnail.given:
        return Picture(data, language.say("by a person"), "given")
    if thumbnail.unsure:
        return Picture(data, language.say("unsure {certainty}", certainty=sure).rstrip(), "unsure")
    return Picture(data, sure, "doubtful" if thumbnail.certainty < DOUBTFUL else "")
