"""Both tables have the rows that they promise, each beside a plain partner that differs in one thing."""

import pytest

from napari_hemalens.experiments.running import recipe_for
from napari_hemalens.experiments.table6_networks import LITE0_ROWS, ROWS, TABLES


def test_all_thirteen_rows_have_the_figures_of_the_paper() -> None:
    assert len(ROWS) == 13
    assert ROWS["ours"].paper == {"AP": 0.932, "F1": 0.811, "AUC": 0.995}
    assert (ROWS["ours"].network, ROWS["ours"].loss) == ("alexnet_attention", "focal")
    assert (ROWS["ours_cross_entropy"].network, ROWS["ours_cross_entropy"].loss) == (
        "alexnet_attention",
        "cross_entropy",
    )


@pytest.mark.parametrize("name", TABLES)
def test_a_reduced_budget_says_so(name: str) -> None:
    budgets = TABLES[name].budgets
    assert budgets["full"].suffix == ""
    assert "reduced" in budgets["laptop"].suffix
    assert f"{budgets['laptop'].recipe.epochs:g} epochs" in budgets["laptop"].suffix
    assert budgets["laptop"].recipe.epochs >= 5
    assert "NO RESULT" in budgets["ci"].suffix


@pytest.mark.parametrize("name", TABLES)
def test_a_plain_row_is_in_the_table_and_the_floor_is_of_one(name: str) -> None:
    table = TABLES[name]
    assert all(row.plain in table.rows for row in table.rows.values() if row.plain is not None)
    assert table.rows[table.floor.row].plain is None


def test_a_row_of_lite0_differs_from_its_partner_in_one_thing() -> None:
    recipe = TABLES["efficientnet_lite0"].budgets["laptop"].recipe
    for row in LITE0_ROWS.values():
        if row.plain is None:
            continue
        ours, theirs = (recipe_for(of, recipe, 0).model_dump() for of in (row, LITE0_ROWS[row.plain]))
        assert sum(ours[option] != theirs[option] for option in ours) == 1


def test_networks_from_imagenet_keep_the_normalisation_they_had() -> None:
    for budget in TABLES["efficientnet_lite0"].budgets.values():
        assert (budget.recipe.network.start, budget.recipe.network.batch_norm) == ("imagenet", False)
