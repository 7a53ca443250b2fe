"""Images of a project are found where they are now, or are kept in it."""

from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.projects.document import ImageEntry
from napari_hemalens.projects.work import WorkEntry, WorkFiles, WorkItem
from napari_hemalens.workflows.kept_images import KeptImage, adopt_pixels, missing_in_words, read_images


def reread(project: Path, image: KeptImage) -> KeptImage:
    WorkFiles(project).write("detect", [WorkItem(image.entry(project, {}), image.records)], {})
    document = WorkFiles(project).read("detect")
    assert document is not None
    return KeptImage.read(project, document.images[0])


@pytest.mark.parametrize("place", ["p/a.tif", "p/images/a.tif", "a.tif"])
def test_a_file_is_found_where_it_was_or_by_its_name_in_the_project(tmp_path: Path, place: str) -> None:
    project, before = tmp_path / "p", tmp_path / "a.tif"
    (project / "images").mkdir(parents=True)
    before.touch()
    image = KeptImage("smear", (4, 5), file=str(before), layer={"visible": True})
    assert image.records == {}
    before.rename(tmp_path / place)
    found = reread(project, image)
    assert (found.name, found.shape, found.layer) == ("smear", (4, 5), {"visible": True})
    assert found.path == tmp_path / place or found.path == project / "../a.tif"


def test_a_project_that_moves_with_its_images_finds_them(tmp_path: Path) -> None:
    (tmp_path / "one" / "p").mkdir(parents=True)
    file = tmp_path / "one" / "a.tif"
    file.touch()
    reread(tmp_path / "one" / "p", KeptImage("smear", (4, 5), file=str(file)))
    (tmp_path / "one").rename(tmp_path / "two")
    document = WorkFiles(tmp_path / "two" / "p").read("detect")
    assert document is not None
    found = KeptImage.read(tmp_path / "two" / "p", document.images[0])
    assert found.path is not None
    assert found.path.resolve() == tmp_path / "two" / "a.tif"


def test_an_image_that_is_not_found_is_named_in_a_sentence(tmp_path: Path) -> None:
    gone = reread(tmp_path, KeptImage("smear", (4, 5), file=str(tmp_path / "x" / "a.tif")))
    assert gone.path is None
    assert missing_in_words([gone], tmp_path) == (
        f"a.tif is not where it was: put it into {tmp_path}, and open the project again.",
    )
    others = [KeptImage(n, (4, 5), file=f"/x/{n}.tif") for n in "abcde"]
    assert missing_in_words(others, tmp_path)[0].startswith("a.tif, b.tif, c.tif and 2 more are not where they were")
    assert missing_in_words([], tmp_path) == ()


def test_the_pixels_of_an_image_without_a_file_are_kept_once(tmp_path: Path) -> None:
    pixels = np.arange(20, dtype=np.uint16).reshape(4, 5)
    image = KeptImage("smear", (4, 5), pixels=lambda: pixels, source=pixels)
    found = reread(tmp_path, image)
    assert found.pixels is not None
    again = found.pixels()
    np.testing.assert_array_equal(again, pixels)
    assert again.dtype == pixels.dtype
    files = WorkFiles(tmp_path)
    files.read("detect")
    adopt_pixels(files, found, again)
    kept = KeptImage("smear", (4, 5), pixels=lambda: again, source=again)
    assert not files.write("detect", [WorkItem(kept.entry(tmp_path, {}), kept.records)], {})
    next((tmp_path / "work").glob("*.npz")).write_bytes(b"")
    with pytest.raises(ImageError, match="The picture of smear that the project keeps is damaged"):
        found.pixels()


def test_images_whose_records_are_damaged_are_left_out_and_named() -> None:
    entries = [
        WorkEntry(image=ImageEntry(name=name, path="", fingerprint="", shape=(8, 8)), said={"name": name})
        for name in ("a", "b")
    ]
    whole, notes = read_images(entries, lambda entry: 1 if entry.image.name == "a" else None, "cells")
    assert whole == [(entries[0], 1)]
    assert notes == ("The cells of b are damaged and left out.",)
