"""Figures of weights by laboratory, as a person and a program read them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation import laboratories
from napari_hemalens.evaluation.laboratory_report import LaboratoryReport, shown
from napari_hemalens.formats import cell_table
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.progress import finish


@pytest.fixture(scope="module", autouse=True)
def few_draws() -> Iterator[None]:
    """Intervals of fifty draws, since none is compared with a figure here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(laboratories, "_DRAWS", 50)
        yield


@pytest.fixture(scope="module")
def report(
    cells_by_box: Path, nucleated: ClassifierCard, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LaboratoryReport, Path]:
    out = tmp_path_factory.mktemp("report")
    steps = workflows.evaluate_laboratories_steps(cells_by_box, recipe_of(nucleated), out=out)
    return finish(steps), out


def recipe_of(card: ClassifierCard, **options: Any) -> ClassificationRecipe:
    return ClassificationRecipe.from_options(weights=str(card.file), device="cpu", **options)


def test_each_laboratory_has_its_cells_recalls_and_intervals(report: tuple[LaboratoryReport, Path]) -> None:
    figures = report[0].figures()
    assert list(figures) == ["east", "north"]
    assert [of["cells"] for of in figures.values()] == [12, 12]
    assert "neutrophil" in figures["east"]["recalls"]
    assert "band_neutrophil" in figures["north"]["recalls"]
    value, low, high = figures["north"]["balanced accuracy"]
    assert 0 <= low <= value <= high <= 1


def test_the_report_is_written_for_people_and_programs(
    report: tuple[LaboratoryReport, Path], nucleated: ClassifierCard
) -> None:
    found, out = report
    written = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (written["sha256"], written["part"]) == (nucleated.sha256, "choose")
    assert written["laboratories"]["east"]["cells"] == 12
    text = (out / "report.md").read_text(encoding="utf-8")
    assert text == f"# {found.text()}\n"
    assert (
        "| laboratory | cells | trained on | balanced accuracy | blast AUC | reject AUC | novelty AUC | ECE |" in text
    )
    assert "| east | 12 | - |" in text  # the card does not say
    assert (out / "reliability.png").exists()


def test_the_text_says_how_many_cells_were_trained_on(report: tuple[LaboratoryReport, Path]) -> None:
    found = report[0]
    card = found.card.model_copy(update={"laboratories": {"north": {"trained on": 24}}})
    lines = LaboratoryReport(card, found.data, found.part, found.named).text().splitlines()
    assert any(line.startswith("| north | 12 | 24 |") for line in lines)


def test_a_measure_is_shown_with_its_interval_or_a_dash() -> None:
    assert shown([0.5, 0.25, 0.75]) == "0.500 (0.250-0.750)"
    assert shown([0.5, 0.25, 0.75], bold=True) == "**0.500** (0.250-0.750)"
    assert shown(None) == "-"


def test_a_part_without_cells_is_refused(cells_by_box: Path, nucleated: ClassifierCard) -> None:
    with pytest.raises(
        AnnotationError,
        match=r"no cells of the part 'test'; it has the parts choose, train, val, and the laboratories east, n",
    ):
        finish(workflows.evaluate_laboratories_steps(cells_by_box, recipe_of(nucleated), split="test"))


def test_weights_of_ones_own_classes_are_measured_on_ones_own_cells(cells_by_box: Path, tmp_path: Path) -> None:
    cells = cell_table.read(cells_by_box / "cells.csv")
    own = replace(cells, laboratories=np.full(len(cells), ""))  # as `collect` writes them
    cell_table.write(own.take(np.isin(own.class_names, ["blast", "lymphocyte"])), tmp_path / "cells.csv")
    network = ClassifierRecipe(network="efficientnet_lite0")
    crop = CropRecipe(side=32, width=20.0, unit="um")
    recipe = ClassifierTraining(
        network=network, crop=crop, epochs=1, average=0.8, keep="last", accelerator="cpu", workers=0
    )
    card = finish(workflows.train_classification_steps([tmp_path], "own", recipe, NewWeights(tmp_path / "out", "mine")))
    report = finish(workflows.evaluate_laboratories_steps(tmp_path, recipe_of(card)))
    assert report.named.task.classes == card.classes == ("blast", "lymphocyte")
    assert "| not stated | " in report.text()
    assert "- not stated: blast " in report.text()


def test_one_laboratory_can_be_measured_in_several_views(
    cells_by_box: Path, nucleated: ClassifierCard, tmp_path: Path
) -> None:
    recipe = recipe_of(nucleated, views=2)
    steps = workflows.evaluate_laboratories_steps(cells_by_box, recipe, laboratories=["north"], out=tmp_path)
    report = finish(steps)
    assert report.laboratories == ("north",)
    assert "(choose, 12 cells, in 2 views)" in report.text()
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["views"] == 2
