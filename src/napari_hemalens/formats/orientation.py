"""Boxes that were drawn in an image as viewers turn it, brought to where its pixels are stored.

Browsers, and so VIA, CVAT and Label Studio, turn a photograph by the orientation in its EXIF header (tag 274) before
anybody draws in it. Everything else here reads pixels as they are stored.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from PIL import Image

from napari_hemalens.formats.image_names import is_file

Frame = Literal["shown", "stored"]
_Box = tuple[float, float, float, float]  # y0, x0, y1, x1
_Size = tuple[int, int]  # height, width
_ORIENTATION = 274
_TURNABLE = (".jpg", ".jpeg", ".jfif", ".webp")  # of the others, Pillow reads the header only with the pixels
_AT_END = ".webp"  # where its EXIF lies

# What becomes of a box of the shown image, by EXIF orientation: axes swapped, then mirrored in y, in x.
_TURNS: Mapping[int, tuple[bool, bool, bool]] = {
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}


def place(
    boxes: Sequence[_Box], image: str, stated: _Size | None, frame: Frame | None
) -> tuple[list[_Box], _Size | None, tuple[str, ...]]:
    """Return boxes in the frame in which the pixels are stored, the size of the image there, and a note if they moved.

    Parameters
    ----------
    boxes : sequence of (y0, x0, y1, x1)
        As the file has them, in pixels.
    image : str
        Path of the image; if it is not there, or has no orientation, nothing changes.
    stated : (height, width) or None
        Size of the image by the file of annotations.
    frame : {'shown', 'stored'} or None
        In which the tool draws; None: seen from the size and the boxes, else 'stored'.
    """
    found = _turned(image)
    if found is None:
        return list(boxes), stated, ()
    turn, stored = found
    shown = (stored[1], stored[0]) if turn >= 5 else stored
    if stated not in {None, stored, shown}:
        return list(boxes), stated, ()
    seen = _seen(boxes, stated, stored, shown)
    chosen = seen or frame or "stored"
    why = "" if seen else ", which is a guess"
    note = f"The EXIF orientation of the image is {turn}: its boxes were taken as drawn in the {chosen} frame{why}."
    if chosen == "stored":
        return list(boxes), stored, (note,)
    return [_stored_box(box, turn, stored) for box in boxes], stored, (note,)


def _stored_box(box: _Box, turn: int, stored: _Size) -> _Box:
    swapped, upside_down, mirrored = _TURNS[turn]
    y0, x0, y1, x1 = (box[1], box[0], box[3], box[2]) if swapped else box
    if upside_down:
        y0, y1 = stored[0] - y1, stored[0] - y0
    if mirrored:
        x0, x1 = stored[1] - x1, stored[1] - x0
    return y0, x0, y1, x1


def _begins_with_exif(file: Path) -> bool:
    """Whether a JPEG has an EXIF header: a hundred times as fast as opening the thousands without one."""
    with file.open("rb") as stream:
        return b"Exif" in stream.read(4096)


def _seen(boxes: Sequence[_Box], stated: _Size | None, stored: _Size, shown: _Size) -> Frame | None:
    if stored == shown:
        return None
    if boxes and not _all_inside(boxes, stored) and _all_inside(boxes, shown):
        return "shown"
    if boxes and not _all_inside(boxes, shown) and _all_inside(boxes, stored):
        return "stored"
    return "shown" if stated == shown else None


def _all_inside(boxes: Sequence[_Box], size: _Size) -> bool:
    return all(box[2] <= size[0] + 1 and box[3] <= size[1] + 1 for box in boxes)


def _turned(image: str) -> tuple[int, _Size] | None:
    """Return EXIF orientation and stored size of an image that viewers turn, else None."""
    if not image.lower().endswith(_TURNABLE) or not is_file(Path(image)):
        return None
    try:
        if not image.lower().endswith(_AT_END) and not _begins_with_exif(Path(image)):
            return None
        with Image.open(image) as picture:
            turn = picture.getexif().get(_ORIENTATION, 1)
            return (turn, (picture.height, picture.width)) if turn in _TURNS else None
    except (OSError, ValueError, SyntaxError):  # whoever reads its pixels says what is wrong with it
        return None
