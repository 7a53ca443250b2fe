"""Weights are fetched by their name in a catalogue, from the first place that has what it says."""

import json
from pathlib import Path

import pytest
from tests.weights_server import RECORD, Server

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.catalogue import entry_of
from napari_hemalens.models.catalogued_weights import (
    available_steps,
    catalogued_offer_steps,
    find_in_catalogue_steps,
    is_name,
)
from napari_hemalens.models.weights import seal_of
from napari_hemalens.progress import finish

NOWHERE = "http://127.0.0.1:9/untrained.json"


def sealed(card: DetectorCard) -> str:
    return seal_of(card.file.with_suffix(".json").read_bytes())


def test_a_name_is_told_from_files_addresses_and_dois(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    assert [is_name(each) for each in ("marrow-robust", "v1.2", "nobody")] == [True] * 3
    assert not any(map(is_name, ("there", "a/b", "a.json", "a.zip", RECORD, "https://example.org/a")))


def test_the_first_place_that_answers_is_taken(untrained: DetectorCard, weights_server: Server) -> None:
    where = (NOWHERE, f"{weights_server.address}/untrained.json", RECORD)
    offer = finish(catalogued_offer_steps(entry_of(untrained, sealed(untrained), where)))
    assert (offer.card.sha256, offer.remote, offer.size) == (untrained.sha256, True, untrained.file.stat().st_size)
    assert offer.tensors == f"{weights_server.address}/untrained.safetensors"


def test_weights_other_than_the_catalogue_says_are_refused(untrained: DetectorCard, weights_server: Server) -> None:
    entry = entry_of(untrained, sealed(untrained), [str(untrained.file)])
    card = untrained.file.with_suffix(".json")
    card.write_text(json.dumps(json.loads(card.read_text("utf-8")) | {"licence": "none at all"}), encoding="utf-8")
    with pytest.raises(WeightsError, match="holds other weights than the catalogue says, or their model card was chan"):
        finish(catalogued_offer_steps(entry))


def test_without_a_connection_a_stick_is_the_way(untrained: DetectorCard) -> None:
    with pytest.raises(WeightsError, match=r"untrained cannot be had: Cannot download .* On a computer with internet"):
        finish(catalogued_offer_steps(entry_of(untrained, "", [NOWHERE])))


def test_an_unknown_name_is_refused_with_those_that_are_listed() -> None:
    assert finish(find_in_catalogue_steps("marrow-robust", None)).since == "0.2.0"
    with pytest.raises(
        WeightsError, match="no file or folder nobody, nor are weights of that name catalogued: marrow-r"
    ):
        finish(find_in_catalogue_steps("nobody", None))


def test_what_is_here_is_not_available() -> None:
    assert finish(available_steps()) == ()  # a checkout has all weights of the package's own list
