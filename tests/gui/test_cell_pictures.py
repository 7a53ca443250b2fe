"""Pictures are read when they are asked for, image by image, away from the window, in bounded memory."""

import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.gui import cell_pictures
from napari_hemalens.gui.cell_pictures import CellPictures, PicturedImage
from napari_hemalens.workflows.images import from_array

WINDOWS = [(float(y), 0.0, float(y) + 10, 10.0) for y in range(0, 100, 10)]


@pytest.fixture
def opened():
    return []


@pytest.fixture
def image(opened):
    def open_():
        opened.append("a")
        return from_array(np.repeat(np.arange(100, dtype=np.uint8)[:, None, None], 3, axis=2).repeat(20, axis=1))

    return PicturedImage("a", "a.png", open_, whole=True)


@pytest.fixture
def pictures(runner):
    return CellPictures(runner, lambda _: WINDOWS)


def test_a_picture_is_there_once_it_was_read_and_others_beside_it(pictures, image, runner, opened):
    arrived = []
    pictures.arrived.connect(lambda: arrived.append(len(pictures)))
    assert pictures.get(image, WINDOWS[5]) is None
    assert opened == []  # it is the runner that reads
    runner.run()
    found = pictures.get(image, WINDOWS[5])
    assert found.shape == (72, 72, 3)
    assert 50 <= found.mean() <= 60
    assert (len(pictures), opened, arrived) == (10, ["a"], [10])
    assert pictures.get(image, WINDOWS[2]) is not None
    assert runner.jobs == []


def test_what_was_asked_for_meanwhile_is_read_next(pictures, image, runner, monkeypatch):
    monkeypatch.setattr(cell_pictures, "_AT_ONCE", 1)
    monkeypatch.setattr(cell_pictures, "_BESIDE", 0)
    for window in WINDOWS[:3]:
        pictures.get(image, window)
    assert len(runner.jobs) == 1
    runner.run()
    assert len(pictures) == 3


def test_memory_is_bounded_and_so_is_what_waits(pictures, image, runner, monkeypatch):
    monkeypatch.setattr(cell_pictures, "_WAITING", 3)
    monkeypatch.setattr(cell_pictures, "_KEPT", 2)
    monkeypatch.setattr(cell_pictures, "_BESIDE", 0)
    for window in WINDOWS:
        pictures.get(image, window)
    runner.run()
    assert len(pictures) == 2


def test_an_image_that_cannot_be_read_is_said_once(pictures, image, runner):
    def fail():
        raise ImageError("there is no such file.")

    said = []
    pictures.failed.connect(said.append)
    gone = PicturedImage("b", "b.png", fail)
    pictures.get(gone, WINDOWS[0])
    pictures.get(image, WINDOWS[0])
    runner.run()
    assert pictures.get(gone, WINDOWS[1]) is None
    assert (said, runner.jobs) == (["b.png: there is no such file."], [])
    assert pictures.get(image, WINDOWS[0]) is not None
    pictures.keep_only([gone])
    assert len(pictures) == 0
    pictures.get(gone, WINDOWS[1])
    assert len(runner.jobs) == 1  # tried again


def test_a_fault_of_ours_is_said_and_does_not_go_on_for_ever(pictures, image, runner):
    said = []
    pictures.failed.connect(said.append)
    pictures.get(image, WINDOWS[0])
    _, listener = runner.jobs.pop()
    pictures.get(image, WINDOWS[1])
    listener.on_error(RuntimeError("no luck"))
    listener.on_end()
    assert said == ["The cells cannot be shown: no luck"]
    assert runner.jobs == []
