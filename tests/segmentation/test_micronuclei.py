"""Micronuclei are found beside their nuclei, given to the nearest, and counted."""

import csv
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.segmentation.micronuclei import assign_micronuclei, find_in_square_root, find_micronuclei
from napari_hemalens.slides.open import open_image

SHAPE = (200, 240)
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]
NUCLEI = ((60, 60, 15), (60, 170, 15), (150, 110, 15))


def disc(y, x, radius):
    return np.hypot(Y - y, X - x) <= radius


def nuclei(*numbers):
    labels = np.zeros(SHAPE, dtype=np.int32)
    for number, place in zip(numbers or (1, 2, 3), NUCLEI, strict=True):
        labels[disc(*place)] = number
    return CellMap.from_labels(labels)


def light(*bodies, bright=100):
    """Return the square root of a picture of the nuclei and of bodies, each given as y, x and radius."""
    grey = np.random.default_rng(0).normal(30, 1.5, SHAPE)
    for place in (*NUCLEI, *bodies):
        grey += np.where(disc(*place), bright, 0)
    return np.sqrt(grey).astype(np.float32)


def test_small_bodies_count_at_the_nearest_nucleus_with_its_number():
    seen = find_in_square_root(light((60, 82, 3), (60, 35, 3), (60, 192, 3)), nuclei(7, 70_000, 3))
    assert seen.counts.tolist() == [0, 2, 1]  # of the numbers 3, 7, 70,000
    assert [seen.labels[60, x] for x in (82, 35, 192)] == [7, 7, 70_000]
    assert np.unique(seen.labels).tolist() == [0, 7, 70_000]


def test_nuclei_alone_have_none():
    assert find_in_square_root(light(), nuclei()).counts.tolist() == [0, 0, 0]
    blurred_rim = np.sqrt(np.maximum(30, 130 - 12 * np.maximum(0, np.hypot(Y - 60, X - 60) - 12))).astype(np.float32)
    assert find_in_square_root(blurred_rim, nuclei()).counts.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "body",
    [(60, 115, 12), (60, 83, 0.5), (150, 20, 3)],
    ids=["as large as a nucleus", "a speck", "too far from any nucleus"],
)
def test_what_is_no_micronucleus_by_size_or_place_is_left_out(body):
    assert find_in_square_root(light(body), nuclei()).counts.sum() == 0


def test_a_body_much_darker_than_the_nucleus_is_left_out():
    faint = np.square(light()) + 10 * disc(60, 83, 3)
    assert find_in_square_root(np.sqrt(faint).astype(np.float32), nuclei()).counts.sum() == 0


def test_a_body_that_touches_the_nucleus_is_found():
    assert find_in_square_root(light((60, 79, 3)), nuclei()).counts.tolist() == [1, 0, 0]


def test_without_nuclei_there_is_nothing_to_count():
    nobody = CellMap.from_labels(np.zeros(SHAPE, dtype=np.int32))
    for seen in (
        find_in_square_root(light((60, 82, 3)), nobody),
        assign_micronuclei(np.ones(SHAPE, dtype=np.uint8), nobody),
    ):
        assert seen.counts.shape == (0,)
        assert not seen.labels.any()


def test_nuclei_no_brighter_than_the_ground_have_none():
    assert find_in_square_root(np.full(SHAPE, 5, dtype=np.float32), nuclei()).counts.tolist() == [0, 0, 0]


def test_given_bodies_go_to_the_nearest_nucleus_however_far():
    bodies = np.zeros(SHAPE, dtype=np.uint16)
    for place in ((60, 82, 3), (60, 35, 3), (195, 5, 3)):
        bodies[disc(*place)] = 9
    bodies[150, 110] = 9  # inside the third
    first = assign_micronuclei(bodies, nuclei())
    assert first.counts.tolist() == [2, 0, 2]
    assert assign_micronuclei(first.labels, nuclei()).counts.tolist() == first.counts.tolist()


def test_touching_bodies_of_two_values_are_two():
    bodies = np.zeros(SHAPE, dtype=np.uint8)
    bodies[60, 80:83], bodies[60, 83:86] = 1, 2
    assert assign_micronuclei(bodies, nuclei()).counts.tolist() == [2, 0, 0]


def true_counts(folder: Path, image: str) -> np.ndarray:
    rows = csv.DictReader((folder / "truth.csv").read_text(encoding="utf-8").splitlines())
    return np.array([int(row["micronuclei"]) for row in rows if row["image"] == image])


def test_most_nuclei_of_the_sample_have_the_count_of_the_truth(sample_data: Path):
    folder = sample_data / "micronucleus_assay"
    truth = true_counts(folder, "fluorescence")
    cells = CellMap.from_labels(read_labels(folder / "nuclei" / "fluorescence.tif"))
    with open_image(folder / "images" / "fluorescence.tif") as slide:
        seen = find_micronuclei(slide, cells).counts
    assert np.mean(seen == truth) > 0.75
    assert np.mean(seen[truth > 0] > 0) > 0.8
    drawn = assign_micronuclei(read_labels(folder / "micronuclei" / "fluorescence.tif"), cells).counts
    assert np.mean(drawn == truth) > 0.95  # a few lie nearer to the other nucleus of their cell


def test_a_stained_image_is_refused_in_one_sentence(sample_data: Path):
    folder = sample_data / "micronucleus_assay"
    cells = CellMap.from_labels(read_labels(folder / "nuclei" / "giemsa.tif"))
    with (
        open_image(folder / "images" / "giemsa.tif") as slide,
        pytest.raises(ImageError, match="Micronuclei are counted in fluorescence images"),
    ):
        find_micronuclei(slide, cells)
