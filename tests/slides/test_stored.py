import numpy as np

from napari_hemalens.slides.stored import Stored


def test_what_a_file_does_not_say_is_left_to_be_found_out():
    stored = Stored((np.zeros((3, 4)),))
    assert (stored.axes, stored.rgb, stored.pixel_size_um, stored.release) == (None, None, None, None)
