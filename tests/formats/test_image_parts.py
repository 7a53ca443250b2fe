import numpy as np
import pytest

from napari_hemalens.formats.image_parts import join_parts, part_name, split_part, whole_path
from napari_hemalens.records.detections import Detections, Provenance


def field(image, boxes, shape=(100, 200)):
    origin = Provenance(image=image, notes=("a note",))
    ones, zeros = np.ones(len(boxes)), np.zeros(len(boxes))
    return Detections.from_arrays(boxes, ones, zeros, names=("blast",), image_shape=shape, provenance=origin)


def test_the_name_of_a_part_says_image_and_rectangle():
    name = part_name("/d/a b.svs", (16, 32, 116, 232))
    assert name == "/d/a b.svs [Y=16-116,X=32-232]"
    assert split_part(name) == ("/d/a b.svs", (16, 32, 116, 232))
    assert str(whole_path(name)) == "/d/a b.svs"


@pytest.mark.parametrize("name", ["a.tif", "a.tif [T=2]", "a [Y=1-2].tif", "a.tif [Y=1,X=2]"])
def test_other_names_are_those_of_whole_images(name):
    assert split_part(name) == (name, None)


def test_parts_of_an_image_are_put_where_they_lie_in_it():
    parts = [field("s [Y=0-100,X=0-200]", [[1, 2, 3, 4]]), field("s [Y=200-300,X=400-600]", [[5, 6, 7, 8]])]
    joined, other = join_parts([*parts, field("b.png", [[0, 0, 9, 9]])])
    assert (joined.provenance.image, joined.image_shape, joined.provenance.notes) == ("s", (300, 600), ("a note",))
    assert joined.boxes.tolist() == [[1, 2, 3, 4], [205, 406, 207, 408]]
    assert other.provenance.image == "b.png"
    assert join_parts(parts, (900, 900))[0].image_shape == (900, 900)
