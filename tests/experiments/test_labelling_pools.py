"""Pools are drawn from the cells of their laboratory alone, in the shares asked for."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.experiments.labelling_pools import POOLS, STRANGE, VAL, draw
from napari_hemalens.experiments.options import PoolName
from napari_hemalens.formats.cell_table import CellTable, read

Table = Callable[..., CellTable]


def test_the_pools_that_can_be_asked_for_are_those_there_are() -> None:
    assert set(get_args(PoolName)) == set(POOLS)


def test_the_blood_pool_is_as_large_as_its_commonest_class_allows(smear_table: Table) -> None:
    drawn = draw(POOLS["imbalanced"], smear_table())
    counts = Counter(drawn.classes[k] for k in drawn.labels(drawn.pool))
    assert counts == {"neutrophil": 600, "lymphocyte": 300, "monocyte": 60, "eosinophil": 30, "basophil": 10}


def test_cells_of_val_and_of_strange_laboratories_are_only_tested_on(smear_table: Table) -> None:
    drawn = draw(POOLS["imbalanced"], smear_table())
    assert set(drawn.pool.parts) == {"train", "choose"}
    assert set(drawn.pool.laboratories) == {"PBC"}
    assert sorted(drawn.tests[VAL].class_names) == sorted(
        ["segmented_neutrophil", "band_neutrophil", "lymphocyte", "monocyte", "eosinophil", "basophil"]
    )
    assert drawn.tests[STRANGE].laboratories.tolist() == ["CellaVision"]
    assert "blast" not in drawn.pool.class_names


def test_the_draw_is_the_same_each_time_and_can_be_cut_short(smear_table: Table) -> None:
    first, second = (draw(POOLS["imbalanced"], smear_table()) for _ in range(2))
    few = draw(POOLS["imbalanced"], smear_table(), 20)
    assert first.digest() == second.digest() != few.digest()
    assert few.pool.images.tolist() == first.pool.images.tolist()[:20]


def test_a_class_without_cells_is_named(smear_table: Table) -> None:
    with pytest.raises(AnnotationError, match="no basophil of PBC for the pool"):
        draw(POOLS["imbalanced"], smear_table(basophil=0))


def test_a_table_without_the_laboratory_is_refused(smear_table: Table) -> None:
    cells = smear_table()
    with pytest.raises(AnnotationError, match="no cells of PBC"):
        draw(POOLS["whole"], cells.take(cells.laboratories != "PBC"))


def test_crops_have_room_to_turn_and_the_labels_of_their_cells(cells_by_box: Path) -> None:
    cells = read(cells_by_box / "cells.csv")
    names = np.where(cells.laboratories == "north", "PBC", "east")
    drawn = draw(POOLS["whole"], replace(cells, laboratories=names))
    simulated = drawn.cut(CropRecipe(side=32, width=16.0, unit="um"))
    assert simulated.pool.pixels.shape == (30, 3, 48, 48)
    assert simulated.classes == 10
    assert [drawn.classes[k] for k in simulated.pool.labels] == drawn.pool.class_names.tolist()
    assert set(simulated.tests) == {VAL}
