"""Weights are measured as a user gets them."""

import csv
import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import TrainingError, WeightsError
from napari_hemalens.formats.named_cells import read
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.workflows import CellSelection, classify, evaluate_classification_steps


def recipe(card: ClassifierCard, **options: str) -> ClassificationRecipe:
    return ClassificationRecipe(weights=str(card.file), device="cpu", **options)


def test_figures_are_those_of_what_classify_says(
    micronuclei: Path, untrained_classifier: ClassifierCard, tmp_path: Path
) -> None:
    steps = evaluate_classification_steps(
        CellSelection(micronuclei), recipe(untrained_classifier), out=tmp_path / "out"
    )
    report = finish(steps)
    said = [
        classify(field.image, iio.imread(field.labels), recipe(untrained_classifier))
        for field in read(micronuclei, split="val")
    ]
    # What classify computes with is folded; only rounding tells it apart.
    np.testing.assert_allclose(report.probabilities, np.concatenate([field.probabilities for field in said]), atol=1e-5)
    assert report.images == 2
    assert len(report.truth) == report.measures.confusion.sum() == 32
    called = np.concatenate([field.classes for field in said])
    assert report.measures.overall["accuracy"] == pytest.approx((called == report.truth).mean())
    assert "32 cells of 2 images" in report.text()

    written = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert written["confusion"] == report.measures.confusion.tolist()
    assert written["sha256"] == untrained_classifier.sha256
    assert {"ECE", "AP", "AUC", "balanced accuracy"} <= written["overall"].keys()
    with (tmp_path / "out" / "classes.csv").open(encoding="utf-8") as file:
        assert [row["class"] for row in csv.DictReader(file)] == ["micronucleus", "none"]
    assert "| micronucleus | 16 |" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "roc.png").exists()
    assert (tmp_path / "out" / "confusion.png").exists()


def test_weights_of_another_task_or_classes_are_refused(
    micronuclei: Path, untrained_classifier: ClassifierCard, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match="answer the task micronucleus; the task is all"):
        finish(evaluate_classification_steps(CellSelection(micronuclei), recipe(untrained_classifier, task="all")))
    for place in ("images", "nuclei"):
        (tmp_path / place).symlink_to(micronuclei / place)
    (tmp_path / "val.csv").write_text("image,cell,class\nval4,1,blast\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="'blast'; known: micronucleus, none"):
        finish(evaluate_classification_steps(CellSelection(tmp_path), recipe(untrained_classifier)))
