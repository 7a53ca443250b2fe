import errno

import pytest

from napari_hemalens.atomic import writing


def test_a_file_appears_once_the_block_ends_in_folders_that_were_missing(tmp_path):
    target = tmp_path / "new" / "folder" / "a.csv"
    with writing(target) as temporary:
        temporary.write_text("1")
        assert not target.exists()
        assert temporary.suffix == ".csv"
    assert target.read_text() == "1"


def test_after_an_error_the_old_file_is_there_and_nothing_else(tmp_path):
    target = tmp_path / "a.csv"
    target.write_text("old")

    def fail():
        with writing(target) as temporary:
            temporary.write_text("half of the n")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_writing_again_replaces_the_file(tmp_path):
    for text in ("long before", "new"):
        with writing(tmp_path / "a.csv") as temporary:
            temporary.write_text(text)
    assert (tmp_path / "a.csv").read_text() == "new"


def test_others_may_read_the_file(tmp_path):
    with writing(tmp_path / "a.csv"):
        pass
    assert (tmp_path / "a.csv").stat().st_mode & 0o444 == 0o444


def test_what_cannot_be_written_is_named_not_its_temporary_file(tmp_path, monkeypatch):
    def refused(**asked):
        raise PermissionError(13, "Permission denied", str(asked["dir"] / "x7.csv"))

    monkeypatch.setattr("napari_hemalens.atomic.tempfile.mkstemp", refused)
    with pytest.raises(PermissionError) as error, writing(tmp_path / "a.csv"):
        pass
    assert error.value.filename == str(tmp_path / "a.csv")


def test_where_a_folder_stands_in_place_of_the_file_it_is_named(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(OSError, match=r"directory|denied") as error, writing(tmp_path / "a.csv"):
        pass
    assert error.value.filename == str(tmp_path / "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_of_a_full_disk_the_file_is_named_that_was_written(tmp_path):
    full = OSError(errno.ENOSPC, "No space left on device", "copied.png")  # as shutil says it
    with pytest.raises(OSError, match="No space left") as error, writing(tmp_path / "a.png"):
        raise full
    assert error.value.filename == str(tmp_path / "a.png")
    with pytest.raises(FileNotFoundError) as other, writing(tmp_path / "a.png"):
        (tmp_path / "none.png").read_bytes()
    assert other.value.filename == str(tmp_path / "none.png")
    assert not list(tmp_path.iterdir())
