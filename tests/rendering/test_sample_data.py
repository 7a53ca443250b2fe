import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_hemalens.formats import coco
from napari_hemalens.records.taxonomy import MARROW_12
from napari_hemalens.rendering import render_field
from napari_hemalens.rendering.sample_data import SAMPLES, make
from napari_hemalens.slides.open import open_image

PACKED = Path(__file__).parents[2] / "sample_data"
SMALL = tuple(replace(sample, shape=(200, 260)) for sample in SAMPLES)


def test_samples_are_made_again_byte_for_byte(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        make(tmp_path / folder, SMALL)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_the_pixel_size_travels_with_the_file(tmp_path: Path) -> None:
    smear, *_ = make(tmp_path, SMALL[:1])
    with open_image(smear) as slide:
        assert slide.pixel_size_um == pytest.approx(0.15)


def test_other_programs_read_the_same_pixels(tmp_path: Path) -> None:
    smear, *_ = make(tmp_path, SMALL[:1])
    rendered, _ = render_field((200, 260), pixel_size_um=0.15, seed=SMALL[0].seed)
    with Image.open(smear) as picture:
        opened = np.asarray(picture.convert("RGB"))
    assert abs(opened.astype(float) - rendered).mean() < 3
    assert abs(opened.astype(float) - iio.imread(smear)).mean() < 1


def test_the_packed_samples_are_small_and_show_every_class() -> None:
    files = [PACKED / sample.file for sample in SAMPLES]
    assert sum(path.stat().st_size for path in PACKED.rglob("*")) < 8e6
    fields = coco.read(PACKED / "truth.json")
    assert [Path(field.provenance.image) for field in fields] == files
    assert set(fields[0].counts()) == {*MARROW_12.classes}
    for sample, field in zip(SAMPLES, fields, strict=True):
        assert field.image_shape == sample.shape == iio.imread(PACKED / sample.file).shape[:2]


@pytest.mark.slow
def test_the_packed_samples_are_what_the_script_makes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "napari_hemalens.rendering.sample_data", str(tmp_path)]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    made, packed = (coco.read(folder / "truth.json") for folder in (tmp_path, PACKED))
    for one, other in zip(made, packed, strict=True):
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.classes, other.classes)
        again, image = (iio.imread(field.provenance.image).astype(float) for field in (one, other))
        assert abs(again - image).mean() < 0.5
    for folder in ("micronucleus_assay", "lymphoblasts"):
        files = [path.relative_to(PACKED) for path in (PACKED / folder).rglob("*") if path.is_file()]
        for file in files:
            if file.suffix == ".csv":
                assert (tmp_path / file).read_text() == (PACKED / file).read_text()
            else:
                again, image = (tifffile.imread(root / file).astype(float) for root in (tmp_path, PACKED))
                assert abs(again - image).mean() < (1 if "images" in file.parts else 1e-9)
