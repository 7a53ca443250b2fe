"""Files become slides or one sentence; folders and patterns become files."""

import logging
import os
from contextlib import suppress

import imageio.v3 as iio
import numpy as np
import pytest
import zarr
from PIL import Image
from tifffile import imwrite

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.open import images_in, open_image

RNG = np.random.default_rng(0)
SMEAR = RNG.integers(0, 256, (30, 45, 3), dtype=np.uint8)
GREY = SMEAR[..., 0]


def read(path, **options):
    with open_image(path, **options) as slide:
        return slide.read(0, 0, *slide.shape)


def three(plane):
    return np.dstack([plane] * 3)


PICTURES = {
    "RGB": (Image.fromarray(SMEAR), SMEAR),
    "L": (Image.fromarray(GREY), three(GREY)),
    "1": (Image.fromarray(GREY > 99), three(255 * (GREY > 99))),
    "RGBA": (Image.fromarray(SMEAR).convert("RGBA"), SMEAR),
    "LA": (Image.fromarray(GREY).convert("LA"), three(GREY)),
    "P": (Image.fromarray(GREY // 16).convert("P"), three(GREY // 16)),
    "I;16": (Image.fromarray(GREY.astype(np.uint16)), three(GREY)),
}


@pytest.mark.parametrize(("picture", "expected"), PICTURES.values(), ids=PICTURES)
def test_png_files_of_every_mode_become_rgb(tmp_path, picture, expected):
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png"), expected)


def test_what_is_clear_in_a_png_shows_white(tmp_path):
    Image.fromarray(np.zeros((2, 2, 4), dtype=np.uint8)).save(tmp_path / "a.png")
    assert np.all(read(tmp_path / "a.png") == 255)


@pytest.mark.parametrize("name", ["a.bmp", "a.BMP", "a.jpg", "a.JPEG"])
def test_pictures_are_known_by_their_names(tmp_path, name):
    image = np.full((30, 45, 3), (200, 120, 180), dtype=np.uint8)
    iio.imwrite(tmp_path / name, image)
    assert np.abs(read(tmp_path / name).astype(int) - image).max() <= 2


@pytest.mark.parametrize(("mode", "colour"), [("CMYK", (0, 255, 255, 0)), ("L", 76)])
def test_jpeg_files_of_other_modes_become_rgb(tmp_path, mode, colour):
    Image.new(mode, (45, 30), colour).save(tmp_path / "a.jpg")
    rgb = read(tmp_path / "a.jpg")
    assert rgb.shape == (30, 45, 3)
    assert abs(int(rgb[5, 5].mean()) - (255 + 0 + 0) // 3) <= 12


def test_a_noted_rotation_is_not_carried_out(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    Image.fromarray(SMEAR).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read(tmp_path / "a.png"), SMEAR)


def test_the_first_picture_of_an_animation_is_read(tmp_path):
    frames = [Image.fromarray(SMEAR), Image.fromarray(255 - SMEAR)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read(tmp_path / "a.png"), SMEAR)


def test_a_picture_too_large_to_be_read_whole_is_refused(tmp_path, monkeypatch):
    Image.fromarray(SMEAR).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ImageError, match=r"a\.png: it is too large to read at once"):
        open_image(tmp_path / "a.png")


def test_npy_files_are_mapped(tmp_path):
    np.save(tmp_path / "a.npy", SMEAR)
    with open_image(tmp_path / "a.npy") as slide:
        assert isinstance(slide.levels[0].source, np.memmap)
    np.testing.assert_array_equal(read(tmp_path / "a.npy"), SMEAR)


def test_npy_files_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[{}]]), allow_pickle=True)
    with pytest.raises(ImageError, match=r"Cannot read .*a\.npy: .*Python objects"):
        open_image(tmp_path / "a.npy")


def test_a_stack_in_a_file_is_read_by_frame(tmp_path):
    np.save(tmp_path / "a.npy", np.stack([SMEAR, 255 - SMEAR]))
    np.testing.assert_array_equal(read(tmp_path / "a.npy", frame=(1,)), 255 - SMEAR)


def test_the_slide_is_called_what_the_caller_called_it(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", SMEAR)
    monkeypatch.chdir(tmp_path)
    assert open_image("a.npy").name == "a.npy"
    assert open_image("a.npy").pixel_size_um is None
    assert open_image("a.npy", pixel_size_um=0.2).pixel_size_um == 0.2


def test_a_pixel_size_of_0_is_refused_rather_than_ignored(tmp_path):
    np.save(tmp_path / "a.npy", SMEAR)
    with pytest.raises(ImageError, match="above 0"):
        open_image(tmp_path / "a.npy", pixel_size_um=0)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.png", None, "there is no such file"),
        (
            "notes.txt",
            b"cells",
            r"it is no image by its suffix, nor by its first bytes. Readable: \.tif, .*\.dcm.*, zarr folders and fold",
        ),
        ("cells", b"cells", "it is no image by its suffix, nor by its first bytes"),
        *((f"empty.{kind}", b"", "the file is empty") for kind in ("tif", "png", "npy")),
        *((f"other.{kind}", b"no image at all" * 9, "") for kind in ("tif", "png", "jpg", "bmp", "npy")),
        ("short.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", ""),
        ("short.tif", b"II*\0", ""),
    ],
)
def test_what_cannot_be_read_is_one_sentence_that_names_the_file(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError, match=f"Cannot read .*{name}: .*{words}"):
        open_image(tmp_path / name)


def test_a_folder_is_no_image(tmp_path):
    (tmp_path / "smears.tif").mkdir()
    with pytest.raises(
        ImageError, match=r"smears\.tif: it is a folder, but neither of a zarr nor of a DICOM slide. Readable"
    ):
        open_image(tmp_path / "smears.tif")


