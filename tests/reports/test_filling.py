"""Templates take what people wrote as text, and are never filled with less than they ask for."""

import pytest
from jinja2 import UndefinedError

from napari_hemalens.reports.filling import fill_template


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        fill_template("groups.html", title="Groups")


def test_markup_in_a_value_is_text() -> None:
    page = {"language": "en", "_": str, "about": [], "doubts": ["<b>"], "tables": [], "strips": []}
    assert "&lt;b&gt;" in fill_template("groups.html", title="<i>", **page)
