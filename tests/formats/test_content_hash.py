import os
from pathlib import Path

import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.formats import content_hash as hashing
from napari_hemalens.formats.content_hash import content_hash


def test_the_content_counts_and_not_the_name_or_the_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"cells")
    first = content_hash([tmp_path / "a"])
    (tmp_path / "a").rename(tmp_path / "b")
    os.utime(tmp_path / "b", (0, 0))
    assert content_hash([tmp_path / "b"]) == first
    (tmp_path / "b").write_bytes(b"cellz")
    assert content_hash([tmp_path / "b"]) != first


def test_of_several_files_the_order_counts(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    assert content_hash([tmp_path / "a", tmp_path / "b"]) != content_hash([tmp_path / "b", tmp_path / "a"])


def test_a_large_file_is_told_by_its_time_and_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_WHOLE", 100), ("_PIECE", 10), ("_PIECES", 4)):
        monkeypatch.setattr(hashing, name, value)
    file = tmp_path / "slide"
    file.write_bytes(bytes(200))
    os.utime(file, (0, 0))
    first = content_hash([file])
    os.utime(file, (0, 9))
    assert content_hash([file]) != first
    file.write_bytes(bytes(199) + b"x")
    os.utime(file, (0, 0))
    assert content_hash([file]) != first


def test_a_file_that_comes_to_a_folder_changes_it(tmp_path: Path) -> None:
    (tmp_path / "0").write_bytes(b"chunk")
    first = content_hash([tmp_path])
    (tmp_path / "1").write_bytes(b"chunk")
    assert content_hash([tmp_path]) != first


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match=r"pipe.png is no file"):
        content_hash([tmp_path / "pipe.png"])


def test_a_part_of_an_image_is_not_its_whole(tmp_path: Path) -> None:
    (tmp_path / "a.svs").write_bytes(b"slide")
    parts = [Path(f"{tmp_path / 'a.svs'} [Y=0-{end},X=0-9]") for end in (9, 18)]
    assert len({content_hash([path]) for path in (tmp_path / "a.svs", *parts)}) == 3
