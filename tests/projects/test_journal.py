"""The journal loses nothing that was written, and says what it could not read."""

import subprocess
import sys
from pathlib import Path

import pytest

from napari_hemalens.errors import ProjectError
from napari_hemalens.projects import journal
from napari_hemalens.projects.decisions import Decision, Entry

FIRST = (Decision("label", "a1", "c1", "Höckerzelle", "f0", (0.0, 1.5, 20.25, 30.0), True, "queue", "2026-01-01"),)
SECOND = (Decision("unsure", "b2", where="gallery"), Decision("skip", "c3"))


def written(tmp_path: Path, *entries: Entry) -> Path:
    file = tmp_path / "labels.jsonl"
    for entry in entries:
        journal.append(file, entry)
    return file


def test_entries_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    file = written(tmp_path, FIRST, "undo", "redo", SECOND)
    assert journal.read(file) == ([FIRST, "undo", "redo", SECOND], [], file.stat().st_size)
    assert len(file.read_text("utf-8").splitlines()) == 4


def test_no_file_is_no_entries(tmp_path: Path) -> None:
    assert journal.read(tmp_path / "labels.jsonl") == ([], [], 0)


@pytest.mark.parametrize("kept", [1, 30, -2, -1])
def test_a_line_that_was_cut_off_is_dropped_and_said(kept: int, tmp_path: Path) -> None:
    file = written(tmp_path, FIRST, SECOND)
    content = file.read_bytes()
    at = content.index(b"\n") + 1
    file.write_bytes(content[:at] + content[at:][:kept])
    entries, notes, sound = journal.read(file)
    assert (entries, sound) == ([FIRST], at)
    assert len(notes) == 1
    assert "cut off" in notes[0]
    journal.cut_off(file, sound)
    journal.append(file, SECOND)
    assert journal.read(file)[:2] == ([FIRST, SECOND], [])


def test_half_a_line_that_a_full_disk_left_does_not_spoil_the_next(tmp_path: Path) -> None:
    file = written(tmp_path, FIRST)
    with file.open("ab") as out:
        out.write(b'{"step":[{"kind"')
    journal.append(file, SECOND)
    entries, notes, _ = journal.read(file)
    assert entries == [FIRST, SECOND]
    assert notes == ["Line 2 of labels.jsonl cannot be read and is left out."]


@pytest.mark.parametrize(
    "line",
    ['{"step":[]}', '{"do":"again"}', "7", '{"step":[{"kind":"label","cell":"a","box":[0,0,1,1]}]}', "\xff"],
)
def test_a_line_that_is_no_entry_is_left_out_and_said(line: str, tmp_path: Path) -> None:
    file = written(tmp_path, FIRST)
    with file.open("ab") as out:
        out.write(line.encode("latin-1") + b"\n")
    journal.append(file, SECOND)
    entries, notes, _ = journal.read(file)
    assert entries == [FIRST, SECOND]
    assert len(notes) == 1


def test_a_folder_that_is_gone_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="The label could not be written"):
        journal.append(tmp_path / "gone" / "labels.jsonl", FIRST)


def test_a_process_killed_at_any_moment_loses_at_most_the_last_label(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    code = (
        "import sys; from pathlib import Path; from napari_hemalens.projects import journal\n"
        "from napari_hemalens.projects.decisions import Decision\n"
        "for k in range(10**6):\n"
        "    journal.append(Path(sys.argv[1]), (Decision('label', str(k), 'c1', 'blast'),))\n"
        "    print(k, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.kill()
    said = 20 + len(process.stdout.read().splitlines())
    process.wait()
    process.stdout.close()
    entries, _, _ = journal.read(file)
    assert [step[0].cell for step in entries if not isinstance(step, str)] == [str(k) for k in range(len(entries))]
    assert len(entries) >= said
