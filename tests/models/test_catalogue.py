"""A catalogue says what weights are before they are fetched; a laboratory's own comes before the package's."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.weights_server import Server

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.catalogue import (
    CatalogueEntry,
    catalogue_steps,
    find_entry,
    packed_catalogue,
    write_catalogue,
)
from napari_hemalens.progress import finish

RECORD = "10.5281/zenodo.7"


def entry(name: str = "plasma", *where: str, **values: Any) -> CatalogueEntry:
    said = {"description": "Plasma cells", "task": "own", "licence": "CC BY-NC 4.0", "size": 2_500_000}
    hashes = {"sha256": "0" * 64, "card_sha256": "1" * 64}
    return CatalogueEntry(**said | hashes | values, name=name, where=where or (f"{name}.json",))


def test_places_beside_a_catalogue_are_known_by_their_whole_path(tmp_path: Path, weights_server: Server) -> None:
    file = tmp_path / "list.json"
    write_catalogue([entry("plasma", "plasma.json", RECORD, "https://example.org/plasma.json")], file)
    assert [each.name for each in finish(catalogue_steps(str(file)))] == ["plasma", "marrow-robust"]
    by_file, by_address = (finish(catalogue_steps(at))[0] for at in (str(file), f"{weights_server.address}/list.json"))
    assert by_file.where == (str(tmp_path / "plasma.json"), RECORD, "https://example.org/plasma.json")
    assert by_address.where == (f"{weights_server.address}/plasma.json", *by_file.where[1:])


def test_a_variable_names_a_list_whose_weights_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert finish(catalogue_steps()) == packed_catalogue()
    write_catalogue([entry("marrow-robust"), entry()], tmp_path / "list.json")
    monkeypatch.setenv("HEMALENS_CATALOGUE", str(tmp_path / "list.json"))
    assert [(each.name, each.task) for each in finish(catalogue_steps())] == [
        ("marrow-robust", "own"),
        ("plasma", "own"),
    ]
    found = find_entry("plasma")
    assert found is not None
    assert (found.terms, found.megabytes) == ("non-commercial use only: CC BY-NC 4.0", "2.5 MB")
    assert find_entry("nobody") is None
    monkeypatch.setenv("HEMALENS_CATALOGUE", "https://example.org/list.json")  # is not asked for one name
    assert find_entry("plasma") is None
    assert find_entry("marrow-robust") is not None


def test_what_a_stick_has_to_carry_is_said() -> None:
    said = entry("plasma", RECORD, "https://example.org/plasma.json").by_hand
    assert (
        "get plasma.json and plasma.safetensors from https://doi.org/10.5281/zenodo.7, or https://example.org/" in said
    )
    assert "https://example.org/plasma.json and https://example.org/plasma.safetensors; carry both over" in said
    assert said.endswith("by `hemalens weights add plasma.json`.")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 2}, "is no catalogue of version 1, which is read here: version: Input should be 1"),
        ({"weights": [{"name": "a"}]}, "weights.0.description: Field required"),
        ({"weights": [entry().model_dump() | {"where": []}]}, "weights.0.where: Tuple should have at least 1"),
        ({"more": 1}, "more: Extra inputs"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_the_reason(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file = tmp_path / "list.json"
    file.write_text(json.dumps({"version": 1, "weights": []} | change), encoding="utf-8")
    with pytest.raises(WeightsError, match=said):
        finish(catalogue_steps(str(file)))


def test_a_web_page_is_no_catalogue(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("<html>Please log in</html>", encoding="utf-8")
    with pytest.raises(WeightsError, match="which is read here: Invalid JSON"):
        finish(catalogue_steps(str(tmp_path / "list.json")))


def test_a_catalogue_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"The catalogue .*none\.json cannot be read: No such file"):
        finish(catalogue_steps(str(tmp_path / "none.json")))
    with pytest.raises(WeightsError, match=r"Cannot download http://127\.0\.0\.1:9/list\.json"):
        finish(catalogue_steps("http://127.0.0.1:9/list.json"))