def test_an_image_whose_axes_are_not_clear_is_refused_by_its_file_name(tmp_path):
    np.save(tmp_path / "a.npy", SMEAR[None, ..., 0].repeat(5, axis=0))
    with pytest.raises(ImageError, match=r"a\.npy: The axes of an image of shape \(5, 30, 45\)"):
        open_image(tmp_path / "a.npy")


def files_of_every_kind(folder):
    imwrite(folder / "a.tif", SMEAR, photometric="rgb", tile=(16, 16), compression="zlib")
    imwrite(folder / "b.tif", SMEAR, photometric="rgb", compression="jpeg", ome=True)
    imwrite(folder / "c.tif", GREY.astype(np.uint16) * 9, imagej=True)
    for kind in ("jpg", "png", "bmp"):
        iio.imwrite(folder / f"d.{kind}", SMEAR)
    np.save(folder / "e.npy", SMEAR)
    return sorted(folder.iterdir())


@pytest.mark.filterwarnings("ignore:.* is damaged:UserWarning")
def test_damaged_files_are_read_or_refused_but_never_crash(tmp_path, caplog):
    caplog.set_level(logging.CRITICAL)  # tifffile logs what is wrong with a file
    rng = np.random.default_rng(5)
    read = 0
    for file in files_of_every_kind(tmp_path):
        intact = file.read_bytes()
        for _ in range(40):
            data = bytearray(intact[: rng.integers(len(intact))] if rng.random() < 0.3 else intact)
            for at in rng.integers(0, max(len(data), 1), rng.integers(1, 20)):
                data[at : at + 1] = bytes([rng.integers(256)])
            file.write_bytes(data)
            with suppress(ImageError), open_image(file) as slide:
                slide.read(0, 0, min(slide.shape[0], 50), min(slide.shape[1], 50))
                read += 1
    assert 40 < read < 200  # of 280: the damage is neither always fatal nor always harmless


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("f10.png", "f2.PNG", "F1.tif", "notes.txt", "f3.overlay.png", ".hidden.png", "deep/z.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    zarr.open_group(tmp_path / "g.zarr", mode="w")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["."], ["F1.tif", "f2.PNG", "f10.png", "g.zarr"]),
        (["*.png"], ["f10.png"]),
        (["f*"], ["f2.PNG", "f10.png"]),
        (["f[12]*.*"], ["f2.PNG", "f10.png"]),
        (["**/*.jpg"], ["deep/z.jpg"]),
        (["deep", "*"], ["deep/z.jpg", "F1.tif", "f2.PNG", "f10.png", "g.zarr"]),
        (["f10.png", "."], ["f10.png", "F1.tif", "f2.PNG", "g.zarr"]),
        (["g.zarr"], ["g.zarr"]),
        (["f3.overlay.png", "notes.txt", "gone.png"], ["f3.overlay.png", "notes.txt", "gone.png"]),
        ([], []),
    ],
)
def test_folders_and_patterns_stand_for_their_images(folder, paths, expected):
    assert [os.fspath(path) for path in images_in(paths)] == expected
    found = images_in([folder / path for path in paths])
    assert found == tuple(folder / name for name in expected)


@pytest.mark.parametrize("path", ["empty", "*.gif", "*.txt", "gone/*"])
def test_a_folder_or_pattern_without_images_is_refused(folder, path):
    (folder / "empty").mkdir()
    with pytest.raises(ImageError, match=r"No image in .*Readable: \.tif"):
        images_in([path])


@pytest.mark.parametrize("path", ["a.tif [X=0-9,Y=0-9]", "a.tif [Y=0-9]", "a.tif[Y=0-9,X=0-9]"])
def test_how_a_rectangle_is_written_is_said_where_one_is_not(folder, path):
    with pytest.raises(ImageError, match=r"A rectangle of an image is written like this: 'slide\.svs \[Y="):
        images_in([path])


def test_an_empty_folder_with_an_equals_sign_in_its_name_is_no_rectangle(folder):
    (folder / "stain=giemsa").mkdir()
    with pytest.raises(ImageError, match=r"^No image in stain=giemsa\. Readable: "):
        images_in(["stain=giemsa"])


def test_a_rectangle_of_a_file_that_is_not_there_is_said(folder):
    with pytest.raises(ImageError, match=r"^No such file or folder: gone\.tif, of which a part was asked for\.$"):
        images_in(["gone.tif [Y=0-9,X=0-9]"])


def test_a_folder_with_images_in_folders_alone_says_how_to_ask_for_them(folder):
    (folder / "patients" / "a").mkdir(parents=True)
    (folder / "patients" / "a" / "x.png").touch()
    with pytest.raises(ImageError, match=r"No image in patients itself; '(.+)' means those of all folders") as refused:
        images_in(["patients"])
    pattern = str(refused.value).split("'")[1]
    assert [path.name for path in images_in([pattern])] == ["x.png"]


def test_a_folder_that_may_not_be_looked_into_is_refused_in_a_sentence(folder, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path / "zarr.json"))

    monkeypatch.setattr("napari_hemalens.formats.image_names.is_zarr", forbidden)
    with pytest.raises(ImageError, match=r"^Cannot look for images in \.: Permission denied\.$"):
        images_in(["."])


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    (tmp_path / "f[1].png").touch()
    assert images_in([tmp_path / "f[1].png"]) == (tmp_path / "f[1].png",)


def test_an_image_that_is_given_by_several_paths_is_one(folder):
    given = ["f2.PNG", folder / "f2.PNG", "deep/../f2.PNG", "./f*.PNG", folder]
    assert [str(path) for path in images_in(given)].count("f2.PNG") == 1
    assert [path.name for path in images_in(given)] == ["f2.PNG", "F1.tif", "f10.png", "g.zarr"]
