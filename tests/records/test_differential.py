import math
from dataclasses import replace

import pytest

from napari_hemalens.records.differential import NOT_RECOGNISED, differential, wilson_interval
from napari_hemalens.records.taxonomy import MARROW_12, WANG_7


def rows(found):
    return {row.name: row for row in (*found.rows, *found.beside)}


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons_as_published(count, total, low, high):
    assert wilson_interval(count, total) == pytest.approx((low, high), abs=5e-5)


def test_the_ends_of_the_interval_solve_wilsons_equation():
    # |p - q| = z sqrt(q (1 - q) / n) at both ends q: the definition, not the closed form.
    for q in wilson_interval(37, 500):
        assert abs(37 / 500 - q) == pytest.approx(1.959963984540054 * math.sqrt(q * (1 - q) / 500))


def test_the_interval_stays_within_0_and_1_at_none_and_at_all():
    ends = [(wilson_interval(0, n)[0], wilson_interval(n, n)[1]) for n in range(1, 600)]
    assert all(low >= 0 and high <= 1 for low, high in ends)
    assert ends == [pytest.approx((0, 1))] * len(ends)


def test_nothing_is_known_of_a_share_of_no_cells():
    assert wilson_interval(0, 0) == (0, 1)


def test_shares_are_of_the_nucleated_cells_and_red_cells_stand_beside():
    found = rows(differential({"lymphocyte": 30, "monocyte": 10, "erythrocyte": 900}, MARROW_12.classes))
    assert found["lymphocyte"].percent == 75
    assert (found["erythrocyte"].count, found["erythrocyte"].percent) == (900, None)


def test_a_class_the_weights_do_not_know_has_no_count_rather_than_0():
    found = rows(differential({"lymphocyte": 5}, MARROW_12.classes))
    assert found["blast"].count is None
    assert found["blast"].note == NOT_RECOGNISED
    assert (found["monocyte"].count, found["monocyte"].note) == (0, "")


def test_the_ratio_sets_myeloid_cells_against_erythroblasts():
    counts = {"myelocyte": 20, "eosinophil": 4, "monocyte": 6, "lymphocyte": 50}
    found = differential(counts | {"erythroblast": 10, "erythrocyte": 999}, MARROW_12.classes)
    assert found.myeloid_erythroid == 3


def test_the_ratio_is_the_same_by_the_papers_seven_classes():
    counts = {"myelocyte": 20, "eosinophil": 4, "monocyte": 6, "lymphocyte": 50, "erythroblast": 10}
    assert differential(counts, MARROW_12.classes, taxonomy=WANG_7).myeloid_erythroid == 3


def test_there_is_no_ratio_without_erythroblasts():
    assert differential({"myelocyte": 20}, MARROW_12.classes).myeloid_erythroid is None


def test_a_cell_of_a_class_without_a_row_is_counted_as_unclassifiable():
    found = differential({"smudge": 3, "lymphocyte": 1}, ["lymphocyte"], taxonomy=MARROW_12)
    assert rows(found)["unclassifiable"].count == 3
    assert found.nucleated == 4


@pytest.mark.parametrize(("tissue", "asked"), [("marrow", 500), ("blood", 200)])
def test_too_few_cells_are_said_against_those_asked_for(tissue, asked):
    found = differential({"lymphocyte": asked - 1}, MARROW_12.classes, tissue=tissue)
    assert found.warnings[0] == f"ICSH asks for {asked} nucleated cells in {tissue}."
    enough = differential({"lymphocyte": asked}, MARROW_12.classes, tissue=tissue)
    assert not any("ICSH asks" in sentence for sentence in enough.warnings)


def test_missing_classes_are_named_with_where_blasts_may_be():
    said = differential({}, MARROW_12.classes).warnings
    assert any(s.startswith("Not recognised by these weights: blast, plasma_cell") for s in said)
    assert said[-1] == "Blasts may therefore appear as lymphocytes."


@pytest.mark.parametrize(
    ("recognised", "hidden"),
    [(("lymphocyte", "monocyte"), True), (("lymphocyte", "blast"), False), (("unclassifiable",), False)],
)
def test_blasts_hide_where_lymphocytes_are_known_and_they_are_not(recognised, hidden):
    said = differential({}, recognised).warnings
    assert ("Blasts may therefore appear as lymphocytes." in said) == hidden


def test_a_full_count_of_known_classes_says_nothing():
    assert differential({"lymphocyte": 500}, MARROW_12.classes, taxonomy=MARROW_12).warnings == ()


def test_cells_counted_apart_are_said_beside_the_numbers():
    counted = differential({"lymphocyte": 500}, MARROW_12.classes, taxonomy=MARROW_12)
    assert replace(counted, unsure=7).warnings == (
        "7 unsure cells are counted apart: unlike those the classifier learned from.",
    )
    assert replace(counted, unsure=7).nucleated == 500


def test_one_blast_given_by_hand_makes_no_rate_of_a_class_nobody_looks_for():
    found = differential({"lymphocyte": 3, "blast": 1}, MARROW_12.classes)
    blast = rows(found)["blast"]
    assert (blast.count, blast.percent, blast.given) == (None, None, 1)
    assert blast.note == "not recognised by these weights; 1 given by hand"
    assert found.nucleated == 4
    assert rows(found)["lymphocyte"].percent == 75
    assert any("blast (1 given by hand), plasma_cell" in sentence for sentence in found.warnings)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (("a.png",), "1 image"),
        (("a.png", "b [1].png"), "2 images"),
        (("a.tif [T=0]", "a.tif [T=2]"), "2 frames of 1 image"),
        (("a.tif [T=0,Z=1]", "a.tif [T=0,Z=2]", "b.png"), "3 frames of 2 images"),
    ],
)
def test_frames_of_one_image_are_not_called_images(fields, said):
    assert differential({}, ("blast",), fields=fields).extent == said
