"""Files that were read before are known until they change."""

from pathlib import Path

import pytest

from napari_hemalens.active_learning.known_images import FILE, KnownImages
from napari_hemalens.records.taught_cells import TaughtImage

IMAGE = TaughtImage("a.png", "f0", (20, 30), 0.25)


def test_a_file_is_known_in_a_later_session_until_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"one")
    known = KnownImages(tmp_path / "caches")
    assert known.get(file) is None
    known.put(file, IMAGE)
    known.save()
    assert KnownImages(tmp_path / "caches").get(file) == IMAGE
    file.write_bytes(b"other")
    assert KnownImages(tmp_path / "caches").get(file) is None


def test_nothing_is_written_where_nothing_was_added(tmp_path: Path) -> None:
    KnownImages(tmp_path / "caches").save()
    KnownImages().save()
    assert not (tmp_path / "caches").exists()


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": 3}', '{"a": ["x", "y", 1]}'])
def test_a_damaged_file_is_begun_again(content: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(content)
    (tmp_path / "a.png").touch()
    known = KnownImages(tmp_path)
    known.put(tmp_path / "a.png", IMAGE)
    known.save()
    assert KnownImages(tmp_path).get(tmp_path / "a.png") == IMAGE


def test_a_folder_is_read_every_time(tmp_path: Path) -> None:
    known = KnownImages()
    known.put(tmp_path, IMAGE)
    assert known.get(tmp_path) is None
