import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.open import images_in, open_image
from napari_hemalens.slides.part import Cropped, part_of

RGB = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
PYRAMID = [RGB, RGB[::2, ::2], RGB[::4, ::4]]


def test_a_part_has_the_same_pixels_in_all_levels():
    part = part_of(from_array(PYRAMID, axes="YXC"), (16, 32, 48, 90), "a")
    assert (part.name, part.shape, part.downsamples) == ("a", (32, 58), (1, 2, 4))
    np.testing.assert_array_equal(part.read(2, 3, 9, 50), RGB[18:25, 35:82])
    np.testing.assert_array_equal(part.read(1, 2, 8, 14, level=2), PYRAMID[2][5:12, 10:22])


def test_levels_between_whose_pixels_it_begins_alone_are_kept():
    part = part_of(from_array(PYRAMID, axes="YXC"), (2, 4, 40, 40), "a")
    assert part.downsamples == (1, 2)


def test_values_follow_the_rule_of_the_whole():
    grey = (RGB[..., 0].astype(np.uint16) + 1) * 16
    whole = from_array(grey, axes="YX")
    part = part_of(whole, (0, 0, 20, 20), "a")
    np.testing.assert_array_equal(part.read(0, 0, 20, 20), whole.read(0, 0, 20, 20))


def test_axes_other_than_rows_and_columns_stay():
    cropped = Cropped(np.moveaxis(RGB, 2, 0), ((0, 3), (10, 20), (30, 50)))
    assert cropped.shape == (3, 10, 20)
    np.testing.assert_array_equal(cropped[1, slice(2, 5), slice(None, None, 2)], RGB[12:15, 30:50:2, 1])


def test_a_part_that_is_not_inside_is_refused():
    with pytest.raises(ImageError, match=r"its part y 0 to 65, x 0 to 9 is not inside: it is 64 x 96 pixels\."):
        part_of(from_array(RGB, axes="YXC"), (0, 0, 65, 9), "a")


def test_a_part_of_a_file_is_opened_by_its_name(tmp_path):
    np.save(tmp_path / "a.npy", RGB)
    name = f"{tmp_path / 'a.npy'} [Y=8-24,X=16-80]"
    assert [str(path) for path in images_in([name])] == [name]
    with open_image(name) as slide:
        assert slide.name == name
        np.testing.assert_array_equal(slide.read(0, 0, *slide.shape), RGB[8:24, 16:80])
