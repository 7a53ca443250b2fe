"""Lines and rows of tiles are put below each other, and the sheet is as long as they are."""

import numpy as np
import pytest

from napari_hemalens.figures.sheet import GAP, SEAM, Block, Sheet

TILE = np.full((20, 20, 3), 200, np.uint8)


@pytest.fixture
def sheet():
    return Sheet(200, "black", "white")


def test_tiles_lie_side_by_side_and_blocks_apart(sheet):
    (first, second) = sheet.row([Block([TILE, TILE], ["one"], 20), Block([TILE], ["two"], 20)])
    assert first[2] - first[0] == Block([TILE, TILE], [], 20).width == 2 * 20 + SEAM
    assert second[0] == first[2] + GAP
    seen = np.asarray(sheet.picture())
    assert (seen[:20, first[0] : first[0] + 20] == 200).all()
    assert (seen[:20, 20:22] == 255).all()


def test_a_missing_tile_leaves_its_place_empty(sheet):
    sheet.row([Block([None, TILE], [], 20)])
    seen = np.asarray(sheet.picture())
    assert (seen[:20, :20] == 255).all()
    assert (seen[:20, 22:42] == 200).all()


def test_a_caption_is_cut_off_or_wrapped():
    words = ["a caption of more words than fit below a tile of that width"]
    cut, wrapped = Sheet(200, "black", None), Sheet(200, "black", None)
    cut.row([Block([TILE], words, 20)])
    wrapped.row([Block([TILE], words, 20)], wrapped=True)
    assert cut.picture().height < wrapped.picture().height
    assert cut.picture().mode == "RGBA"


def test_lines_make_the_sheet_longer_and_a_line_of_more_words_takes_more(sheet):
    sheet.line("few words")
    one = sheet.picture().height
    sheet.line("many words " * 20)
    assert sheet.picture().height > 2 * one
