"""One way to read JSON serves the tools whose files are read and never written."""

import json
from pathlib import Path
from typing import Any

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.draft import Draft
from napari_hemalens.formats.json_format import JsonFormat


def _cells(found: Any) -> list[list[float]] | None:
    return found.get("cells") if isinstance(found, dict) else None


def _drafts(file: Path, cells: list[list[float]]) -> list[Draft]:
    draft = Draft(file, str(file.with_suffix(".png")), (100, 100))
    for top, left, bottom, right in cells:
        draft.add((top, left, bottom, right), "lymphocyte")
    return [draft]


FORMAT = JsonFormat("cells.json", "lists no cells.", _cells, _drafts)


def saved(file: Path, content: object) -> Path:
    file.write_text(json.dumps(content))
    return file


def test_files_of_other_formats_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    saved(tmp_path / "a.json", {"cells": [[1, 2, 11, 12]]})
    saved(tmp_path / "b.json", {"shapes": []})
    assert FORMAT.holds(tmp_path)
    (found,) = FORMAT.read(tmp_path)
    assert found.provenance.image == str(tmp_path / "a.png")
    assert found.boxes.tolist() == [[1, 2, 11, 12]]


def test_the_usual_file_is_read_alone(tmp_path: Path) -> None:
    saved(tmp_path / "a.json", {"cells": [[1, 2, 11, 12]]})
    saved(tmp_path / "cells.json", {"cells": [[1, 2, 11, 12], [21, 22, 31, 32]]})
    (found,) = FORMAT.read(tmp_path)
    assert len(found) == 2


def test_a_file_of_another_format_is_refused_if_asked_for(tmp_path: Path) -> None:
    file = saved(tmp_path / "b.json", {"shapes": []})
    assert not FORMAT.holds(file)
    with pytest.raises(AnnotationError, match=r"b\.json lists no cells"):
        FORMAT.read(file)
