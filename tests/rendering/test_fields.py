import hashlib

import numpy as np
import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.rendering import render_field
from napari_hemalens.rendering.drawing import Stamp
from napari_hemalens.rendering.fields import draw_cell, lay
from napari_hemalens.rendering.morphology import MORPHOLOGY
from napari_hemalens.rendering.shapes import Patch
from napari_hemalens.rendering.smears import Cell


def cell(name: str, seed: int = 0) -> Stamp:
    look = MORPHOLOGY[name][0]
    patch = Patch.around(8.0, 0.15, np.random.default_rng(seed))
    return look.draw(patch, look.diameter_um[0])


def test_densities_add_where_cells_overlap() -> None:
    one, other = cell("erythrocyte", 1), cell("erythrocyte", 2)
    alone, beside, together = (np.zeros((160, 160, 3), np.float32) for _ in range(3))
    lay(alone, one, (10, 10))
    lay(beside, other, (20, 25))
    lay(together, one, (10, 10))
    lay(together, other, (20, 25))
    assert ((alone > 0) & (beside > 0)).any()
    np.testing.assert_allclose(together, alone + beside, rtol=1e-6)


@pytest.mark.parametrize("y_um", [10.0, 10.04, 10.08, 10.12])
def test_a_cell_lies_where_it_was_put_to_a_fraction_of_a_pixel(y_um: float) -> None:
    red = Cell("erythrocyte", MORPHOLOGY["erythrocyte"][0], y_um, 12.0, 7.2)
    slide = np.zeros((150, 150, 3), np.float32)
    lay(slide, *draw_cell(red, 0.15, np.random.default_rng(0)))
    dye = slide.sum(axis=2)
    y, x = np.mgrid[:150, :150] + 0.5
    assert (dye * y).sum() / dye.sum() * 0.15 == pytest.approx(y_um, abs=0.02)
    assert (dye * x).sum() / dye.sum() * 0.15 == pytest.approx(12.0, abs=0.02)


@pytest.mark.parametrize("name", sorted(MORPHOLOGY))
@pytest.mark.parametrize("corner", [(40, 30), (-50, 60), (115, 120)])
def test_the_box_encloses_what_the_slide_shows_of_a_cell_and_no_more(name: str, corner: tuple[int, int]) -> None:
    slide, stamp = np.zeros((180, 180, 3), np.float32), cell(name)
    box = lay(slide, stamp, corner)
    shown = np.zeros((180 + 400, 180 + 400), bool)  # a slide that is larger on all sides
    height, width = stamp.body.shape
    y, x = 200 + corner[0], 200 + corner[1]
    shown[y : y + height, x : x + width] = stamp.body
    rows, columns = np.nonzero(shown[200:380, 200:380])
    if box is None:
        assert len(rows) <= 0.1 * stamp.body.sum()
        return
    assert box == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)


@pytest.mark.parametrize("corner", [(0, -300), (-300, 0), (0, 180), (180, 0), (-103, 20)])
def test_a_cell_that_the_slide_hardly_shows_has_no_box(corner: tuple[int, int]) -> None:
    assert lay(np.zeros((180, 180, 3), np.float32), cell("erythrocyte"), corner) is None


def test_the_dark_pixels_of_a_field_lie_in_boxes_of_nucleated_cells() -> None:
    image, truth = render_field((400, 400), pixel_size_um=0.15, seed=3)
    nuclei = image[..., 1] < 60
    boxed = np.zeros((400, 400), bool)
    for name, box in zip(truth.class_names, truth.boxes.astype(int), strict=True):
        if name != "erythrocyte":
            boxed[box[0] : box[2], box[1] : box[3]] = True
    assert nuclei.mean() > 0.02
    assert (nuclei & boxed).sum() > 0.98 * nuclei.sum()


def test_cells_are_darker_than_the_slide_between_them() -> None:
    image, truth = render_field((400, 400), pixel_size_um=0.15, tissue="blood", seed=4)
    bare = np.ones((400, 400), bool)
    for y0, x0, y1, x1 in truth.boxes.astype(int):
        bare[y0:y1, x0:x1] = False
    background = np.median(image[bare], axis=0)
    for y0, x0, y1, x1 in truth.boxes.astype(int):
        assert image[y0:y1, x0:x1, 1].min() < background[1] - 10


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others() -> None:
    def digest(seed: int) -> str:
        image, truth = render_field((150, 200), seed=seed)
        return hashlib.sha256(image.tobytes() + truth.boxes.tobytes()).hexdigest()

    assert digest(5) == digest(5)
    assert digest(5) != digest(6)


def test_truth_says_where_it_comes_from() -> None:
    image, truth = render_field((150, 200), pixel_size_um=0.2, tissue="blood", seed=9)
    assert (image.shape, image.dtype, truth.image_shape) == ((150, 200, 3), np.uint8, (150, 200))
    assert truth.provenance.image == "blood-9"
    assert truth.provenance.pixel_size_um == 0.2
    assert set(truth.scores) == {1.0}


def test_a_cell_is_as_many_pixels_wide_as_its_micrometres_say() -> None:
    _, fine = render_field((900, 900), pixel_size_um=0.1, tissue="blood", seed=2)
    _, coarse = render_field((450, 450), pixel_size_um=0.2, tissue="blood", seed=2)

    def width_um(truth, pixel_size_um: float) -> float:
        red = truth.take(truth.class_names == "erythrocyte")
        return float(np.median(np.sqrt(red.areas))) * pixel_size_um

    assert width_um(fine, 0.1) == pytest.approx(7.5, abs=0.6)
    assert width_um(coarse, 0.2) == pytest.approx(7.5, abs=0.6)


def test_density_sets_how_many_cells_there_are_down_to_none() -> None:
    numbers = [len(render_field((250, 250), seed=1, density=d)[1]) for d in (0.0, 0.5, 1.5)]
    assert numbers[0] == 0
    assert 0 < numbers[1] < numbers[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tissue": "liver"}, "No tissue 'liver'. Known: marrow, blood."),
        ({"shape": (0, 10)}, r"Shape \(0, 10\)"),
        ({"pixel_size_um": 0.0}, "pixel size 0.0 um"),
        ({"density": -1.0}, "density -1.0"),
    ],
)
def test_options_out_of_range_are_named(options: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        render_field(**options)
