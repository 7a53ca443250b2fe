"""Tables, curves and the head of the report, for trials whose figures are known."""

import csv
import json
from pathlib import Path

import pytest

from napari_hemalens.experiments.labelling_pools import STRANGE, VAL, DrawnCells
from napari_hemalens.experiments.labelling_report import LabellingComparison, labels_needed
from napari_hemalens.experiments.labelling_trial import LabelledRound, LabellingTrial

LABELS = {"plain-100": "all labels", "plain": "chance", "loss": "LossNet", "cbam": "CBAM"}
BY_CLASS = dict.fromkeys(["neutrophil", "lymphocyte", "monocyte", "eosinophil", "basophil"], 9)


def rounds(accuracies: dict[float, float]) -> tuple[LabelledRound, ...]:
    def figures(value: float) -> dict[str, float]:
        return {"accuracy": value, "balanced accuracy": value - 0.1, "F1": value, "lowest recall": 0.2}

    return tuple(
        LabelledRound(share, round(1000 * share), BY_CLASS, {VAL: figures(value), STRANGE: figures(value / 2)}, 1.0)
        for share, value in accuracies.items()
    )


def comparison(drawn: DrawnCells, *, full: float = 0.9, rows: tuple[str, ...] = tuple(LABELS)) -> LabellingComparison:
    trials = [
        LabellingTrial("plain-100", "seed 0", rounds({1.0: full})),
        LabellingTrial("plain", "seed 0", rounds({0.28: 0.5, 0.37: 0.6, 0.52: 0.7})),
        LabellingTrial("plain", "seed 1", rounds({0.28: 0.6, 0.37: 0.6, 0.52: 0.8})),
        LabellingTrial("loss", "seed 0", rounds({0.28: 0.6, 0.37: 0.7, 0.52: 0.8})),
        LabellingTrial("cbam", "seed 0", rounds({0.28: 0.8, 0.37: 0.8, 0.52: 0.8})),
    ]
    kept = tuple(trial for trial in trials if trial.row in rows)
    return LabellingComparison("Title", drawn, {row: LABELS[row] for row in rows}, {"pool": "imbalanced"}, kept)


def section(text: str, title: str) -> str:
    return text.split(f"{title}\n\n")[1].split("\n\n#", maxsplit=1)[0]


def test_a_table_has_mean_and_deviation_of_each_row_at_each_share(blood: DrawnCells) -> None:
    table = section(comparison(blood).text(), "### accuracy")
    assert table.splitlines() == [
        "|  | runs | 28% | 37% | 52% | 100% |",
        "| --- | --- | --- | --- | --- | --- |",
        "| all labels | 1 | - | - | - | 0.900 |",
        "| chance | 2 | 0.550 ± 0.071 | 0.600 ± 0.000 | 0.750 ± 0.071 | - |",
        "| LossNet | 1 | 0.600 | 0.700 | 0.800 | - |",
        "| CBAM | 1 | 0.800 | 0.800 | 0.800 | - |",
    ]


@pytest.mark.parametrize(
    ("full", "said"),
    [
        (
            0.9,
            "The budget is large enough: the plain baseline, ResNet18 on all labels, reaches balanced accuracy 0.800 "
            "(floor 0.70)",
        ),
        (
            0.75,
            "**Below the floor, so nothing is ranked**: the plain baseline, ResNet18 on all labels, reaches balanced "
            "accuracy 0.650 (floor 0.70). What lies between rows says nothing",
        ),
    ],
)
def test_the_head_says_whether_the_budget_is_large_enough(full: float, said: str, blood: DrawnCells) -> None:
    assert comparison(blood, full=full).text().split("\n\n")[1] == f"{said}."


def test_without_all_labels_the_head_says_that_it_is_not_known(blood: DrawnCells) -> None:
    head = comparison(blood, rows=("plain",)).text().split("\n\n")[1]
    assert head == (
        "**Whether the budget is large enough is not known**: the plain baseline, ResNet18 on all labels, was not run "
        "(balanced accuracy, floor 0.70)."
    )


def test_labels_needed_are_read_between_the_rounds(blood: DrawnCells) -> None:
    table = section(comparison(blood).text(), "## Labels needed")
    assert "| LossNet | 445 (44%) | 445 (44%) |" in table  # 0.75, halfway from 0.70 at 37 % to 0.80 at 52 %
    assert "| CBAM | at most 280 (28%) |" in table
    assert "all labels" not in table


@pytest.mark.parametrize(("wanted", "share"), [(0.1, 0.1), (0.3, 0.1), (0.4, 0.15), (0.6, 0.3), (0.7, None)])
def test_a_figure_is_found_on_lines_between_the_points(wanted: float, share: float | None) -> None:
    found = labels_needed((0.1, 0.2, 0.3), (0.3, 0.5, 0.6), wanted)
    assert found == (None if share is None else pytest.approx(share))


def test_a_curve_that_falls_is_crossed_where_it_first_rises() -> None:
    assert labels_needed((0.1, 0.2, 0.3), (0.5, 0.3, 0.7), 0.6) == pytest.approx(0.275)


def test_attention_modules_stand_beside_the_plain_network(blood: DrawnCells) -> None:
    table = section(comparison(blood).text(), "## Attention modules, labels by chance\n\n### accuracy")
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == ["| chance", "| CBAM"]
    assert "Attention modules" not in comparison(blood, rows=("plain", "loss")).text()


def test_figures_of_the_paper_stand_beside_those_of_this_run(blood: DrawnCells) -> None:
    table = section(comparison(blood).text(), "## The paper, accuracy")
    assert "| ResNet18 | 0.8721 | 0.8440 | 0.9249 | 0.550 ± 0.071 | 0.600 ± 0.000 | 0.750 ± 0.071 |" in table
    assert "| the whole system | 0.9235 | 0.9364 | 0.9486 | - | - | - |" in table


def test_everything_is_written(blood: DrawnCells, tmp_path: Path) -> None:
    comparison(blood).write(tmp_path)
    assert "another laboratory" in (tmp_path / "active-learning.md").read_text(encoding="utf-8")
    with (tmp_path / "rounds.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 2 * (1 + 3 * 4)
    assert (lines[0]["row"], lines[0]["test"], lines[0]["accuracy"]) == ("plain-100", VAL, "0.9")
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert run["cells"] == {"pool": 1000, VAL: 6, STRANGE: 1}
    assert (tmp_path / "curves.png").stat().st_size > 10_000
