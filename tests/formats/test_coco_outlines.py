import pytest

from napari_hemalens.formats.coco_outlines import outline_box, unpacked


@pytest.mark.parametrize(
    ("segmentation", "box"),
    [
        ([[10, 20, 50, 20, 50, 60, 10, 60]], (20, 10, 60, 50)),
        ([10, 20, 50, 20, 50, 60], (20, 10, 60, 50)),
        ({"size": [10, 8], "counts": [22, 3, 7, 3, 45]}, (2, 2, 5, 4)),
        ({"size": [10, 8], "counts": [25, 10, 45]}, (0, 2, 10, 4)),
        ({"size": [10, 8], "counts": [80]}, None),
        ([], None),
        ("outline", None),
    ],
)
def test_a_box_lies_around_polygons_and_run_lengths(segmentation, box):
    assert outline_box(segmentation) == box


def test_packed_run_lengths_are_those_of_pycocotools():
    assert unpacked(_packed([22, 3, 7, 3, 45])) == [22, 3, 7, 3, 45]


def test_a_packed_number_without_end_is_no_run_length():
    assert unpacked("o" * 1_000_000) == []
    assert outline_box({"size": [10, 8], "counts": "o" * 1_000_000}) is None


def _packed(runs):
    """Return run lengths as `rleToString` of maskApi.c packs them."""
    text = ""
    for index, run in enumerate(runs):
        value = run - runs[index - 2] if index > 2 else run
        more = True
        while more:
            bits = value & 31
            value >>= 5
            more = value != -1 if bits & 16 else value != 0
            text += chr((bits | 32 if more else bits) + 48)
    return text
