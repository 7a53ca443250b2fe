"""Tallies and figures, against cases counted by hand."""

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.differential import wilson_interval
from napari_hemalens.records.tasks import task
from napari_hemalens.reports.scoring import Measure, Tally

MICRONUCLEUS = task("micronucleus").classes


def named(class_names, names=MICRONUCLEUS, image="a.png"):
    """Return a record of cells of some classes."""
    classes = np.array([names.index(name) for name in class_names], dtype=np.int64)
    return Classified(
        ids=np.arange(1, len(classes) + 1),
        probabilities=np.eye(len(names), dtype=np.float32)[classes],
        classes=classes,
        names=names,
        centres=np.zeros((len(classes), 2)),
        areas=np.ones(len(classes), dtype=np.int64),
        image_shape=(9, 9),
        provenance=Provenance(image=image),
    )


def nuclei(with_one, total):
    return named(["micronucleus"] * with_one + ["none"] * (total - with_one))


def figures(tally, *, against_asked=False):
    return {measure.label: measure for measure in tally.measures(against_asked=against_asked)}


def test_nuclei_are_reported_per_1000_with_wilsons_interval():
    found = figures(Tally.from_result(nuclei(15, 148), None, None))
    rate = found["micronucleated nuclei per 1,000"]
    assert (rate.count, rate.total) == (15, 148)
    # Newcombe 1998, table I, method 3: 15 of 148 is 0.1014, from 0.0624 to 0.1605
    assert (rate.value, rate.low, rate.high) == pytest.approx((101.4, 62.4, 160.5), abs=0.05)
    assert rate.primary
    assert not any("2,000" in label or "binucleated" in label for label in found)


def test_proliferation_index_and_binucleated_rate_agree_with_a_hand_count():
    # Cell 7: one nucleus. 8: two, one with. 9: two, none with. 10: three, two with. 11: four. 12: one, with.
    cells = np.array([7, 8, 8, 9, 9, 10, 10, 10, 11, 11, 11, 11, 12])
    with_one = {1, 5, 6, 12}
    record = named(["micronucleus" if i in with_one else "none" for i in range(13)])
    found = figures(Tally.from_result(record, cells, None), against_asked=True)
    assert {label: m.count for label, m in found.items() if m.value is None} == {
        "cells": 6,
        "mononucleated cells": 2,
        "binucleated cells": 2,
        "multinucleated cells": 2,
        "binucleated cells of the 2,000 asked for": 2,
        "cells with 0 micronucleated nuclei": 3,
        "cells with 1 micronucleated nucleus": 2,
        "cells with 2 micronucleated nuclei": 1,
        "cells with 3 or more micronucleated nuclei": 0,
    }
    assert found["cytokinesis-block proliferation index"].value == pytest.approx((2 + 2 * 2 + 3 * 2) / 6)
    rate = found["micronucleated binucleated cells per 1,000"]
    assert (rate.count, rate.total, rate.value) == (1, 2, 500)
    assert (rate.low, rate.high) == pytest.approx([1000 * end for end in wilson_interval(1, 2)])
    assert found["micronucleated mononucleated cells per 1,000"].count == 1
    assert [label for label, m in found.items() if m.primary] == ["micronucleated binucleated cells per 1,000"]


def test_only_binucleated_cells_are_set_against_what_is_asked_for():
    found = figures(Tally.from_result(nuclei(0, 5), np.array([1, 2, 3, 4, 4]), None), against_asked=True)
    assert found["binucleated cells of the 2,000 asked for"].text == "1 of 2,000"


