"""What is in the cache is what its hash says; nothing else is kept."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cached_download import RemoteFile, cached_steps
from napari_hemalens.progress import Progress, Steps, finish

BODY = b"tensors"


def file(digits: str = hashlib.sha256(BODY).hexdigest(), name: str = "a.safetensors") -> RemoteFile:
    return RemoteFile(name, f"https://example.org/{name}", f"sha256:{digits}")


def bringing(body: bytes, brought: list[bytes] | None = None) -> Callable[[Path], Steps[None]]:
    def download(to: Path) -> Steps[None]:
        yield Progress(0, 0)
        to.write_bytes(body)
        if brought is not None:
            brought.append(body)

    return download


@pytest.fixture
def cache() -> Path:
    return Path(os.environ["HEMALENS_CACHE"]) / "weights"


def test_a_file_is_fetched_once_and_again_if_it_was_changed(cache: Path) -> None:
    brought: list[bytes] = []
    for _ in range(2):
        kept = finish(cached_steps(file(), bringing(BODY, brought)))
    assert (kept.parent, kept.read_bytes(), len(brought)) == (cache, BODY, 1)
    kept.write_bytes(b"other")
    assert finish(cached_steps(file(), bringing(BODY, brought))).read_bytes() == BODY
    assert len(brought) == 2
    assert [each.name for each in cache.iterdir()] == [kept.name]


def test_another_file_is_not_kept(cache: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"https://example.org/a.safetensors is damaged or was exchanged: its sha256"
    ):
        finish(cached_steps(file(), bringing(b"other")))
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("digits", ["", "../../x", "0" * 8])
def test_what_is_no_hash_names_no_file(digits: str, cache: Path) -> None:
    with pytest.raises(WeightsError, match="which is said to be its hash, is none"):
        finish(cached_steps(file(digits), bringing(BODY)))
    assert not cache.exists()


def test_a_name_that_is_a_path_stays_in_the_cache(cache: Path) -> None:
    assert finish(cached_steps(file(name="../../a.zip"), bringing(BODY))).parent == cache


def test_a_cache_that_cannot_be_written_is_said(cache: Path) -> None:
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("a file", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"a\.safetensors cannot be kept in .*weights: "):
        finish(cached_steps(file(), bringing(BODY)))
