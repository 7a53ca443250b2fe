"""What goes wrong with an image is a sentence that names it."""

import errno

import pytest

from napari_hemalens.errors import DeviceError, ImageError, RecipeError
from napari_hemalens.workflows.failures import DAMAGE, OF_ALL, sentence_of


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ImageError("Cannot read a.png: no."), "Cannot read a.png: no."),
        (DeviceError("No memory left on cuda."), "No memory left on cuda."),
        (MemoryError(), "Cannot draw a.png: it does not fit into memory."),
        (OSError(errno.EIO, "Input/output error"), "Cannot draw a.png: Input/output error."),
        (TypeError("no"), "Cannot draw a.png, by a fault of HemaLens: TypeError: no. Please report it."),
    ],
)
def test_an_error_is_said_in_a_sentence(error: Exception, sentence: str) -> None:
    assert isinstance(error, DAMAGE)
    assert sentence_of(error, "a.png", "Cannot draw") == sentence


def test_what_was_noted_of_an_error_stands_in_its_sentence() -> None:
    error = OSError(errno.EIO, "Input/output error")
    error.add_note("block 2 of 17, tried 4 times")
    assert sentence_of(error, "a.png") == "Cannot look at a.png: Input/output error (block 2 of 17, tried 4 times)."


def test_what_is_wrong_with_the_options_is_wrong_for_all() -> None:
    assert isinstance(RecipeError("No such option."), OF_ALL)
    assert not isinstance(ImageError("Cannot read a.png."), OF_ALL)
