"""A network that moves boxes has two rows: with its boxes moved, and not."""

from dataclasses import replace
from pathlib import Path

from napari_hemalens.experiments.detection_report import MEASURES, DetectionComparison
from napari_hemalens.experiments.detection_trial import DetectionTrial
from napari_hemalens.experiments.report import NetworkRow


def trial(row: str, ap: float, unmoved: float | None) -> DetectionTrial:
    still = None if unmoved is None else dict.fromkeys(MEASURES, unmoved)
    costs = {"seconds_to_train": 60.0, "seconds_to_test": 2.0, "parameters": 1_000, "gflops": 1.5}
    curves = {"curve": ((1, 0.1),), "losses": ((1, 2.0), (2, 1.0))}
    plan = {"images": {}, "recipe": {}}
    return DetectionTrial(
        row, "seed 0", dict.fromkeys(MEASURES, ap), still, **costs, **curves, plan=plan, folder=Path()
    )


def test_agents_on_proposals_are_shown_without_what_follows_them_too() -> None:
    of = {"unregressed": dict.fromkeys(MEASURES, 0.4), "bare": dict.fromkeys(MEASURES, 0.3)}
    rows = {"agents": NetworkRow("Agents", "faster_rcnn_attention")}
    _, summary = DetectionComparison("Title", (), rows, {}, (replace(trial("agents", 0.6, 0.55), **of),)).summary()
    assert [(row[0], row[2]) for row in summary] == [
        ("Agents", "0.600"),
        ("Agents, boxes not moved", "0.550"),
        ("Agents, no second regression", "0.400"),
        ("Agents, neither", "0.300"),
    ]


def test_what_moving_boxes_gains_is_shown_beside_the_same_boxes_not_moved(tmp_path: Path) -> None:
    rows = {"plain": NetworkRow("Plain", "faster_rcnn"), "agents": NetworkRow("Agents", "faster_rcnn_attention")}
    trials = (trial("plain", 0.5, None), trial("agents", 0.6, 0.55))
    found = DetectionComparison("Title", (), rows, {}, trials)
    _, summary = found.summary()
    assert [row[0] for row in summary] == ["Plain", "Agents", "Agents, boxes not moved"]
    assert [row[2] for row in summary] == ["0.500", "0.600", "0.550"]
    _, lines = found.lines()
    assert [line[-1] for line in lines] == [None, 0.05]
    found.write(tmp_path)
    assert all((tmp_path / name).exists() for name in ("table.csv", "trials.csv", "table.md", "curves.png", "run.json"))
