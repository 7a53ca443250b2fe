"""Many small pictures on one sheet, numbered."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_GAP = 6  # pixels between pictures
_CAPTION = 16  # pixels below a picture
_COLUMNS = 10


def contact_sheet(pictures: NDArray[np.uint8], captions: Sequence[str]) -> Image.Image:
    """Return a sheet with pictures in rows of ten, each with its caption below.

    Parameters
    ----------
    pictures : (N, side, side, 3) uint8
        At least one.
    captions : sequence of str
        One for each; what is wider than a picture is cut off.
    """
    side = pictures.shape[1]
    columns = min(_COLUMNS, len(pictures))
    across, down = side + _GAP, side + _CAPTION + _GAP
    sheet = Image.new("RGB", (columns * across + _GAP, -(-len(pictures) // columns) * down + _GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_CAPTION - 5)
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(number, columns)
        x, y = _GAP + column * across, _GAP + row * down
        sheet.paste(Image.fromarray(picture), (x, y))
        draw.text((x, y + side + 1), _fitting(caption, font, side), "black", font=font)
    return sheet


def _fitting(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    while font.getlength(text) > width:
        text = text[:-2] + "…" if len(text) > 2 else ""
    return text
