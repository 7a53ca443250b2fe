from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_hemalens.errors import ImageError
from napari_hemalens.slides.open import images_in, open_image

SMEAR = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)


def read(path: Path, **options: object) -> np.ndarray:
    with open_image(path, **options) as slide:
        return slide.read(0, 0, *slide.shape)


@pytest.mark.parametrize("suffix", [".webp", ".jp2", ".png", ".bmp"])
def test_a_picture_without_loss_is_read_as_it_was_written(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(SMEAR).save(tmp_path / f"a{suffix}", lossless=True)
    np.testing.assert_array_equal(read(tmp_path / f"a{suffix}"), SMEAR)


def test_a_gif_has_the_colours_of_its_palette(tmp_path: Path) -> None:
    few = (SMEAR // 128 * 255).astype(np.uint8)
    Image.fromarray(few).quantize(8).save(tmp_path / "a.gif")
    np.testing.assert_array_equal(read(tmp_path / "a.gif"), few)
    assert images_in([tmp_path]) == (tmp_path / "a.gif",)


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_an_animation_has_its_pictures_as_frames(tmp_path: Path, name: str) -> None:
    first, second = (Image.fromarray(np.full((40, 50, 3), value, np.uint8)) for value in (60, 200))
    first.save(tmp_path / name, save_all=True, append_images=[second], lossless=True)
    assert [int(read(tmp_path / name, frame=f"T={n}")[20, 25, 0]) for n in (0, 1)] == [60, 200]
    with pytest.raises(ImageError, match="2 frames along T"):
        open_image(tmp_path / name)


@pytest.mark.parametrize("kind", ["png", "jp2", "tif"])
@pytest.mark.parametrize("step", [257, 16])  # 16 and 12 bits in 16
def test_colours_of_more_than_8_bits_are_the_same_in_all_files(tmp_path: Path, kind: str, step: int) -> None:
    deep = SMEAR.astype(np.uint16) * step
    encode = {"png": imagecodecs.png_encode, "jp2": lambda pixels: imagecodecs.jpeg2k_encode(pixels, level=0)}
    if kind == "tif":
        tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    else:
        (tmp_path / f"a.{kind}").write_bytes(encode[kind](deep))
    assert np.abs(read(tmp_path / f"a.{kind}").astype(int) - SMEAR).max() <= 1


@pytest.mark.parametrize(("written", "called"), [("JPEG", "a.tif"), ("TIFF", "a.png"), ("PNG", "a.svs"), ("GIF", "a")])
def test_a_picture_with_a_wrong_suffix_is_read_by_its_first_bytes(tmp_path: Path, written: str, called: str) -> None:
    flat = np.full((40, 50, 3), 96, np.uint8)
    Image.fromarray(flat).save(tmp_path / called, format=written)
    np.testing.assert_array_equal(read(tmp_path / called), flat)


def test_a_text_called_an_image_is_refused_and_named(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif", "a.npy", "a.txt"):
        (tmp_path / name).write_text("no image at all\n" * 9, encoding="utf-8")
        with pytest.raises(ImageError, match=rf"Cannot read .*{name}: "):
            open_image(tmp_path / name)
