import numpy as np
import pytest

from napari_hemalens.formats.writing import listed_classes, one_file_each, rounded_cells
from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections, Provenance


def fields(*images):
    return [Detections.empty((), (9, 9), provenance=Provenance(image=image)) for image in images]


@pytest.mark.parametrize(
    ("images", "stems"),
    [
        (["a.png", "a.tif"], ["a", "a-2"]),
        (["x/A.png", "y/a.png"], ["A", "a-2"]),
        (["x/a.png", "y/a.png"], ["x/a", "y/a"]),
        (["marrow: field [1]"], ["marrow_ field [1]"]),
    ],
    ids=["suffix", "case", "folders", "layer name"],
)
def test_no_two_images_share_a_file_on_any_disk(images, stems):
    assert [stem for stem, _, _ in one_file_each(fields(*images))] == stems


def test_a_file_lists_the_classes_recognised_or_assigned_and_no_others():
    names = ("lymphocyte", "blast", "mast_cell")
    one = Detections.empty(names, (9, 9), recognised=("lymphocyte",))
    other = Detections.from_arrays([[0, 0, 5, 5]], [1], [1], names=names, image_shape=(9, 9), recognised=())
    assert listed_classes([one, other]) == ("lymphocyte", "blast")


def test_a_class_that_only_the_network_said_is_listed_too():
    corrections = Corrections(np.array(["class"]), np.array([2]), np.array([0.5], dtype=np.float32))
    names = ("lymphocyte", "blast", "mast_cell")
    some = Detections.from_arrays(
        [[0, 0, 5, 5]], [1], [1], names=names, image_shape=(9, 9), recognised=(), corrections=corrections
    )
    assert listed_classes([some]) == ("blast", "mast_cell")


def test_cells_are_rounded_to_what_a_file_needs():
    found = Detections.from_arrays([[0.123, 1, 2, 3]], [0.98769], [0], names=("a",), image_shape=(9, 9))
    assert list(rounded_cells(found)) == [((0.12, 1, 2, 3), "a", 0.9877)]
