"""Layers and files become fields and jobs."""

import numpy as np
import pytest
from napari.layers import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.gui.detect.sources import frame_asked, job_of, new_field


@pytest.fixture
def stack(viewer):
    stack = Image(np.zeros((3, 40, 60), np.uint8), name="stack", axis_labels=("z", "y", "x"), scale=(1, 0.2, 0.2))
    return viewer.add_layer(stack)


def test_the_frame_on_screen_is_meant_unless_another_is_asked_for(viewer, stack, tmp_path):
    viewer.dims.set_current_step(0, 1)
    assert frame_asked(viewer, stack, None) == (1,)
    assert frame_asked(viewer, stack, "Z=2") == (2,)
    assert frame_asked(None, stack, None) == ()
    assert frame_asked(viewer, tmp_path / "a.tif", "Z=2") == "Z=2"
    with pytest.raises(ImageError, match="Z"):
        frame_asked(viewer, stack, "Z=7")


def test_a_field_is_called_after_its_layer_and_frame_or_its_file(stack, viewer, tmp_path):
    assert new_field(stack, (1,)).name == "stack [Z=1]"
    assert new_field(viewer.layers["smear"], ()).name == "smear"
    of_file = new_field(tmp_path / "a.tif", ())
    assert (of_file.name, of_file.image, of_file.hidden) == ("a.tif", None, True)


def test_a_job_opens_the_frame_of_its_field_and_the_size_if_wanted(stack, viewer, tmp_path):
    image = viewer.layers["smear"]
    job = job_of(new_field(stack, (1,)), stack, "whole", sized=True)
    assert (job.called(), job.regions, job.open().frame) == ("stack [Z=1]", (), "Z=1")
    sizes = [job_of(new_field(image, ()), image, "whole", sized=sized).open().pixel_size_um for sized in (True, False)]
    assert sizes == [pytest.approx(0.1), None]
    with pytest.raises(ImageError, match="whole"):
        job_of(new_field(tmp_path / "a.tif", ()), tmp_path / "a.tif", "visible", sized=True)
