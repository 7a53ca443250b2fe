"""Cells by box of many images: written, read back, and refused where a row does not say what a cell needs."""

from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.cell_table import CellTable, licence_of, read, read_folder, write, write_licence

HEADER = "image,y0,x0,y1,x1,pixel_size_um,class"


def table(n: int, laboratory: str = "Munich") -> CellTable:
    return CellTable(
        images=np.array([Path(f"/d/{k}.png") for k in range(n)], dtype=object),
        boxes=np.arange(4 * n, dtype=np.float32).reshape(n, 4) + np.float32(0.5),
        pixel_sizes=np.full(n, 0.09, np.float32),
        class_names=np.array(["blast", "monocyte"] * n)[:n],
        laboratories=np.full(n, laboratory),
        blocks=np.array([f"{laboratory} {k // 2}" for k in range(n)]),
        parts=np.array(["train", "choose", "val"] * n)[:n],
    )


def same(found: CellTable, expected: CellTable) -> None:
    for name in CellTable.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_what_is_written_is_read_back_as_it_was(tmp_path: Path) -> None:
    write(table(5), tmp_path / "cells.csv")
    found = read(tmp_path / "cells.csv")
    same(found, table(5))
    assert (found.boxes.dtype, found.pixel_sizes.dtype) == (np.float32, np.float32)


def test_images_lie_where_the_table_lies_unless_their_path_is_whole(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text(f"{HEADER}\nimages/a.png,0,1,2,3,0.1,blast\n/d/b.png,0,1,2,3,0.1,blast\n")
    assert read(tmp_path / "cells.csv").images.tolist() == [tmp_path / "images/a.png", Path("/d/b.png")]


def test_a_table_made_by_hand_needs_only_what_a_cell_is(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\na.png,0,1,2,3,0.1,blast\n".encode())
    found = read(tmp_path / "cells.csv")
    assert found.boxes.tolist() == [[0, 1, 2, 3]]
    assert (found.laboratories[0], found.blocks[0], found.parts[0]) == ("", "a.png", "train")


def test_empty_columns_are_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text(f"{HEADER},laboratory,block,part\na.png,0,1,2,3,0.1,blast,,,\n")
    found = read(tmp_path / "cells.csv")
    assert (found.laboratories[0], found.blocks[0], found.parts[0]) == ("", "a.png", "train")


def test_rows_are_taken_and_joined_together() -> None:
    both = CellTable.join([table(2), table(3, "PBC")])
    assert len(both) == 5
    same(both.take(both.laboratories == "PBC"), table(3, "PBC"))
    assert both.take(np.array([4, 0])).boxes[:, 0].tolist() == [8.5, 0.5]


def test_the_licences_of_tables_are_told_once_each(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "three", "four")]
    for folder, licence in zip(folders, ("GPL-3", "CC BY-NC-SA 4.0", "GPL-3"), strict=False):
        write_licence(folder, licence)
    assert licence_of(folders) == "Of the images: GPL-3; CC BY-NC-SA 4.0"
    assert licence_of(folders[3:]) == ""
    (folders[0] / "licence.txt").write_bytes(b"\xff")
    with pytest.raises(AnnotationError, match=r"Cannot read .*licence\.txt"):
        licence_of(folders)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEADER}\n", "lists no cells"),
        ("image,y0,x0,y1,x1,class\na.png,0,1,2,3,blast\n", "lacks the column 'pixel_size_um'; it has image, y0"),
        (f"{HEADER}\na.png,0,1,2,wide,0.1,blast\n", "line 2: 'wide' is not a number"),
        (f"{HEADER}\na.png,0,1,2,3,0.1,blast\na.png,0,1\n", "line 3: '' is not a number"),
        (f"{HEADER}\na.png,0,1,2,3,nan,blast\n", "cell 1 .*or its pixel size is none"),
        (f"{HEADER}\na.png,9,1,2,3,0.1,blast\n", "the box of cell 1 has no area"),
        (f"{HEADER}\na.png,0,1,2,3,0,blast\n", "the box of cell 1 has no area"),
    ],
    ids=["no cell", "no column", "no number", "a short row", "not a number", "turned over", "no scale"],
)
def test_a_table_that_says_too_little_is_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "cells.csv").write_text(text)
    with pytest.raises(AnnotationError, match=said) as caught:
        read(tmp_path / "cells.csv")
    assert "cells.csv" in str(caught.value)


def test_a_folder_without_a_table_is_told_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"has no cells\.csv: `hemalens prepare` writes it .*`hemalens collect`"):
        read_folder(tmp_path)


@pytest.mark.parametrize("content", [None, b"\x89PNG\r\n\x1a\n\xff\xfe"], ids=["missing", "no text"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "cells.csv").write_bytes(content)
    with pytest.raises(AnnotationError, match=r"Cannot read .*cells\.csv: No such|cells\.csv is not a table of cells"):
        read(tmp_path / "cells.csv")
