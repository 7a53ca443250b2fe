"""Label images that are given go to the image of their name."""

from pathlib import Path

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.workflows.outline_files import NO_OUTLINES, OutlineFiles, path_texts

IMAGES = [Path("a.tif"), Path("b.tif")]


@pytest.fixture(autouse=True)
def _masks(tmp_path, monkeypatch):
    """Masks of both images in the folder at hand."""
    monkeypatch.chdir(tmp_path)
    Path("masks").mkdir()
    for image in IMAGES:
        (Path("masks") / image.name).touch()


def test_outlines_are_in_the_order_of_the_images():
    given = [Path("masks/b.tif"), Path("masks/a.tif")]
    found = OutlineFiles(labels=given, cells="paired", micronuclei=given).match(IMAGES)
    assert [path.stem for path in found.labels] == [path.stem for path in found.micronuclei] == ["a", "b"]
    assert found.cells == "paired"
    assert NO_OUTLINES.match(IMAGES) == NO_OUTLINES


def test_too_few_outlines_are_refused():
    with pytest.raises(AnnotationError):
        OutlineFiles(cells=[Path("masks/a.tif")]).match(IMAGES)


def test_paths_are_texts_in_a_record_of_a_run():
    assert path_texts(IMAGES) == ["a.tif", "b.tif"]
    assert path_texts(None) is None


def test_those_of_one_image_are_its_own():
    given = [Path("masks/b.tif"), Path("masks/a.tif")]
    matched = OutlineFiles(labels=given, cells="paired", micronuclei=given).match(IMAGES)
    assert len(matched.files) == 4
    assert matched.only(1).files == (Path("masks/b.tif"), Path("masks/b.tif"))
    assert matched.only(1).cells == "paired"
    assert NO_OUTLINES.only(1) == NO_OUTLINES
