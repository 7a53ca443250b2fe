"""A table has a row per network, with mean and deviation over runs beside the paper's figures."""

from dataclasses import replace

import numpy as np

from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.pairs import PairedRows
from napari_hemalens.experiments.report import Comparison, NetworkRow
from napari_hemalens.experiments.trial import Trial
from napari_hemalens.records.tasks import task


def trial(case: str, right: int, seconds: float | None) -> Trial:
    truth = np.arange(10) % 2
    called = np.where(np.arange(10) < right, truth, 1 - truth)
    return Trial("vgg16", case, task("all"), np.eye(2, dtype=np.float32)[called], truth, seconds, 0.5, 1_000, {})


def test_runs_become_mean_and_deviation_without_unknown_times() -> None:
    rows = {"vgg16": NetworkRow("VGG16", "vgg16"), "eca": NetworkRow("ECA", "eca_vgg16")}
    found = Comparison("", (), ("accuracy",), rows, {}, (trial("seed 0", 10, 4.0), trial("seed 1", 8, None)))
    columns, (first, second) = found.summary()
    shown = dict(zip(columns, first, strict=True))
    assert (shown["method"], shown["runs"], shown["accuracy"]) == ("VGG16", "2", "0.900 ± 0.141")
    assert (shown["seconds to train"], shown["confusion"]) == ("4.0", "[[9, 1], [1, 9]]")
    assert second[:3] == ["ECA", "0", "-"]


def test_a_row_is_set_beside_its_plain_partner_once_that_has_learned() -> None:
    rows = {"vgg16": NetworkRow("VGG16", "vgg16"), "eca": NetworkRow("ECA", "eca_vgg16", plain="vgg16")}
    plain, eca = trial("seed 0", 6, None), replace(trial("seed 0", 9, None), row="eca")
    found = Comparison("", (), ("accuracy",), rows, {}, (plain, eca), Floor("vgg16", "accuracy", 0.6))
    assert found.pairs() == {"eca": PairedRows(ours=3, theirs=0)}
    assert "| ECA | VGG16 | 3 | 0 | 0.25 |" in found.markdown()
    assert "The budget is large enough" in found.text()

    below = replace(found, floor=Floor("vgg16", "accuracy", 0.7))
    assert below.pairs() == {}
    assert "**Below the floor, so nothing is ranked**" in below.markdown()
    assert "plain partner" not in below.markdown()


def test_what_else_was_found_ends_the_report() -> None:
    rows = {"vgg16": NetworkRow("VGG16", "vgg16")}
    found = Comparison("", (), ("accuracy",), rows, {}, (trial("seed 0", 6, None),), sections=("## More\n\nFound.",))
    assert found.markdown().endswith("## More\n\nFound.")
