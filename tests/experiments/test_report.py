"""A table has a row per network, with mean and deviation over runs beside the paper's figures."""

import numpy as np

from napari_hemalens.experiments.report import Comparison, NetworkRow, mean_text, printed_texts
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


def test_one_run_has_no_deviation() -> None:
    assert mean_text([0.5], 2) == "0.50"
    assert mean_text([0.4, 0.6], 2) == "0.50 ± 0.14"
    assert mean_text([], 2) == "-"


def test_the_papers_figures_have_the_deviations_that_it_prints() -> None:
    row = NetworkRow("", "vgg16", paper={"accuracy": 0.9, "accuracy sd": 0.01, "F1": 0.8})
    assert printed_texts(row, ("accuracy", "F1", "AUC")) == ["0.900 ± 0.010", "0.800", "-"]
