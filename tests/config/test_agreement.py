"""Options of a comparison are refused in a sentence."""

import pytest

from napari_hemalens.config.agreement import AgreementRecipe
from napari_hemalens.errors import RecipeError


@pytest.mark.parametrize(("name", "value"), [("iou", 0), ("weights", "cubic"), ("draws", 10)])
def test_what_cannot_be_done_is_refused(name, value):
    with pytest.raises(RecipeError, match=name):
        AgreementRecipe.from_options(**{name: value})
