from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.figures.detections import overlay, shrink_slide
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.palette import colour_of
from napari_hemalens.slides.axes import from_array


def rgb(name: str) -> list[int]:
    return [int(colour_of(name)[i : i + 2], 16) for i in (1, 3, 5)]


def cells(boxes: list[list[float]], shape: tuple[int, int]) -> Detections:
    names = ("myelocyte", "erythrocyte")
    return Detections.from_arrays(boxes, [1] * len(boxes), [0, 1][: len(boxes)], names=names, image_shape=shape)


def test_each_cell_is_framed_in_the_colour_of_its_class() -> None:
    image = np.full((200, 300, 3), 250, dtype=np.uint8)
    picture = np.asarray(overlay(from_array(image), cells([[50, 60, 90, 120], [120, 200, 160, 240]], (200, 300))))
    assert picture.shape == image.shape
    for y, x in ((50, 119), (89, 60), (70, 60), (70, 119)):
        assert picture[y, x].tolist() == rgb("myelocyte")
    assert picture[120, 220].tolist() == rgb("erythrocyte")
    assert picture[70, 90].tolist() == [250] * 3  # the cell itself is left alone


def test_only_nucleated_cells_are_named() -> None:
    image = np.full((200, 300, 3), 250, dtype=np.uint8)
    picture = np.asarray(overlay(from_array(image), cells([[50, 60, 90, 120], [120, 200, 160, 240]], (200, 300))))
    assert (picture[38:50, 60:100] != 250).any()
    assert (picture[108:119, 200:240] == 250).all()


def test_the_name_of_an_unsure_cell_ends_with_a_question_mark() -> None:
    slide = from_array(np.full((200, 300, 3), 250, dtype=np.uint8))
    sure = cells([[50, 60, 90, 120], [120, 200, 160, 240]], (200, 300))
    naming = Naming.none(("myelocyte",), 2)
    naming.novelty[0] = 1.5
    y, x = np.nonzero(
        (np.asarray(overlay(slide, sure)) != np.asarray(overlay(slide, replace(sure, naming=naming))))[..., 0]
    )
    assert y.max() <= 50
    assert x.min() > 60


def test_a_large_slide_becomes_a_small_picture_read_piece_by_piece() -> None:
    y, x = np.mgrid[:3000, :5000]
    image = np.stack([y // 12, x // 20, np.zeros_like(x)], axis=2).astype(np.uint8)
    small = shrink_slide(from_array(image), 1000)
    assert small.shape == (600, 1000, 3)
    np.testing.assert_array_equal(small, image[::5, ::5])


def test_boxes_shrink_with_the_picture() -> None:
    image = np.full((2000, 1000, 3), 250, dtype=np.uint8)
    picture = np.asarray(overlay(from_array(image), cells([[1000, 500, 1200, 700]], (2000, 1000)), longest=500))
    assert picture.shape == (500, 250, 3)
    assert picture[250, 150].tolist() == rgb("myelocyte")


@pytest.mark.parametrize("longest", [10_000, 64])
def test_an_image_is_never_enlarged(longest: int) -> None:
    assert max(shrink_slide(from_array(np.zeros((64, 48, 3), dtype=np.uint8)), longest).shape) == 64


def test_no_large_piece_of_a_slide_without_levels_is_read_at_once() -> None:
    read: list[tuple[int, int]] = []

    class Level:
        """A large image of which all that is read is grey."""

        shape = (6_000, 9_000, 3)
        dtype = np.dtype(np.uint8)

        def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
            shape = tuple(len(range(*part.indices(n))) for part, n in zip(index, self.shape, strict=False))
            read.append(shape[:2])
            return np.full((*shape[:2], 3), 90, np.uint8)

    slide = from_array([Level()], axes="YXC", rgb=True)
    read.clear()
    picture = shrink_slide(slide, 20)
    assert picture.shape == (14, 20, 3)
    assert (picture == 90).all()
    assert max(height * width for height, width in read) <= 2048**2
