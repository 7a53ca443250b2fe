"""A frame is meant by the letters of its axes, or by numbers in their order."""

import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.frames import frame_indices, frame_text

SIZES = {"T": 4, "V": 1, "Z": 7}


@pytest.mark.parametrize(
    "frame",
    ["T=2,Z=5", "z=5, t=2", "T2;Z:5", "2,5", (2, 0, 5), (9, 2, 0, 5), {"t": 2, "z": 5}, {"T": 2, "Z": 5, "V": 0}],
)
def test_a_frame_is_said_by_letters_or_numbers(frame):
    assert frame_indices(SIZES, frame) == {"T": 2, "V": 0, "Z": 5}


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ((), "4 frames along T and 7 frames along Z, counted from 0: choose one as frame (--frame), such as T=0,Z=0."),
        ("T=2", "choose one as frame"),
        ("2", "choose one as frame"),
        ("C=1", "There is no axis C to choose a frame along. The image has 4 frames along T"),
        ("T=4,Z=0", "No frame 4 along T: the image has 4"),
        ("second", "'second' is no frame of it"),
        ("1,2,3", "'1,2,3' is no frame of it"),
        ("T=1,2", "'T=1,2' is no frame of it"),
    ],
)
def test_what_is_no_frame_is_refused_in_a_sentence(frame, words):
    with pytest.raises(ImageError) as refusal:
        frame_indices(SIZES, frame)
    assert words in str(refusal.value)


def test_an_image_of_one_frame_has_no_other():
    assert frame_indices({"T": 1}, "") == {"T": 0}
    with pytest.raises(ImageError, match="one frame only"):
        frame_indices({}, "T=2")


def test_a_frame_is_told_as_it_is_said():
    told = frame_text(SIZES, {"T": 2, "V": 0, "Z": 5})
    assert told == "T=2,Z=5"
    assert frame_indices(SIZES, told) == {"T": 2, "V": 0, "Z": 5}
    assert frame_text({"T": 1}, {"T": 0}) == ""
