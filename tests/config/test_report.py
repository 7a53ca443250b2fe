"""Options of a report are checked before anything is written."""

import pytest

from napari_hemalens.config.report import ReportRecipe, fields_of
from napari_hemalens.errors import RecipeError


def test_fields_are_a_label_and_free_text() -> None:
    assert fields_of(["Patient = Doe, J.", "Note=a=b", "Empty="]) == (
        ("Patient", "Doe, J."),
        ("Note", "a=b"),
        ("Empty", ""),
    )


@pytest.mark.parametrize("text", ["Patient", "=Doe", ""])
def test_a_field_without_a_label_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="no field of a report"):
        fields_of([text])


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(RecipeError, match="'language' got 'fr'"):
        ReportRecipe.from_options(language="fr")
