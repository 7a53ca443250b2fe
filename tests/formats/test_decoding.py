import errno
import struct
import zlib

import pytest
from PIL import UnidentifiedImageError

from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.formats.decoding import DAMAGE, check_fits, decoding, memory, reason


@pytest.mark.parametrize("error", [struct.error("short"), zlib.error("bad"), RecursionError("deep"), KeyError("a")])
def test_what_a_decoder_raises_becomes_a_sentence_of_the_kind_asked_for(error: Exception) -> None:
    with (
        pytest.raises(AnnotationError, match=r"^Cannot read a\.tif: .+\.$"),
        decoding("Cannot read a.tif", AnnotationError),
    ):
        raise error


def test_a_sentence_of_the_same_kind_passes_and_one_of_another_is_named() -> None:
    with pytest.raises(ImageError, match=r"^it is empty$"), decoding("Cannot read a", ImageError):
        raise ImageError("it is empty")
    with (
        pytest.raises(AnnotationError, match=r"^Cannot read a: it is empty\.$"),
        decoding("Cannot read a", AnnotationError),
    ):
        raise ImageError("it is empty")


def test_a_person_who_stops_a_run_is_no_damage() -> None:
    assert not issubclass(KeyboardInterrupt, DAMAGE)
    with pytest.raises(KeyboardInterrupt), decoding("Cannot read a", ImageError):
        raise KeyboardInterrupt


def test_words_about_code_are_said_to_be_damage() -> None:
    assert reason(IndexError("list index out of range")) == "it is damaged (list index out of range)"
    assert reason(RecursionError("maximum depth")) == "it is nested too deep"
    assert reason(EOFError()) == "EOFError"
    assert reason(UnidentifiedImageError("cannot identify image file 'a.png'")).startswith("it is no image")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (None, "No such file or directory"),
        ("in/a.png", "No such file or directory"),
        ("in/b.xml", "[Errno 2] No such file or directory: 'in/b.xml'"),
    ],
)
def test_a_sentence_names_its_file_once_and_another_all_the_same(name: str | None, said: str) -> None:
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", name)
    assert reason(error, "Cannot read /data/in/a.png") == said


def test_pixels_that_take_more_than_half_of_the_memory_are_refused() -> None:
    check_fits((1000, 1000), 2)
    with pytest.raises(MemoryError, match=r"values at once take [\d.,]+ GiB"):
        check_fits((memory(), 3), 1)
