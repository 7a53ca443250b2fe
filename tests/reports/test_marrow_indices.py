"""Ratios of marrow are those of the counts, with intervals."""

import pytest

from napari_hemalens.records.differential import Differential, differential, wilson_interval
from napari_hemalens.records.taxonomy import MARROW_12
from napari_hemalens.reports.marrow_indices import Ratio, immature_mature_granulocytes, myeloid_erythroid

COUNTS = {
    "blast": 9,
    "promyelocyte": 4,
    "myelocyte": 6,
    "metamyelocyte": 5,
    "band_neutrophil": 7,
    "segmented_neutrophil": 8,
    "eosinophil": 3,
    "monocyte": 2,
    "erythroblast": 10,
    "lymphocyte": 11,
}


def counted(*left_out: str) -> Differential:
    return differential(COUNTS, [name for name in ("blast", *MARROW_12.classes) if name not in left_out])


def test_blasts_and_lymphocytes_are_in_no_ratio() -> None:
    assert myeloid_erythroid(counted()) == Ratio(4 + 6 + 5 + 7 + 8 + 3 + 2, 10)
    assert immature_mature_granulocytes(counted()) == Ratio(4 + 6, 5 + 7 + 8)


def test_the_interval_of_a_ratio_is_that_of_a_share_as_odds() -> None:
    low, high = wilson_interval(10, 30)
    assert Ratio(10, 20).value == 0.5
    assert Ratio(10, 20).interval == pytest.approx((low / (1 - low), high / (1 - high)))


def test_a_ratio_over_nothing_is_not_known() -> None:
    assert (Ratio(3, 0).value, Ratio(3, 0).interval) == (None, None)


def test_without_a_stage_there_is_no_index_of_granulocytes() -> None:
    assert immature_mature_granulocytes(counted("metamyelocyte")) is None
