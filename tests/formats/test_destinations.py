"""What cannot be written, or would replace something, is refused before anything is computed."""

import os
import sys
from pathlib import Path

import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.formats.destinations import check_folder, check_new


def test_a_folder_that_is_not_there_yet_is_fine_and_is_not_made(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "deeper")
    check_folder(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_is_no_folder_to_write_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecipeError, match=r"^Cannot write results to .*file: it is a file; choose a folder\.$"):
        check_folder(tmp_path / "file")
    with pytest.raises(RecipeError, match=r"^Cannot write results to .*deeper: .*file is a file; choose a folder\.$"):
        check_folder(tmp_path / "file" / "new" / "deeper")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="nothing is closed to this user")
def test_a_folder_that_is_closed_to_this_user_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(RecipeError, match=r"^Cannot write results to .*new: Permission denied\.$"):
        check_folder(closed / "new")


@pytest.mark.skipif(sys.platform != "linux", reason="a file system that takes no files is /proc")
def test_a_file_system_that_takes_no_files_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"^Cannot write results to /proc/new: "):
        check_folder(Path("/proc/new"))


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").touch()
    check_new([tmp_path / "other.csv"])
    with pytest.raises(RecipeError, match=r"mine\.csv is there already, and would be replaced; choose another folder"):
        check_new([tmp_path / "other.csv", tmp_path / "mine.csv"])
