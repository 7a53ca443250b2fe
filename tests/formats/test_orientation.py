import pytest
from PIL import Image, ImageOps

from napari_hemalens.formats.orientation import place


@pytest.mark.parametrize("turn", range(2, 9))
def test_a_box_of_the_shown_image_lies_on_its_pixels_in_the_stored_one(tmp_path, turn):
    stored = Image.new("RGB", (90, 60))
    stored.paste((255, 255, 255), (10, 20, 40, 48))  # x0, y0, x1, y1
    exif = Image.Exif()
    exif[274] = turn
    stored.save(tmp_path / "a.webp", exif=exif, lossless=True)
    with Image.open(tmp_path / "a.webp") as picture:
        x0, y0, x1, y1 = ImageOps.exif_transpose(picture).convert("L").getbbox()
    boxes, size, notes = place([(y0, x0, y1, x1)], str(tmp_path / "a.webp"), None, "shown")
    assert boxes == [(20, 10, 48, 40)]
    assert size == (60, 90)
    assert f"orientation of the image is {turn}" in notes[0]


def test_an_image_that_nobody_turns_keeps_its_boxes(tmp_path):
    Image.new("RGB", (90, 60)).save(tmp_path / "a.jpg")
    assert place([(1, 2, 3, 4)], str(tmp_path / "a.jpg"), (60, 90), "shown") == ([(1, 2, 3, 4)], (60, 90), ())
