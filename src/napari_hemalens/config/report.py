"""Options of a report: what a person says of the sample, and how it is printed."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from napari_hemalens.config.recipe import Recipe
from napari_hemalens.errors import RecipeError

LanguageCode = Literal["en", "de"]


class ReportRecipe(Recipe):
    """How results are reported."""

    title: str = Field(default="", description="Title of the report; empty: what was counted")
    fields: tuple[tuple[str, str], ...] = Field(
        default=(),
        title="Other lines",
        description="What is said of patient and sample, each with its label, as free text",
    )
    observer: str = Field(default="", description="Who looked at the cells; empty: who corrected them in the window")
    reference: Path | None = Field(
        default=None,
        title="Reference ranges",
        description="Table of reference ranges: class, low, high in per cent, and source if you like",
    )
    language: LanguageCode = Field(default="en", description="Language of the report: en or de")
    thumbnails: int = Field(
        default=16, ge=0, le=16, title="Pictures a class", description="Pictures of cells a class; 0: no gallery"
    )


def fields_of(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Return texts such as 'Patient=…' as labels and what they say.

    Raises
    ------
    RecipeError
        If one has no label or no equals sign.
    """
    fields = [tuple(part.strip() for part in text.partition("=")) for text in texts]
    for text, (label, sign, _) in zip(texts, fields, strict=True):
        if not label or not sign:
            raise RecipeError(f"{text!r} is no field of a report: say what it is and what stands there, as Patient=….")
    return tuple((label, said) for label, _, said in fields)
