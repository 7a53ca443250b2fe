"""A card is read before its tensors are fetched, wherever both are; one record of Zenodo may hold several."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from tests.weights_server import NEWEST, RECORD, RESTRICTED, Server

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.installation import install_steps
from napari_hemalens.models.weights_sources import find_card, offer_steps, whole_bytes
from napari_hemalens.progress import finish


def packed(card: DetectorCard, name: str = "package.zip") -> Path:
    """Put weights into a package, and take their files away."""
    files = (card.file, card.file.with_suffix(".json"))
    with zipfile.ZipFile(card.folder / name, "w") as package:
        for file in files:
            package.write(file, file.name)
    for file in files:
        file.unlink()
    return card.folder / name


def kept_downloads() -> list[Path]:
    """Return what lies in the cache, hidden files too."""
    return [*(Path(os.environ["HEMALENS_CACHE"]) / "weights").glob("*")]


@pytest.mark.parametrize("source", [RECORD, f"doi:{RECORD}", f"https://doi.org/{RECORD}", NEWEST.upper()])
def test_weights_of_a_record_are_looked_up_then_installed(
    untrained: DetectorCard, weights_server: Server, installed_weights: Path, source: str
) -> None:
    (untrained.folder / "README.md").write_text("# Weights", encoding="utf-8")
    offer = finish(offer_steps(source))
    assert (offer.card.name, offer.remote, offer.size) == ("untrained", True, untrained.file.stat().st_size)
    assert not [path for path in weights_server.asked if "safetensors" in path]
    assert list(installed_weights.iterdir()) == []
    card = finish(install_steps(offer, replace=False))
    assert weights.verify(card).read_bytes() == untrained.file.read_bytes()


def test_what_was_downloaded_once_is_not_downloaded_again(
    untrained: DetectorCard, weights_server: Server, installed_weights: Path
) -> None:
    for _ in range(2):
        finish(install_steps(RECORD, replace=True))
    assert len([path for path in weights_server.asked if "safetensors" in path]) == 1
    (kept,) = kept_downloads()
    kept.write_bytes(b"damaged")
    finish(install_steps(RECORD, replace=True))
    weights.verify(weights.model_card("untrained"))


def test_a_package_of_a_record_is_installed(untrained: DetectorCard, weights_server: Server) -> None:
    whole = untrained.file.read_bytes()
    size = packed(untrained).stat().st_size
    offer = finish(offer_steps(RECORD))
    assert (offer.card.name, offer.remote, offer.size) == ("untrained", True, size)
    assert weights.verify(finish(install_steps(offer, replace=False))).read_bytes() == whole


def test_one_of_several_weights_of_a_record_is_named(untrained: DetectorCard, weights_server: Server) -> None:
    said = json.loads(untrained.file.with_suffix(".json").read_text("utf-8")) | {"name": "other"}
    (untrained.folder / "other.json").write_text(json.dumps(said), encoding="utf-8")
    shutil.copyfile(untrained.file, untrained.folder / "other.safetensors")
    with pytest.raises(WeightsError, match=r"holds 2 weights; add --file and one of: other\.json, untrained\.json"):
        finish(offer_steps(RECORD))
    for file in ("other.json", "other.safetensors"):
        assert finish(offer_steps(RECORD, file=file)).card.name == "other"
    with pytest.raises(WeightsError, match=r"no weights 'none.json'; those that it holds: other.json, untrained.json"):
        finish(offer_steps(RECORD, file="none.json"))
    with pytest.raises(WeightsError, match="--file chooses among the weights of a DOI"):
        finish(offer_steps(untrained.file, file="other.json"))


def test_tensors_that_are_not_the_cards_are_not_kept(
    untrained: DetectorCard, weights_server: Server, installed_weights: Path
) -> None:
    offer = finish(offer_steps(RECORD))
    with untrained.file.open("r+b") as file:
        file.seek(2000)
        file.write(b"exchanged")
    with pytest.raises(WeightsError, match="is damaged or was exchanged: its sha256 is"):
        finish(install_steps(offer, replace=False))
    assert list(installed_weights.iterdir()) == []
    assert not kept_downloads()


def test_a_download_that_is_stopped_leaves_nothing(
    untrained: DetectorCard, weights_server: Server, installed_weights: Path
) -> None:
    steps = install_steps(finish(offer_steps(RECORD)), replace=False)
    while "kB" not in next(steps).message:
        pass
    steps.close()
    assert list(installed_weights.iterdir()) == []
    assert not kept_downloads()


def test_a_record_that_shows_nothing_is_refused(weights_server: Server, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"zenodo\.5 shows no files: its owner may have restricted them"):
        finish(offer_steps(RESTRICTED))
    (tmp_path / "cells.csv").write_text("a", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"zenodo\.7 holds no weights of HemaLens .*; it holds: cells\.csv\."):
        finish(offer_steps(RECORD))


def test_a_folder_must_hold_one_model_card(untrained: DetectorCard, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text("{}", encoding="utf-8")
    assert find_card(tmp_path) == untrained.file.with_suffix(".json")
    for suffix in (".json", ".safetensors"):
        shutil.copyfile(untrained.file.with_suffix(suffix), tmp_path / f"other{suffix}")
    with pytest.raises(WeightsError, match=r"it holds 2 \(other.json, untrained.json\); name one\."):
        find_card(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match="it holds none"):
        find_card(tmp_path / "empty")
    with pytest.raises(WeightsError, match="There is no file or folder"):
        find_card(tmp_path / "nothing.json")
    (tmp_path / "alone.safetensors").touch()
    with pytest.raises(WeightsError, match=r"alone.safetensors is no model card"):
        find_card(tmp_path / "alone.safetensors")


SHORT = b"\x02" + bytes(7)  # a header of two letters follows


@pytest.mark.parametrize("content", [b"", b"\x05", b"\xff" * 9, bytes(20), SHORT + b"{}", SHORT + b"[]"])
def test_a_file_without_a_header_tells_no_size(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    assert whole_bytes(tmp_path / "a") is None


def test_a_web_page_is_no_model_card(weights_server: Server, tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text("<html>", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"page.json does not describe weights: Invalid JSON"):
        finish(offer_steps(f"{weights_server.address}/page.json"))
    with pytest.raises(WeightsError, match="is no model card: give the address"):
        finish(offer_steps(f"{weights_server.address}/untrained.safetensors"))
