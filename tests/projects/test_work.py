"""Work is on the disk whole, or as it was before."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import ProjectError
from napari_hemalens.projects.document import ImageEntry
from napari_hemalens.projects.work import Record, WorkEntry, WorkFiles, WorkItem, read_document, read_parts


def item(array: np.ndarray, name: str = "a/b c.tif") -> WorkItem:
    entry = WorkEntry(image=ImageEntry(name=name, path="", fingerprint="", shape=(4, 5)), said={"frame": [1]})
    return WorkItem(entry, {"cells": Record((array,), lambda: {"array": array}, compressed=True)})


def records(folder: Path) -> list[Path]:
    return sorted((folder / "work").glob("*.npz"))


def kept(folder: Path) -> list[list[int]]:
    document = read_document(folder, "detect")
    assert document is not None
    parts = [read_parts(folder, entry.records["cells"]) for entry in document.images]
    return [part["array"].tolist() for part in parts if part is not None]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert WorkFiles(tmp_path).read("detect") is None
    assert WorkFiles(tmp_path).write("detect", [item(np.arange(3))], {"score": 0.25})
    document = WorkFiles(tmp_path).read("detect")
    assert document is not None
    assert (document.choices, document.images[0].said) == ({"score": 0.25}, {"frame": [1]})
    assert kept(tmp_path) == [[0, 1, 2]]


def test_only_what_has_changed_is_written_and_what_is_old_is_deleted(tmp_path: Path) -> None:
    files, first, second = WorkFiles(tmp_path), np.arange(3), np.arange(4)
    assert files.write("detect", [item(first), item(second)], {})
    before = records(tmp_path)
    assert not files.write("detect", [item(first), item(second)], {})
    assert files.write("detect", [item(first), item(np.arange(5))], {})
    after = records(tmp_path)
    assert (len(before), len(after), len({*before} & {*after})) == (2, 2, 1)
    assert kept(tmp_path) == [[0, 1, 2], [0, 1, 2, 3, 4]]


def test_records_of_another_dock_stay(tmp_path: Path) -> None:
    files, array = WorkFiles(tmp_path), np.arange(3)
    files.write("classify", [item(array)], {})
    files.write("detect", [item(array)], {})
    files.write("detect", [], {})
    assert len(records(tmp_path)) == 1


def test_records_as_they_were_read_are_not_written_again(tmp_path: Path) -> None:
    WorkFiles(tmp_path).write("detect", [item(np.arange(3))], {})
    files, read = WorkFiles(tmp_path), np.arange(3)
    document = files.read("detect")
    assert document is not None
    files.adopt([(item(read).records["cells"], document.images[0].records["cells"])])
    assert not files.write("detect", [item(read)], {})


def test_a_disk_that_is_full_leaves_the_work_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = WorkFiles(tmp_path)
    files.write("detect", [item(np.arange(3))], {})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_hemalens.projects.work.write_record", full)
    with pytest.raises(ProjectError, match=r"could not be written to .*No space left on device"):
        files.write("detect", [item(np.arange(9))], {})
    assert kept(tmp_path) == [[0, 1, 2]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Cannot read"),
        ("[]", "does not describe work"),
        (json.dumps({"format": "hemalens-work", "version": 2}), "written by a newer HemaLens .format 2; this knows 1"),
        (json.dumps({"format": "hemalens-work", "images": [{}]}), "does not describe work: images.0.image"),
    ],
)
def test_what_is_no_work_of_this_version_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "detect.json").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match=reason):
        read_document(tmp_path, "detect")


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from napari_hemalens.projects.document import ImageEntry
from napari_hemalens.projects.work import Record, WorkEntry, WorkFiles, WorkItem
files = WorkFiles(Path(sys.argv[1]))
def say(n, choices={}):
    entry = WorkEntry(image=ImageEntry(name="a", path="", fingerprint="", shape=(4, 5)))
    array = np.arange(n)
    files.write("detect", [WorkItem(entry, {"cells": Record((array,), lambda: {"array": array})})], choices)
say(3)
say(4)
if sys.argv[2] == "while writing":
    Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    say(5)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("when", ["after writing", "while writing"])
def test_a_kill_loses_nothing_that_was_written(tmp_path: Path, when: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), when], check=False)
    assert done.returncode == -signal.SIGKILL
    assert kept(tmp_path) == [[0, 1, 2, 3]]


@pytest.mark.parametrize(("tissue", "written"), [("marrow", False), ("blood", True)])
def test_options_are_kept_without_an_image_where_somebody_chose_them(
    tmp_path: Path, tissue: str, written: bool
) -> None:
    files = WorkFiles(tmp_path)
    usual = {"tissue": "marrow", "device": "auto"}
    assert files.write("detect", [], {"options": {"tissue": tissue}}, usual) is written
    assert (read_document(tmp_path, "detect") is not None) is written
    if written:
        assert files.write("detect", [], {"options": {"tissue": "marrow"}}, usual)
