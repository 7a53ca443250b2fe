"""Weights are checked before they are installed: what cannot be used leaves no trace."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.weights_server import Server

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard, DetectorCard, ModelCard
from napari_hemalens.models.installation import install_steps, most_bytes
from napari_hemalens.progress import finish


def change(card: ModelCard, **values: object) -> None:
    """Change what a model card says."""
    file = card.file.with_suffix(".json")
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | values), encoding="utf-8")


@pytest.mark.parametrize("source", ["folder", "card", "tensors", "address"])
def test_weights_are_installed_by_their_name(
    untrained: DetectorCard, weights_server: Server, installed_weights: Path, source: str
) -> None:
    sources = {
        "folder": untrained.folder,
        "card": untrained.file.with_suffix(".json"),
        "tensors": untrained.file,
        "address": f"{weights_server.address}/untrained.json",
    }
    card = finish(install_steps(sources[source], replace=False))
    assert sorted(file.name for file in installed_weights.iterdir()) == ["untrained.json", "untrained.safetensors"]
    assert card == weights.detector_card("untrained")
    assert (card.folder, card.origin) == (installed_weights, "installed")
    assert weights.verify(card).read_bytes() == untrained.file.read_bytes()
    assert weights.installed() == ("untrained",)
    assert "untrained" in weights.known(DetectorCard)
    assert "untrained" not in weights.known(ClassifierCard)


def damaged(card: DetectorCard) -> None:
    with card.file.open("r+b") as file:
        file.seek(2000)
        file.write(b"damage")


def nonsense(card: DetectorCard) -> None:
    card.file.write_bytes(b"no tensors at all")
    change(card, sha256=weights.sha256(card.file))


REFUSED: dict[str, tuple[Callable[[DetectorCard], object], str]] = {
    "damaged": (damaged, "untrained.safetensors is damaged or was exchanged: its sha256 is"),
    "wrong hash": (lambda card: change(card, sha256="0" * 64), "not 000000000000…"),
    "no tensors": (nonsense, "is no file of safetensors"),
    "missing": (lambda card: card.file.unlink(), r"untrained.safetensors( is missing|: the server answers 404)"),
    "other classes": (lambda card: change(card, classes=["lymphocyte"]), "holds the weights of another network"),
    "no such network": (
        lambda card: change(card, network={"network": "x"}),
        "cannot be built: No detector 'x'",
    ),
    "no such option": (lambda card: change(card, network={"x": 1}), "does not describe weights: network.x: Extra"),
    "needs others": (lambda card: change(card, naming="nobody"), "No weights 'nobody'"),
    "path": (lambda card: change(card, name="../untrained"), "cannot be called '../untrained'"),
    "packed": (lambda card: change(card, name="marrow-lite"), "Packed weights are called marrow-lite"),
}


@pytest.mark.parametrize(
    ("what", "over_http"),
    [*((what, False) for what in REFUSED), *((what, True) for what in ("damaged", "no tensors", "missing", "packed"))],
)
def test_what_cannot_be_used_is_refused_and_leaves_no_trace(
    untrained: DetectorCard, weights_server: Server, installed_weights: Path, what: str, *, over_http: bool
) -> None:
    make, said = REFUSED[what]
    make(untrained)
    source = f"{weights_server.address}/untrained.json" if over_http else untrained.file.with_suffix(".json")
    with pytest.raises(WeightsError, match=said) as refused:
        finish(install_steps(source, replace=False))
    assert ".adding-" not in str(refused.value)
    assert list(installed_weights.iterdir()) == []


def test_installed_weights_are_replaced_only_if_asked(untrained: DetectorCard, installed_weights: Path) -> None:
    finish(install_steps(untrained.file, replace=False))
    change(untrained, description="Better")
    with pytest.raises(WeightsError, match="untrained are installed already"):
        finish(install_steps(untrained.file, replace=False))
    assert weights.model_card("untrained").description == "Untrained"
    assert finish(install_steps(untrained.file, replace=True)).description == "Better"
    change(untrained, sha256="0" * 64)
    with pytest.raises(WeightsError, match="damaged"):
        finish(install_steps(untrained.file, replace=True))
    assert weights.model_card("untrained").description == "Better"
    weights.verify(weights.model_card("untrained"))


def test_a_file_of_weights_is_smaller_than_it_may_be(untrained: DetectorCard) -> None:
    assert untrained.file.stat().st_size < most_bytes(untrained) < 64e6 + 5 * untrained.file.stat().st_size


def test_tensors_that_do_not_end_are_refused_where_they_should(
    untrained: DetectorCard, weights_server: Server, installed_weights: Path
) -> None:
    whole = untrained.file.stat().st_size
    with untrained.file.open("ab") as file:
        file.truncate(whole + 10_000_000)
    taken: list[int] = []  # kB
    steps = install_steps(f"{weights_server.address}/untrained.json", replace=False)
    with pytest.raises(WeightsError, match=f"goes on after its last tensor: more than {whole:,} bytes"):
        taken.extend(step.done for step in steps)
    assert max(taken) < (whole + 500_000) / 1000
    assert list(installed_weights.iterdir()) == []


def test_tensors_that_end_before_their_last_one_are_no_damaged_ones(
    untrained: DetectorCard, weights_server: Server, installed_weights: Path
) -> None:
    whole = untrained.file.stat().st_size
    os.truncate(untrained.file, whole // 2)  # what comes is as long as the server says
    with pytest.raises(WeightsError, match=f"ended after {whole // 2:,} of {whole:,} bytes; try again"):
        finish(install_steps(f"{weights_server.address}/untrained.json", replace=False))
    assert list(installed_weights.iterdir()) == []
