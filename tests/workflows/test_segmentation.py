"""The one door to segmentation: arrays, files, a folder of files."""

import csv
import json
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

import napari_hemalens
from napari_hemalens import workflows
from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.errors import ImageError, RecipeError
from napari_hemalens.progress import finish
from napari_hemalens.slides.axes import from_array

SPOTS = ((50, 60), (60, 180), (160, 100), (190, 240))


@pytest.fixture
def nuclei() -> np.ndarray:
    y, x = np.mgrid[:240, :300]
    bright = sum(((y - cy) ** 2 + (x - cx) ** 2 <= 14**2).astype(np.uint16) for cy, cx in SPOTS)
    return (np.random.default_rng(0).normal(900, 30, (240, 300)) + 5000 * bright).astype(np.uint16)


def rows(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "cells.csv").read_text(encoding="utf-8").splitlines()))


def test_an_array_a_slide_and_a_file_give_the_same_cells(nuclei: np.ndarray, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", nuclei)
    by_array, by_slide, by_file = (
        napari_hemalens.segment(image) for image in (nuclei, from_array(nuclei), tmp_path / "a.tif")
    )
    assert len(by_array) == 4
    np.testing.assert_array_equal(by_array.labels, by_slide.labels)
    np.testing.assert_array_equal(by_array.labels, by_file.labels)
    assert by_file.provenance.image == str(tmp_path / "a.tif")


def test_a_result_says_what_made_it(nuclei: np.ndarray) -> None:
    origin = napari_hemalens.segment(nuclei, pixel_size_um=0.5, threshold=1.1).provenance
    assert (origin.pixel_size_um, origin.pixel_size_source) == (0.5, "given")
    assert SegmentationRecipe.from_options(**origin.recipe).threshold == 1.1
    assert origin.recipe["kind"] == "fluorescence"  # not 'auto': the kind that was found


def test_a_region_is_segmented_alone_and_says_where_it_is(nuclei: np.ndarray) -> None:
    found = napari_hemalens.segment(nuclei, region=(0, 0, 120, 300))
    assert found.region == (0, 0, 120, 300)
    assert found.labels.shape == (120, 300)
    assert len(found) == 2


def test_the_frame_of_a_stack_is_chosen_by_its_index(nuclei: np.ndarray) -> None:
    second = napari_hemalens.segment(np.stack([np.zeros_like(nuclei), nuclei]), axes="TYX", frame=(1,))
    np.testing.assert_array_equal(second.labels, napari_hemalens.segment(nuclei).labels)


def test_an_unknown_option_is_refused_with_those_that_are_known(nuclei: np.ndarray) -> None:
    with pytest.raises(RecipeError, match=r"No option 'diameter'. Known: kind, channel, frame, pixel_size_um"):
        napari_hemalens.segment(nuclei, diameter=30)


def test_a_grey_image_is_refused_as_a_smear(nuclei: np.ndarray) -> None:
    with pytest.raises(ImageError, match="grey image shows no stain"):
        napari_hemalens.segment(nuclei, kind="smear")


def test_images_of_one_name_in_two_folders_have_files_of_their_own(nuclei: np.ndarray, tmp_path: Path) -> None:
    files = [tmp_path / "day1" / "a.tif", tmp_path / "day2" / "a.tif", tmp_path / "day2" / "a.png"]
    for number, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        iio.imwrite(file, np.roll(nuclei // 64, 5 * number, axis=1).astype(np.uint8))
    batch = finish(workflows.segment_files_steps(files, SegmentationRecipe(pixel_size_um=0.5), tmp_path / "out"))
    assert [len(cells) for cells in batch.fields] == [4, 4, 4]
    assert len(list((tmp_path / "out").rglob("*.labels.tif"))) == 3
    assert len(list((tmp_path / "out").rglob("*.outline.png"))) == 3
    first, last = rows(tmp_path / "out")[0], rows(tmp_path / "out")[-1]
    assert len({row["image"] for row in rows(tmp_path / "out")}) == 3
    labels = tifffile.imread(tmp_path / "out" / "day1" / "a.labels.tif")
    assert int(first["area"]) == (labels == int(first["cell"])).sum()
    assert float(first["area_um2"]) == pytest.approx(int(first["area"]) / 4)
    assert first["nucleus_area"] == ""  # the cells are nuclei
    assert last["kind"] == "fluorescence"


def test_an_unreadable_image_is_reported_and_the_rest_goes_on(nuclei: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "broken.tif").write_bytes(b"no image")
    tifffile.imwrite(tmp_path / "whole.tif", nuclei)
    files = [tmp_path / "broken.tif", tmp_path / "whole.tif"]
    batch = finish(workflows.segment_files_steps(files, SegmentationRecipe(), tmp_path / "out"))
    assert list(batch.failed) == [str(files[0])]
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert [(image["image"], image["cells"]) for image in run["images"]] == [("whole.tif", 4)]
    assert [Path(image["image"]).name for image in run["failed"]] == ["broken.tif"]


def test_a_stopped_run_over_files_leaves_what_it_found(nuclei: np.ndarray, tmp_path: Path) -> None:
    files = [tmp_path / "a.tif", tmp_path / "b.tif"]
    for file in files:
        tifffile.imwrite(file, nuclei)
    steps = workflows.segment_files_steps(files, SegmentationRecipe(), tmp_path / "out")
    next(steps)
    steps.close()
    assert {row["image"] for row in rows(tmp_path / "out")} == {"a.tif"}
    batch = finish(workflows.segment_files_steps(files, SegmentationRecipe(), tmp_path / "out"))
    assert batch.kept == 1
    assert {row["image"] for row in rows(tmp_path / "out")} == {"a.tif", "b.tif"}
    assert len(rows(tmp_path / "out")) == 8


def test_outlines_drawn_by_hand_beside_an_image_are_not_replaced(nuclei: np.ndarray, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", nuclei)
    (tmp_path / "a.labels.tif").write_bytes(b"drawn by hand")
    with pytest.raises(RecipeError, match="folder of their own"):
        finish(workflows.segment_files_steps([tmp_path / "a.tif"], SegmentationRecipe(), tmp_path))
    assert (tmp_path / "a.labels.tif").read_bytes() == b"drawn by hand"
