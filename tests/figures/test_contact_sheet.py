import numpy as np

from napari_hemalens.figures.contact_sheet import contact_sheet

PITCH = (16 + 6, 16 + 16 + 6)  # of pictures of 16 pixels: across, down


def shades(count: int) -> np.ndarray:
    return np.stack([np.full((16, 16, 3), 10 * k, dtype=np.uint8) for k in range(count)])


def test_pictures_lie_in_rows_of_ten_in_their_order() -> None:
    sheet = np.asarray(contact_sheet(shades(13), [""] * 13))
    assert sheet.shape == (2 * PITCH[1] + 6, 10 * PITCH[0] + 6, 3)
    for k in range(13):
        row, column = divmod(k, 10)
        y, x = 6 + row * PITCH[1], 6 + column * PITCH[0]
        assert (sheet[y : y + 16, x : x + 16] == 10 * k).all()


def test_a_caption_stays_below_its_own_picture() -> None:
    sheet = np.asarray(contact_sheet(shades(2), ["a caption that is far too long", ""]))
    below = sheet[6 + 16 : -6]
    assert (below[:, 6 : 6 + 16] < 255).any()
    assert (below[:, 6 + 16 + 6 :] == 255).all()


def test_a_few_pictures_make_a_narrow_sheet() -> None:
    assert contact_sheet(shades(3), ["1", "2", "3"]).width == 3 * PITCH[0] + 6
