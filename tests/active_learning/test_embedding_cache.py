"""The cache gives back what was put in, or says that it cannot."""

from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.active_learning.embedding_cache import BLOCK, EmbeddingCache

RNG = np.random.default_rng(0)
KEYS = [f"{k:016x}" for k in range(300)]
VECTORS = RNG.normal(0, 1, (300, 7)).astype(np.float32)
PICTURES = RNG.integers(0, 255, (300, 64, 64, 3), dtype=np.uint8)


def filled(tmp_path: Path) -> EmbeddingCache:
    cache = EmbeddingCache(tmp_path, "ab", {"side": 32})
    for start in range(0, 300, 50):
        part = slice(start, start + 50)
        cache.add(KEYS[part], VECTORS[part], PICTURES[part])
    cache.flush()
    return cache


def test_what_was_added_is_there_in_a_later_session(tmp_path: Path) -> None:
    filled(tmp_path)
    again = EmbeddingCache(tmp_path, "ab", {"side": 32})
    order = RNG.permutation(300)
    wanted = [KEYS[k] for k in order]
    np.testing.assert_array_equal(again.vectors(wanted), VECTORS[order])
    pictures = again.thumbnails(wanted)
    np.testing.assert_array_equal(pictures[17], PICTURES[order[17]])
    np.testing.assert_array_equal(pictures.take(np.array([5, 2]))[1], PICTURES[order[2]])
    assert (len(pictures), len(again), "00" * 8 in again, again.notes) == (300, 300, True, [])
    assert [file.suffix for file in again.folder.iterdir()] == [".safetensors"]


def test_blocks_are_on_disk_before_the_end(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "ab", {})
    cache.add(KEYS[:BLOCK], VECTORS[:BLOCK], PICTURES[:BLOCK])
    assert len(EmbeddingCache(tmp_path, "ab", {})) == BLOCK
    cache.add(KEYS[BLOCK:], VECTORS[BLOCK:], PICTURES[BLOCK:])
    assert len(EmbeddingCache(tmp_path, "ab", {})) == BLOCK  # the rest waits
    cache.flush()
    assert len(EmbeddingCache(tmp_path, "ab", {})) == 300


@pytest.mark.parametrize(("sha256", "crop"), [("cd", {"side": 32}), ("ab", {"side": 64})])
def test_the_cache_of_another_network_or_crop_is_left_alone(sha256: str, crop: dict[str, int], tmp_path: Path) -> None:
    first = filled(tmp_path)
    other = EmbeddingCache(tmp_path, sha256, crop)
    assert len(other) == 0
    other.add(KEYS[:2], VECTORS[:2, :3], PICTURES[:2])
    other.flush()
    assert len(EmbeddingCache(tmp_path, "ab", {"side": 32})) == 300
    assert first.folder != other.folder


def test_a_block_copied_from_another_network_is_not_read(tmp_path: Path) -> None:
    first = filled(tmp_path)
    other = EmbeddingCache(tmp_path, "cd", {})
    other.folder.mkdir()
    (block,) = first.folder.iterdir()
    (other.folder / block.name).write_bytes(block.read_bytes())
    again = EmbeddingCache(tmp_path, "cd", {})
    assert (len(again), len(again.notes)) == (0, 1)


@pytest.mark.parametrize("damage", ["cut", "bit", "header", "empty"])
def test_a_damaged_block_is_given_up_and_said(damage: str, tmp_path: Path) -> None:
    cache = filled(tmp_path)
    (file,) = cache.folder.iterdir()
    content = bytearray(file.read_bytes())
    if damage == "bit":
        at = bytes(content).index(VECTORS[:1].tobytes())
        content[at] ^= 1
    file.write_bytes({"cut": content[:-1000], "bit": content, "header": b"x" * 900, "empty": b""}[damage])
    again = EmbeddingCache(tmp_path, "ab", {"side": 32})
    assert len(again) < 300
    assert f"{file.name} were damaged and are computed again" in again.notes[0]
    missing = [k for k, key in enumerate(KEYS) if key not in again]
    again.add([KEYS[k] for k in missing], VECTORS[missing], PICTURES[missing])
    again.flush()
    third = EmbeddingCache(tmp_path, "ab", {"side": 32})
    np.testing.assert_array_equal(third.vectors(KEYS), VECTORS)


def test_an_empty_cache_has_no_vectors(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "ab", {})
    assert (cache.vectors([]).shape, len(cache.thumbnails([]))) == ((0, 0), 0)


def test_two_windows_add_to_one_cache(tmp_path: Path) -> None:
    first, second = EmbeddingCache(tmp_path, "ab", {}), EmbeddingCache(tmp_path, "ab", {})
    first.add(KEYS[:3], VECTORS[:3], PICTURES[:3])
    second.add(KEYS[2:5], VECTORS[2:5], PICTURES[2:5])
    first.flush()
    second.flush()
    np.testing.assert_array_equal(EmbeddingCache(tmp_path, "ab", {}).vectors(KEYS[:5]), VECTORS[:5])


def test_a_cache_that_is_looked_at_only_stays_as_it_is(tmp_path: Path) -> None:
    filled(tmp_path)
    (filled(tmp_path).folder / "damaged.safetensors").write_bytes(b"x")
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    looking = EmbeddingCache(tmp_path, "ab", {"side": 32}, read_only=True)
    looking.add(["ff" * 8], VECTORS[:1], PICTURES[:1])
    looking.flush()
    np.testing.assert_array_equal(looking.thumbnails(["ff" * 8])[0], PICTURES[0])
    assert (len(looking), len(looking.notes)) == (301, 1)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before
