"""A DOI is known in all its forms; a record that cannot be had is said with a way round."""

import hashlib
from pathlib import Path

import pytest
from tests.weights_server import NEWEST, RECORD, Server

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cached_download import RemoteFile
from napari_hemalens.models.zenodo import choose_weights, doi_of, record_steps
from napari_hemalens.progress import finish


def files(*names: str) -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(name, f"https://example.org/{name}", "md5:0", 1) for name in names)


@pytest.mark.parametrize(
    ("source", "doi"),
    [
        (RECORD, RECORD),
        (f"doi:{RECORD}", RECORD),
        (f" DOI: {RECORD} ", RECORD),
        (f"https://doi.org/{RECORD}", RECORD),
        (f"http://dx.doi.org/{RECORD}", RECORD),
        ("10.1000/xyz", "10.1000/xyz"),
        ("weights/10.5281/zenodo.7", None),
        ("https://zenodo.org/records/7", None),
        ("marrow-lite", None),
        ("10.5281", None),
    ],
)
def test_a_doi_is_told_from_files_and_addresses(source: str, doi: str | None) -> None:
    assert doi_of(source) == doi


@pytest.mark.parametrize("doi", [RECORD, NEWEST])
def test_files_of_a_record_have_address_size_and_hash(weights_server: Server, tmp_path: Path, doi: str) -> None:
    (tmp_path / "a.json").write_bytes(b"card")
    (file,) = finish(record_steps(doi))
    assert (file.name, file.size) == ("a.json", 4)
    assert file.url == f"{weights_server.address}/api/records/7/files/a.json/content"
    assert file.known_hash == f"md5:{hashlib.md5(b'card', usedforsecurity=False).hexdigest()}"


def test_without_a_connection_a_way_round_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMALENS_ZENODO", "http://127.0.0.1:9/api/records/")
    with pytest.raises(WeightsError, match=f"no connection.* The files are at https://doi.org/{RECORD}: what another"):
        finish(record_steps(RECORD))


def test_records_that_are_none_are_refused(
    weights_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WeightsError, match=r"10\.1000/xyz is no DOI of Zenodo"):
        finish(record_steps("10.1000/xyz"))
    with pytest.raises(WeightsError, match="answers 404"):
        finish(record_steps("10.5281/zenodo.404"))
    (tmp_path / "7").write_text("<html>", encoding="utf-8")
    monkeypatch.setenv("HEMALENS_ZENODO", weights_server.address)
    with pytest.raises(WeightsError, match="is no record of Zenodo as it is known here: Invalid JSON"):
        finish(record_steps(RECORD))


def test_cards_count_before_packages_of_the_same_weights() -> None:
    held = files("a.json", "a.safetensors", "a.zip", "truth.json", "other.safetensors")
    assert [file.name for file in choose_weights(held, RECORD)] == ["a.json", "a.safetensors"]
    assert [file.name for file in choose_weights(held, RECORD, "a.zip")] == ["a.zip"]
    assert [file.name for file in choose_weights(files("a.zip", "notes.txt"), RECORD)] == ["a.zip"]
    with pytest.raises(WeightsError, match=r"no weights 'truth.json'; those that it holds: a.json, a.zip"):
        choose_weights(held, RECORD, "truth.json")
