import numpy as np
import pytest

from napari_hemalens.records.taxonomy import MARROW_12, cell_class
from napari_hemalens.rendering.smears import MARGIN_UM, SMEARS, strew


@pytest.mark.parametrize("tissue", ["marrow", "blood"])
def test_cells_come_about_as_often_as_the_smear_says(tissue: str) -> None:
    smear = SMEARS[tissue]
    cells = list(strew(smear, (300.0, 300.0), 0.3, np.random.default_rng(0)))
    area = (300 + 2 * MARGIN_UM) ** 2 / 1000 * 0.3
    names = [cell.name for cell in cells]
    nucleated = sum(cell_class(name).nucleated for name in names)
    assert names.count("erythrocyte") / area == pytest.approx(smear.red, rel=0.15)
    assert names.count("platelet") / area == pytest.approx(smear.platelets, rel=0.5)
    assert nucleated / area == pytest.approx(smear.nucleated, rel=0.5)
    assert set(names) <= {*MARROW_12.classes}


def test_only_red_cells_lie_deep_in_each_other() -> None:
    cells = list(strew(SMEARS["marrow"], (150.0, 150.0), 1.5, np.random.default_rng(1)))
    overlapped = False
    for number, one in enumerate(cells):
        for other in cells[:number]:
            apart = np.hypot(one.y - other.y, one.x - other.x)
            touching = (one.diameter + other.diameter) / 2
            if one.name == other.name == "erythrocyte":
                overlapped |= bool(apart < 0.8 * touching)
            else:
                assert apart > 0.9 * touching
    assert overlapped


def test_cells_are_strewn_beyond_the_field_so_that_its_edge_cuts_some() -> None:
    cells = list(strew(SMEARS["blood"], (60.0, 60.0), 1.0, np.random.default_rng(0)))
    where = np.array([(cell.y, cell.x) for cell in cells])
    assert -MARGIN_UM < where.min() < 0
    assert 60 < where.max() < 60 + MARGIN_UM
