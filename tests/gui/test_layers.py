"""Records become layers and layers records: nothing is lost on the way, and all lies where the image lies."""

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Layer, Points, Shapes
from napari.utils.colormaps.standardize_color import transform_color

from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.gui import layers
from napari_hemalens.gui.layers import (
    as_layers,
    detections_from_layer,
    image_layer,
    marked_regions,
    pixel_size_um,
    regions_of,
    slide_from_layer,
    slide_opener,
    visible_region,
)
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.palette import colour_of
from napari_hemalens.slides.axes import from_array

SHAPE = (100, 200)


@pytest.fixture
def cells():
    return Detections.from_arrays(
        [[10, 20, 30, 50], [0, 0, 8.5, 9.25], [60, 150, 100, 200]],
        [0.9, 0.7, 0.4],
        [0, 1, 0],
        names=("myelocyte", "erythrocyte"),
        image_shape=SHAPE,
        recognised=("myelocyte", "erythrocyte"),
        provenance=Provenance(image="/data/smear.tif", pixel_size_um=0.11, weights="fake"),
    )


def layer_of(detections, **options):
    (data,) = as_layers(detections, **options)
    return Layer.create(*data)


def assert_same(first, second):
    np.testing.assert_allclose(first.boxes, second.boxes, atol=1e-4)
    np.testing.assert_allclose(first.scores, second.scores)
    np.testing.assert_array_equal(first.class_names, second.class_names)
    assert first.image_shape == second.image_shape
    assert first.recognised == second.recognised
    assert first.provenance == second.provenance


def test_cells_come_back_from_their_layer(cells):
    layer = layer_of(cells)
    assert isinstance(layer, Shapes)
    assert layer.name == "smear.tif cells"
    assert_same(detections_from_layer(layer), cells)


def test_cells_come_back_from_points_too(cells, monkeypatch):
    monkeypatch.setattr(layers, "BOXES_AT_MOST", 2)
    layer = layer_of(cells)
    assert isinstance(layer, Points)
    assert_same(detections_from_layer(layer), cells)


def test_an_image_without_cells_has_an_empty_layer(cells):
    layer = layer_of(cells.above(1.0))
    assert len(layer.data) == 0
    assert len(detections_from_layer(layer)) == 0


def test_edits_in_napari_come_back(cells):
    viewer = ViewerModel()
    layer = viewer.add_layer(layer_of(cells))
    layer.selected_data = {0}
    layer.remove_selected()
    table = layer.features.copy()
    table.loc[0, "class"] = "plasma_cell"
    layer.features = table
    assert detections_from_layer(layer).counts() == {"plasma_cell": 1, "myelocyte": 1}


def test_the_table_describes_each_cell(cells):
    table = layer_of(cells).features
    assert list(table.columns) == ["cell", "class", "score", "certainty", "unsure", "area", "y", "x", "short"]
    known = table.iloc[0].drop("certainty")
    assert known.to_list() == [1, "myelocyte", pytest.approx(0.9), False, 600, 20, 35, "myelo"]
    assert np.isnan(table["certainty"]).all()


@pytest.fixture
def named(cells):
    probabilities = np.array([[0.7], [np.nan], [0.4]], np.float32)
    return replace(cells, naming=Naming(("myelocyte",), probabilities, np.array([0.1, np.nan, 1.5], np.float32)))


def test_the_table_tells_how_sure_the_class_of_each_cell_is(named):
    table = layer_of(named).features
    np.testing.assert_allclose(table["certainty"], [0.7, np.nan, 0.4])
    assert table["unsure"].tolist() == [False, False, True]
    assert table["short"].tolist() == ["myelo", "", "myelo?"]


def test_unsure_cells_are_told_apart_without_colours_and_come_back(named, monkeypatch):
    layer = layer_of(named)
    assert layer.shape_type == ["rectangle", "rectangle", "polygon"]
    monkeypatch.setattr(layers, "BOXES_AT_MOST", 1)
    many = layer_of(named)
    assert len({str(symbol) for symbol in many.symbol[:2]}) == 1
    assert many.symbol[2] != many.symbol[0]
    for shown in (layer, many):
        back = detections_from_layer(shown)
        assert back.unsure.tolist() == named.unsure.tolist()
        np.testing.assert_allclose(back.certainty, named.certainty)


