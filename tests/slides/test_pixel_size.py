"""A pixel size is taken from where microscopes write it, and from nowhere else."""

import numpy as np
import pytest
from tifffile import imwrite

from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.pixel_size import micrometres

IMAGE = np.zeros((20, 30, 3), dtype=np.uint8)
RGB = {"photometric": "rgb"}
APERIO = "Aperio Image Library v12.0.5\n2220x2967 (256x256) JPEG|AppMag = 40|MPP = {}|Left = 25"


def ome(size, unit):
    return {"metadata": {"axes": "YXS", "PhysicalSizeX": size, "PhysicalSizeXUnit": unit}}


@pytest.mark.parametrize(
    ("length", "unit", "expected"),
    [
        (0.25, "µm", 0.25),
        (0.25, "μm", 0.25),
        ("0.25", " Micron ", 0.25),
        (110, "nm", 0.11),
        (0.0005, "mm", 0.5),
        (5e-5, "cm", 0.5),
        (1e-6, "m", 1),
        (1 / 25400, "inch", 1),
        (0.25, "pixel", None),
        (0.25, None, None),
        (None, "µm", None),
        ("wide", "µm", None),
        (0, "µm", None),
        (float("nan"), "µm", None),
        (0.009, "µm", None),
        (11, "µm", None),
    ],
)
def test_lengths_become_micrometres_where_a_microscope_could_see_them(length, unit, expected):
    assert micrometres(length, unit) == (expected and pytest.approx(expected))


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("plain.tif", {}, None),
        ("um.ome.tif", ome(0.25, "µm"), 0.25),
        ("nm.ome.tif", ome(110, "nm"), 0.11),
        ("bare.ome.tif", {"metadata": {"axes": "YXS", "PhysicalSizeX": 0.4}}, 0.4),
        ("pixels.ome.tif", ome(1, "pixel"), None),
        ("none.ome.tif", {"metadata": {"axes": "YXS"}}, None),
        ("cm.tif", {"resolution": (20000, 20000), "resolutionunit": "CENTIMETER"}, 0.5),
        ("inch.tif", {"resolution": (50800, 50800), "resolutionunit": "INCH"}, 0.5),
        ("screen.tif", {"resolution": (72, 72), "resolutionunit": "INCH"}, None),
        ("print.tif", {"resolution": (300, 300), "resolutionunit": "INCH"}, None),
        ("unitless.tif", {"resolution": (2, 2), "resolutionunit": "NONE"}, None),
        ("zero.tif", {"resolution": ((0, 1), (0, 1)), "resolutionunit": "CENTIMETER"}, None),
        ("slide.svs", {"description": APERIO.format(0.2498), "metadata": None}, 0.2498),
        ("odd.svs", {"description": APERIO.format("."), "metadata": None}, None),
        (
            "both.svs",
            {
                "description": APERIO.format(0.5),
                "metadata": None,
                "resolution": (20000, 20000),
                "resolutionunit": "CENTIMETER",
            },
            0.5,
        ),
    ],
)
def test_tiff_files_say_how_large_a_pixel_is(tmp_path, name, options, expected):
    imwrite(tmp_path / name, IMAGE, **RGB, **options)
    with open_image(tmp_path / name) as slide:
        assert slide.pixel_size_um == (expected and pytest.approx(expected))


@pytest.mark.parametrize(
    ("unit", "expected"), [("micron", 0.25), ("um", 0.25), (r"\u00B5m", 0.25), ("pixel", None), ("inch", None)]
)
def test_imagej_writes_the_unit_on_its_own(tmp_path, unit, expected):
    imwrite(tmp_path / "a.tif", IMAGE[..., 0], imagej=True, resolution=(4, 4), metadata={"unit": unit})
    with open_image(tmp_path / "a.tif") as slide:
        assert slide.pixel_size_um == expected


def test_the_pixel_size_is_that_of_the_image_that_is_opened(tmp_path):
    from tifffile import TiffWriter

    with TiffWriter(tmp_path / "two.ome.tif") as file:
        for side, size in ((20, 8.0), (60, 0.25)):
            file.write(np.zeros((side, side), np.uint8), metadata={"axes": "YX", "PhysicalSizeX": size})
    with open_image(tmp_path / "two.ome.tif") as slide:
        assert slide.shape == (60, 60)
        assert slide.pixel_size_um == 0.25


def test_what_the_user_says_goes_before_what_the_file_says(tmp_path):
    imwrite(tmp_path / "a.ome.tif", IMAGE, **RGB, **ome(0.25, "µm"))
    with open_image(tmp_path / "a.ome.tif", pixel_size_um=0.4) as slide:
        assert slide.pixel_size_um == 0.4


def test_pixels_that_are_not_square_have_the_side_of_a_square_as_large(tmp_path):
    about = {"axes": "YXS", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.4}
    imwrite(tmp_path / "oblong.ome.tif", IMAGE, ome=True, metadata=about, **RGB)
    with open_image(tmp_path / "oblong.ome.tif") as slide:
        assert slide.pixel_size_um == pytest.approx(0.2)
