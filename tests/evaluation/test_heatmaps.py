"""Heatmaps are measured on cells that are rightly called, beside chance and beside a network that learned nothing."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_hemalens.config.options import ExplanationRecipe
from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.evaluation import heatmaps as heatmap_evaluation
from napari_hemalens.evaluation.heatmap_report import HeatmapReport
from napari_hemalens.evaluation.heatmaps import MarkedCells, build_untrained
from napari_hemalens.formats.named_cells import read
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.progress import finish
from napari_hemalens.workflows import CellSelection, evaluate_heatmaps_steps


@pytest.fixture
def sure(untrained_classifier: ClassifierCard) -> ClassifierCard:
    """Weights of chance that call every nucleus micronucleated."""
    card = untrained_classifier.model_copy(update={"threshold": 0.0})
    card.file.with_suffix(".json").write_text(card.model_dump_json(), encoding="utf-8")
    return card


def report(
    data: Path, card: ClassifierCard, *methods: str, out: Path | None = None, task: str = "micronucleus"
) -> HeatmapReport:
    recipe = ExplanationRecipe(task=task, weights=str(card.file), device="cpu")
    return finish(evaluate_heatmaps_steps(CellSelection(data), recipe, methods=methods, out=out))


def cells(data: Path, card: ClassifierCard) -> MarkedCells:
    every = MarkedCells.concatenate([MarkedCells.from_field(field, card) for field in read(data, split="val")])
    return every.take(np.flatnonzero(every.truth == 0))


def test_methods_and_guesses_are_measured_on_every_cell_rightly_called(
    micronuclei: Path, sure: ClassifierCard, tmp_path: Path
) -> None:
    found = report(micronuclei, sure, "grad-cam-middle", "saliency", out=tmp_path / "out")
    known = cells(micronuclei, sure)
    assert found.positive == len(found.cells) == 16
    assert found.cells == known.names
    assert [method.name for method in found.methods] == ["grad-cam-middle", "saliency"]
    anywhere, beside, middle, bright = found.guesses
    assert anywhere.hits.mean() == pytest.approx(known.near.mean())
    np.testing.assert_allclose(beside.hits, (known.near & known.ring).sum((1, 2)) / known.ring.sum((1, 2)))
    assert anywhere.hits.mean() < beside.hits.mean() < 0.6
    assert middle.hits.tolist() == [0] * 16  # it lies in the nucleus
    assert bright.hits.mean() == 1  # nothing else shines in these images

    written = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert [figures["method"] for figures in written["figures"][:2]] == ["grad-cam-middle", "saliency"]
    assert written["figures"][0]["hits"] == pytest.approx(found.methods[0].hits.mean())
    assert written["sha256"] == sure.sha256
    with (tmp_path / "out" / "cells.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["image"], int(row["cell"])) for row in rows] == list(known.names)
    with (tmp_path / "out" / "methods.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 6
    assert (tmp_path / "out" / "report.md").read_text(encoding="utf-8") == found.text() + "\n"
    assert (tmp_path / "out" / "cells.png").exists()


def test_a_heatmap_on_micronuclei_hits_all_and_a_flat_one_by_chance(
    micronuclei: Path, sure: ClassifierCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = cells(micronuclei, sure)
    marks = dict(zip([bytes(crop.numpy()) for crop in known.pixels], known.marks, strict=True))

    def heatmaps(_network: object, pixels: torch.Tensor, _card: object, name: str) -> np.ndarray:
        right = np.stack([marks[bytes(crop.numpy())] for crop in pixels]).astype(np.float32)
        return right if name == "saliency" else np.full_like(right, 0.5)

    monkeypatch.setattr(heatmap_evaluation, "_heatmaps", heatmaps)
    found = report(micronuclei, sure, "grad-cam-middle", "saliency")
    flat, right = found.methods
    assert right.hits.tolist() == right.inside.tolist() == [1] * 16
    assert right.interval == pytest.approx((0.806, 1), abs=0.001)
    np.testing.assert_allclose(flat.hits, found.guesses[0].hits)
    assert right.correlation == pytest.approx(1)  # here the map is the same whatever the weights are
    assert not right.changes
    assert flat.correlation == 0
    assert found.best is flat
    assert "Points best: grad-cam-middle." in found.text()


def test_heatmaps_are_measured_on_cells_as_they_lie(
    micronuclei: Path, sure: ClassifierCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []
    load = heatmap_evaluation.load_classifier

    def load_and_note(card: ClassifierCard, device: torch.device) -> CellClassifier:
        used.append(card.views)
        return load(card, device)

    monkeypatch.setattr(heatmap_evaluation, "load_classifier", load_and_note)
    many = sure.model_copy(update={"views": 8})
    many.file.with_suffix(".json").write_text(many.model_dump_json(), encoding="utf-8")
    found = report(micronuclei, many, "grad-cam-middle")
    assert used == [found.card.views] == [1]


def test_images_can_be_measured_by_name(micronuclei: Path, sure: ClassifierCard) -> None:
    recipe = ExplanationRecipe(weights=str(sure.file), device="cpu")
    found = finish(
        evaluate_heatmaps_steps(CellSelection(micronuclei, only=["*5"]), recipe, methods=["grad-cam-middle"])
    )
    assert {image for image, _ in found.cells} == {"val5"}
    assert "(val, *5)" in found.text()


def test_an_untrained_network_depends_on_its_seed_alone(sure: ClassifierCard) -> None:
    before = torch.random.get_rng_state()
    first, again, other = (build_untrained(sure, torch.device("cpu"), seed) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    weights = [next(iter(network.parameters())) for network in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert not first.training


def test_what_lies_around_a_nucleus_is_told_from_other_nuclei(micronuclei: Path, sure: ClassifierCard) -> None:
    known = cells(micronuclei, sure)
    assert (known.near | ~known.marks).all()
    assert not known.outside[:, 32, 32].any()  # the middle of a crop is its nucleus
    assert not (known.marks & ~known.outside).any()


@pytest.mark.parametrize(
    ("methods", "said"), [(("layer-5",), "No heatmap 'layer-5' of resnet18"), (("none",), "Known: grad-cam, ")]
)
def test_a_method_that_the_network_has_not_is_refused(
    micronuclei: Path, sure: ClassifierCard, methods: Sequence[str], said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        report(micronuclei, sure, *methods)


def test_weights_of_other_tasks_are_refused_in_a_sentence(micronuclei: Path) -> None:
    recipe = ExplanationRecipe(task="leukocyte", device="cpu")
    with pytest.raises(RecipeError, match=r"micronuclei alone; the weights leukocyte-types answer the task leukocyte"):
        finish(evaluate_heatmaps_steps(CellSelection(micronuclei), recipe))


def test_data_without_outlines_is_refused_in_a_sentence(
    micronuclei: Path, sure: ClassifierCard, tmp_path: Path
) -> None:
    for place in ("images", "nuclei", "val.csv"):
        (tmp_path / place).symlink_to(micronuclei / place)
    with pytest.raises(AnnotationError, match="has no outlines of micronuclei"):
        report(tmp_path, sure, "grad-cam")


def test_where_no_cell_is_rightly_called_there_is_nothing_to_see(micronuclei: Path, sure: ClassifierCard) -> None:
    card = sure.model_copy(update={"threshold": 1.0})
    card.file.with_suffix(".json").write_text(card.model_dump_json(), encoding="utf-8")
    with pytest.raises(AnnotationError, match="No nucleus with a micronucleus is rightly called"):
        report(micronuclei, card, "grad-cam")
