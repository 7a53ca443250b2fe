"""A licence that forbids commercial use is known, and says so first."""

import pytest

from napari_hemalens.config.recipe import Recipe
from napari_hemalens.models.cards import ModelCard
from napari_hemalens.models.catalogue import CatalogueEntry
from napari_hemalens.models.licence import Licensed


class Thing(Recipe, Licensed):
    """Something with a licence between other fields."""

    name: str = ""
    licence: str = ""
    size: int = 0


@pytest.mark.parametrize(
    ("licence", "forbidden"),
    [
        ("BSD-3-Clause", False),
        ("CC BY 4.0", False),
        ("", False),
        ("CC BY-NC-SA 4.0", True),
        ("cc-by-nc-4.0", True),
        ("Images: non-commercial (Kainz)", True),
        ("for noncommercial research", True),
    ],
)
def test_a_licence_that_forbids_commercial_use_says_so_first(licence: str, *, forbidden: bool) -> None:
    thing = Thing(licence=licence)
    assert thing.non_commercial == forbidden
    assert thing.terms == (f"non-commercial use only: {licence}" if forbidden else licence or "not stated")


def test_fields_stay_in_the_order_in_which_they_are_written() -> None:
    assert tuple(Thing.model_fields) == ("name", "licence", "size")
    assert tuple(CatalogueEntry.model_fields)[:4] == ("name", "description", "task", "licence")
    assert tuple(ModelCard.model_fields)[:6] == ("name", "description", "classes", "metrics", "data", "licence")
