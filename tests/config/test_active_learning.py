from typing import get_args

import pytest

from napari_hemalens.active_learning.acquisition import STRATEGIES
from napari_hemalens.config.active_learning import RoundsRecipe, StrategyName
from napari_hemalens.errors import RecipeError


def test_the_strategies_that_can_be_asked_for_are_those_there_are() -> None:
    assert set(get_args(StrategyName)) == set(STRATEGIES)


def test_shares_and_detaching_are_those_of_the_papers() -> None:
    assert RoundsRecipe().shares == (0.10, 0.19, 0.28, 0.37, 0.52)
    assert RoundsRecipe().detach_from == 0.6


@pytest.mark.parametrize("wrong", [{"shares": ()}, {"hard": 1.5}, {"scored": 0}, {"strategy": "guess"}])
def test_options_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match=f"Option '{next(iter(wrong))}' got"):
        RoundsRecipe.from_options(**wrong)
