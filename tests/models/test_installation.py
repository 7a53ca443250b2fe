"""Weights are checked before they are installed: what cannot be used leaves no trace."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights
from napari_hemalens.models.cards import ClassifierCard, DetectorCard, ModelCard
from napari_hemalens.models.installation import find_card, install_steps, most_bytes, whole_bytes
from napari_hemalens.progress import finish


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The files of the test over http."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def change(card: ModelCard, **values: object) -> None:
    """Change what a model card says."""
    file = card.file.with_suffix(".json")
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | values), encoding="utf-8")


@pytest.mark.parametrize("source", ["folder", "card", "tensors", "address"])
def test_weights_are_installed_by_their_name(
    untrained: DetectorCard, server: str, installed_weights: Path, source: str
) -> None:
    sources = {
        "folder": untrained.folder,
        "card": untrained.file.with_suffix(".json"),
        "tensors": untrained.file,
        "address": f"{server}/untrained.json",
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
    "path": (lambda card: change(card, name="../untrained"), "cannot be installed by the name '../untrained'"),
    "packed": (lambda card: change(card, name="marrow-lite"), "Packed weights are called marrow-lite"),
}


@pytest.mark.parametrize(
    ("what", "over_http"),
    [*((what, False) for what in REFUSED), *((what, True) for what in ("damaged", "no tensors", "missing", "packed"))],
)
def test_what_cannot_be_used_is_refused_and_leaves_no_trace(
    untrained: DetectorCard, server: str, installed_weights: Path, what: str, *, over_http: bool
) -> None:
    make, said = REFUSED[what]
    make(untrained)
    source = f"{server}/untrained.json" if over_http else untrained.file.with_suffix(".json")
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


def test_a_web_page_is_no_model_card(server: str, tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text("<html>", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"page.json does not describe weights: Invalid JSON"):
        finish(install_steps(f"{server}/page.json", replace=False))
    with pytest.raises(WeightsError, match="is no model card: give the address"):
        finish(install_steps(f"{server}/untrained.safetensors", replace=False))


def test_a_file_of_weights_is_smaller_than_it_may_be(untrained: DetectorCard) -> None:
    assert untrained.file.stat().st_size < most_bytes(untrained) < 64e6 + 5 * untrained.file.stat().st_size


def test_tensors_that_do_not_end_are_refused_where_they_should(
    untrained: DetectorCard, server: str, installed_weights: Path
) -> None:
    whole = untrained.file.stat().st_size
    assert whole_bytes(untrained.file) == whole
    with untrained.file.open("ab") as file:
        file.truncate(whole + 10_000_000)
    taken: list[int] = []  # kB
    steps = install_steps(f"{server}/untrained.json", replace=False)
    with pytest.raises(WeightsError, match=f"goes on after its last tensor: more than {whole:,} bytes"):
        taken.extend(step.done for step in steps)
    assert max(taken) < (whole + 500_000) / 1000
    assert list(installed_weights.iterdir()) == []


SHORT = b"\x02" + bytes(7)  # a header of two letters follows


@pytest.mark.parametrize("content", [b"", b"\x05", b"\xff" * 9, bytes(20), SHORT + b"{}", SHORT + b"[]"])
def test_a_file_without_a_header_tells_no_size(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    assert whole_bytes(tmp_path / "a") is None