def test_micronuclei_are_counted_where_the_class_says_there_are_any():
    # The class decides whether, the count says how many: 0 becomes 1 where the class says there is one.
    record = named(["micronucleus", "micronucleus", "none", "micronucleus"])
    tally = Tally.from_result(record, np.array([1, 1, 2, 3]), np.array([2, 0, 4, 7]))
    assert tally.micronuclei.tolist() == [3, 0, 7]
    found = figures(tally)
    assert found["cells with 0 micronuclei"].count == 1
    assert found["cells with 3 or more micronuclei"].count == 2
    alone = figures(Tally.from_result(record, None, np.array([2, 0, 4, 7])))
    said = ("0 micronuclei", "1 micronucleus", "2 micronuclei", "3 or more micronuclei")
    assert [alone[f"nuclei with {each}"].count for each in said] == [1, 1, 1, 1]


def test_nuclei_in_no_cell_do_not_count_and_are_told_apart():
    tally = Tally.from_result(nuclei(2, 3), np.array([0, 5, 5]), None)
    assert tally.outside == 1
    assert (tally.nuclei.tolist(), tally.micronucleated.tolist()) == ([2], [1])


def test_cells_of_two_images_stay_apart_though_their_numbers_are_the_same():
    one = Tally.from_result(nuclei(1, 2), np.array([1, 1]), None)
    both = Tally.pool([one, one])
    assert both.nuclei.tolist() == [2, 2]
    assert both.counts == {"micronucleus": 2, "none": 2}


def test_micronuclei_known_in_some_images_only_are_not_known_of_all():
    known = Tally.from_result(nuclei(1, 1), np.array([1]), np.array([2]))
    assert Tally.pool([known, Tally.from_result(nuclei(1, 1), np.array([1]), None)]).micronuclei is None


@pytest.mark.parametrize("cells", [None, np.zeros(0, dtype=np.int64)])
def test_an_image_without_cells_has_counts_of_0_and_no_rates(cells):
    found = figures(Tally.from_result(named([]), cells, None), against_asked=True)
    assert all(measure.value is None for measure in found.values())
    assert {measure.count for measure in found.values()} <= {0, None}
    assert "- (of 0)" in {measure.text for measure in found.values()}


def test_blasts_are_a_share_of_all_cells():
    found = figures(Tally.from_result(named(["blast"] * 81 + ["normal"] * 182, task("all").classes), None, None))
    share = found["blast, per cent"]
    assert (share.low, share.high) == pytest.approx((25.53, 36.62), abs=0.005)  # Newcombe 1998, table I, method 3
    assert share.primary
    assert not found["normal, per cent"].primary


def test_leukocytes_become_a_differential_of_five_types():
    names = task("leukocyte").classes
    found = Tally.from_result(named(["neutrophil", "neutrophil", "monocyte", "lymphocyte"], names), None, None)
    total, *types = found.measures(against_asked=False)
    assert total.count == 4
    assert [measure.value for measure in types] == [50, 0, 0, 25, 25]
    assert all(measure.low <= measure.value <= measure.high for measure in types)
    assert not any(measure.primary for measure in types)


def test_whole_images_are_counted_as_fields():
    stages = task("field").classes
    each = [
        Tally.from_result(named([name], names=stages, image=f"{name}.png"), None, None, of_field=True)
        for name in ("early", "pre")
    ]
    found = figures(Tally.pool(each))
    assert found["fields"].count == 2
    assert found["early, per cent"].value == 50
    assert "cells" not in found


def test_arrays_of_another_length_are_refused():
    with pytest.raises(AnnotationError, match=r"3 cells for 2 nuclei of 'a.png'"):
        Tally.from_result(nuclei(1, 2), np.array([1, 2, 3]), None)
    with pytest.raises(AnnotationError, match="1 counts of micronuclei for 2 nuclei"):
        Tally.from_result(nuclei(1, 2), None, np.array([1]))


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (Measure("cells", 1234), "1,234"),
        (Measure("index", value=1.8234), "1.82"),
        (Measure("index"), "-"),
        (Measure.share("rate", 0, 0, per=1000), "- (of 0)"),
        (Measure.share("rate", 0, 20, per=100), "0.0 (0.0-16.1; 0 of 20)"),
    ],
)
def test_a_figure_is_one_short_text(measure, text):
    assert measure.text == text