def test_pixels_of_napari_begin_half_a_pixel_before_ours(cells):
    assert layer_of(cells).data[0].min(axis=0).tolist() == [9.5, 19.5]


def test_every_box_has_the_colour_of_its_class(cells):
    expected = [transform_color(colour_of(name))[0] for name in cells.class_names]
    np.testing.assert_allclose(layer_of(cells).edge_color, expected, atol=1e-6)


def test_cells_lie_where_their_image_lies(cells):
    image = Image(
        np.zeros((5, *SHAPE, 3), np.uint8), rgb=True, scale=(2, 0.5, 0.25), translate=(0, 7, 9), units=("s", "um", "um")
    )
    layer = layer_of(cells, like=image)
    assert layer.scale.tolist() == [0.5, 0.25]
    assert layer.translate.tolist() == [7, 9]
    assert layer.units == image.units[-2:]


def test_cells_of_a_turned_stack_are_turned_with_it(cells):
    turn, affine = np.eye(3), np.eye(4)
    turn[1:, 1:] = [[0.8, -0.6], [0.6, 0.8]]
    affine[1:, 1:] = [[1, 0.2, 5], [0, 1, 7], [0, 0, 1]]
    image = Image(np.zeros((5, *SHAPE)), scale=(2, -0.5, 0.25), rotate=turn, shear=[0, 0, 0.3], affine=affine)
    layer = layer_of(cells, like=image)
    for corner in ((0, 0), (40, 90)):
        np.testing.assert_allclose(layer.data_to_world(corner), image.data_to_world((0, *corner))[1:], rtol=1e-6)


def test_without_an_image_a_known_pixel_size_is_the_scale(cells):
    layer = layer_of(cells)
    assert layer.scale.tolist() == [0.11, 0.11]
    assert str(layer.units[0]) == "micrometer"


def test_a_layer_of_somebody_else_is_refused():
    with pytest.raises(AnnotationError, match="'drawing' holds no cells"):
        detections_from_layer(Shapes(np.zeros((1, 4, 2)), name="drawing"))


@pytest.mark.parametrize(
    ("scale", "units", "size"),
    [
        ((1, 1), None, None),
        ((0.1, 0.1), ("pixel", "pixel"), None),
        ((0.1, 0.1), ("um", "um"), 0.1),
        ((1, 1), ("um", "um"), 1.0),
        ((1e-4, 1e-4), ("mm", "mm"), 0.1),
        ((100, 100), ("nm", "nm"), 0.1),
        ((0.1, 0.1), ("s", "s"), None),
        ((-0.1, 0.1), ("um", "um"), 0.1),
        ((-0.1, -0.1), ("um", "um"), 0.1),
        ((0.1, 0.4), ("um", "um"), 0.2),
    ],
)
def test_only_units_of_length_give_a_pixel_size(scale, units, size):
    layer = Image(np.zeros(SHAPE), scale=scale, units=units)
    assert pixel_size_um(layer) == (None if size is None else pytest.approx(size))


class TestSlides:
    def test_an_rgb_layer_is_read_as_it_is(self):
        pixels = np.random.default_rng(0).integers(0, 255, (*SHAPE, 3), dtype=np.uint8)
        slide = slide_from_layer(Image(pixels, rgb=True, scale=(0.2, 0.2), units=("um", "um"), name="smear"))
        np.testing.assert_array_equal(slide.read(0, 0, *SHAPE), pixels)
        assert (slide.name, slide.pixel_size_um) == ("smear", pytest.approx(0.2))

    def test_a_stack_is_read_at_the_current_frame(self):
        pixels = np.zeros((3, *SHAPE, 3), np.uint8)
        pixels[2] = 200
        slide = slide_from_layer(Image(pixels, rgb=True), (2, 50, 100))
        assert slide.read(0, 0, 1, 1).tolist() == [[[200, 200, 200]]]

    def test_a_tiny_image_is_taken_for_what_its_layer_says(self):
        assert slide_from_layer(Image(np.zeros((4, 3, 3), np.uint8), rgb=True)).shape == (4, 3)
        assert slide_from_layer(Image(np.zeros((4, 3), np.uint8), rgb=False)).shape == (4, 3)

    def test_a_pyramid_keeps_its_levels_and_stays_lazy(self):
        levels = [da.zeros((400 // f, 600 // f, 3), dtype=np.uint8) for f in (1, 2, 4)]
        slide = slide_from_layer(Image(levels, rgb=True, multiscale=True))
        assert slide.shape == (400, 600)
        assert slide.downsamples == (1, 2, 4)

    def test_a_pixel_size_that_was_cleared_is_not_read_again(self):
        layer = Image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, scale=(0.2, 0.2), units=("um", "um"))
        assert slide_opener(layer, sized=False)().pixel_size_um is None

    def test_a_slide_knows_how_planes_without_a_name_were_read(self):
        stack = np.zeros((3, 40, 60), np.uint8)
        assert "axis_labels" in slide_opener(Image(stack))().guessed
        assert slide_opener(Image(stack, axis_labels=("z", "y", "x")), (0,))().guessed == ""

    @pytest.mark.parametrize(
        ("axes", "shape"),
        [("YX", SHAPE), ("YXC", (*SHAPE, 3)), ("CYX", (3, *SHAPE)), ("TYXC", (2, *SHAPE, 3))],
    )
    def test_a_slide_is_shown_whatever_its_axes(self, axes, shape):
        slide = from_array(np.zeros(shape, np.uint8), name="/a/b.tif", axes=axes, pixel_size_um=0.3, frame=(0,) * 3)
        layer = Layer.create(*image_layer(slide))
        assert layer.name == "b.tif"
        assert layer.extent.data[1].tolist() == [99, 199]
        assert layer.rgb == ("C" in axes)
        assert pixel_size_um(layer) == pytest.approx(0.3)


class TestRegions:
    @pytest.fixture
    def image(self):
        pixels = np.zeros((*SHAPE, 3), np.uint8)
        return Image(pixels, rgb=True, scale=(0.5, 0.5), translate=(10, 20), name="smear")

    def test_the_whole_image_needs_no_region(self, image):
        assert regions_of(image, "whole") == ()

    def test_rectangles_are_found_in_pixels_of_the_image(self, image):
        # World 15 to 20 down and 30 to 45 across; napari's pixels begin at -0.5.
        box = np.array([[15, 30], [15, 45], [20, 45], [20, 30]])
        assert marked_regions(Shapes([box]), image) == ((10, 20, 21, 51),)
        scaled = Shapes([box / 2], scale=(2, 2))
        assert regions_of(image, scaled) == ((10, 20, 21, 51),)

    def test_a_region_of_a_mirrored_image_is_in_the_pixels_of_its_file(self, image):
        image.scale = (-0.5, -0.5)
        box = np.array([[5, 10], [5, -5], [0, -5], [0, 10]])
        assert marked_regions(Shapes([box]), image) == ((10, 20, 21, 51),)

    def test_rectangles_are_clipped_to_the_image(self, image):
        box = np.array([[0, 0], [0, 500], [500, 500], [500, 0]])
        assert marked_regions(Shapes([box]), image) == ((0, 0, *SHAPE),)

    def test_the_visible_field_is_what_the_camera_sees(self, image):
        image.corner_pixels = np.array([[10, 20], [49, 99]])
        assert visible_region(image) == (10, 20, 50, 100)

    def test_the_visible_field_of_a_pyramid_is_in_pixels_of_its_finest_level(self):
        levels = [np.zeros((400 // f, 600 // f, 3), dtype=np.uint8) for f in (1, 2, 4)]
        image = Image(levels, rgb=True, multiscale=True)
        image.corner_pixels = np.array([[10, 20], [19, 29]])
        assert image.data_level == 2
        assert visible_region(image) == (40, 80, 80, 120)

    @pytest.mark.parametrize(
        ("shapes", "reason"),
        [
            (Shapes(name="regions"), "'regions' is empty"),
            (Shapes([np.array([[900, 900], [900, 910], [910, 910], [910, 900]])]), "outside of 'smear'"),
        ],
    )
    def test_no_region_inside_the_image_is_refused(self, image, shapes, reason):
        with pytest.raises(ImageError, match=reason):
            marked_regions(shapes, image)

    def test_files_of_a_folder_have_no_regions(self, tmp_path):
        with pytest.raises(ImageError, match="analysed whole"):
            regions_of(tmp_path / "a.tif", "visible")
