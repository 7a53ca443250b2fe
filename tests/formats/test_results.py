"""Folders of results are read back with what a person said."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.presets import CLASSIFICATION
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import named_cells
from napari_hemalens.formats.results import check_no_results, image_near, read_results
from napari_hemalens.progress import finish
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import ICSH
from napari_hemalens.reports.classes import write_cells
from napari_hemalens.reports.detections import write_run
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.segmentation.files import write_labels
from napari_hemalens.workflows import NewWeights, train_classification_steps, write_results


def image_at(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    iio.imwrite(path, np.random.default_rng(seed).integers(0, 255, (60, 80, 3), dtype=np.uint8))
    return path


def detected(image: Path) -> ReviewedBoxes:
    return ReviewedBoxes.from_run(
        Detections.from_arrays(
            [[0, 0, 10, 12], [20, 20, 32, 34], [40, 40, 52, 50]],
            [0.9, 0.8, 0.7],
            [ICSH.classes.index("lymphocyte")] * 3,
            names=ICSH.classes,
            image_shape=(60, 80),
            provenance=Provenance(image=str(image), pixel_size_um=0.2, weights="w"),
        )
    )


def classified(image: Path) -> tuple[Classified, np.ndarray]:
    labels = np.zeros((60, 80), np.int32)
    labels[5:15, 5:15], labels[30:40, 30:40] = 1, 7
    found = Classified(
        np.array([1, 7]),
        np.array([[0.7, 0.3], [0.6, 0.4]], np.float32),
        np.array([0, 0]),
        ("blast", "normal"),
        np.array([[9.5, 9.5], [34.5, 34.5]]),
        np.array([100, 100]),
        (60, 80),
        Provenance(image=str(image)),
    )
    return found, labels


def write_classified(found: Classified, outlines: np.ndarray | None, folder: Path, **options: object) -> None:
    write_cells([found], folder / "cells.csv")
    write_run([found], options, folder / "run.json")
    if outlines is not None:
        write_labels(outlines, folder / f"{Path(found.provenance.image).stem}.labels.tif")


@pytest.mark.parametrize("formats", [("csv", "coco"), ("csv",)])
def test_detected_cells_come_back_with_corrections(formats: tuple[str, ...], tmp_path: Path) -> None:
    seen, unseen = (detected(image_at(tmp_path / f"{k}.png", k)) for k in range(2))
    seen = seen.with_classes(np.array([1]), ["blast"]).without(np.array([2]))
    fields = [each.current(0.5) for each in (seen, unseen)]
    write_results(fields, DetectionRecipe(), tmp_path / "out", formats=formats)
    first, second = read_results(tmp_path / "out").detected
    assert (first.corrected, second.corrected) == (True, False)
    assert sorted(first.cells.class_names.tolist()) == ["blast", "lymphocyte"]
    assert first.cells.named.sum() == 1
    assert (first.image.name, first.cells.provenance.pixel_size_um) == ("0.png", 0.2)


def test_classified_cells_come_back_with_their_labels(tmp_path: Path) -> None:
    found, labels = classified(image_at(tmp_path / "a.png"))
    write_classified(found.with_corrections([-1, 1]), labels, tmp_path / "out")
    (image,) = read_results(tmp_path / "out").classified
    assert (image.ids.tolist(), image.class_names.tolist(), image.given.tolist()) == (
        [1, 7],
        ["blast", "normal"],
        [False, True],
    )
    assert (image.image.name, image.labels.name) == ("a.png", "a.labels.tif")


def test_labels_that_a_run_was_given_are_found_where_they_were(tmp_path: Path) -> None:
    found, labels = classified(image_at(tmp_path / "a.png"))
    write_labels(labels, tmp_path / "given" / "a_masks.tif")
    write_classified(found, None, tmp_path / "out", labels=[str(tmp_path / "given" / "a_masks.tif")])
    assert read_results(tmp_path / "out").classified[0].labels.name == "a_masks.tif"


def test_what_is_not_there_any_more_is_said(tmp_path: Path) -> None:
    found, labels = classified(image_at(tmp_path / "a.png"))
    write_classified(found, None, tmp_path / "no labels")
    assert read_results(tmp_path / "no labels").missing == (
        f"1 label image of {tmp_path / 'no labels'} cannot be found, neither where the run had it nor beside: a.png.",
    )
    write_classified(found, labels, tmp_path / "out")
    shutil.move(tmp_path / "a.png", tmp_path / "out" / "a.png")
    assert len(read_results(tmp_path / "out").classified) == 1  # beside the results
    (tmp_path / "out" / "a.png").unlink()
    assert "1 image of" in read_results(tmp_path / "out").missing[0]


def test_many_images_that_are_gone_are_one_sentence(tmp_path: Path) -> None:
    paths = [image_at(tmp_path / f"{k}.png", k) for k in range(5)]
    write_results([detected(path).current(0.5) for path in paths], DetectionRecipe(), tmp_path / "out")
    for path in paths[1:]:
        path.unlink()
    (said,) = read_results(tmp_path / "out").missing
    assert said.startswith(f"4 images of {tmp_path / 'out'} cannot be found, neither where the run had them nor beside")
    assert said.endswith(": 1.png, 2.png, 3.png, ….")


def test_images_of_a_run_are_found_from_any_other_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran, other = tmp_path / "ran", tmp_path / "other"
    for place, seed in ((ran, 0), (other, 1)):  # another experiment that calls its images alike
        image_at(place / "slides" / "a.png", seed)
    monkeypatch.chdir(ran)
    found, labels = classified(Path("slides/a.png"))
    write_labels(labels, Path("masks/a.tif"))
    write_classified(found, None, Path("results/a"), labels=["masks/a.tif"])
    write_results([detected(Path("slides/a.png")).current(0.5)], DetectionRecipe(), Path("results/b"))
    for here, results in ((other, Path("../ran/results")), (tmp_path, Path("ran/results")), (ran, Path("results"))):
        monkeypatch.chdir(here)
        (image,) = read_results(results / "a").classified
        (field,) = read_results(results / "b").detected
        assert (image.image, image.labels) == (field.image, ran / "masks" / "a.tif")
        assert field.image.samefile(ran / "slides" / "a.png")


def test_images_of_a_run_are_found_where_a_link_to_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real" / "run").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "run"
    try:
        link.symlink_to(tmp_path / "real" / "run", target_is_directory=True)
    except OSError:
        pytest.skip("links cannot be made here")
    (tmp_path / "real" / "a.png").write_bytes(b"")
    assert image_near(link, "a.png") == tmp_path / "real" / "a.png"


def test_an_image_in_a_closed_folder_is_looked_for_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = os.stat

    def refusing(path: Any, *rest: Any, **options: Any) -> os.stat_result:
        if "private" in Path(path).parts:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *rest, **options)

    monkeypatch.setattr(os, "stat", refusing)
    (tmp_path / "a.png").write_bytes(b"")
    assert image_near(tmp_path, "/private/a.png") == tmp_path / "a.png"


def test_a_folder_that_holds_no_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"holds no results of HemaLens: cannot read run\.json: (?!\[Errno)"):
        read_results(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(AnnotationError, match="does not say which images"):
        read_results(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"images": ["a.png"]}))  # as `suggest` writes it
    with pytest.raises(AnnotationError, match=r"no results of `detect` or `classify`: .* another command"):
        read_results(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"images": []}))
    with pytest.raises(AnnotationError, match="holds no cells"):
        read_results(tmp_path)


def test_labels_of_parts_of_an_image_are_those_of_each(tmp_path: Path) -> None:
    image = image_at(tmp_path / "a.png")
    results = []
    for x in (100, 5):  # by name, the second comes first
        found, labels = classified(Path(f"{image} [Y=0-60,X={x}-{x + 80}]"))
        results.append(found)
        write_labels(labels, tmp_path / "out" / f"a_Y0-60_X{x}-{x + 80}.labels.tif")
    write_cells(results, tmp_path / "out" / "cells.csv")
    write_run(results, {}, tmp_path / "out" / "run.json")
    found_labels = [each.labels.name for each in read_results(tmp_path / "out").classified]
    assert found_labels == ["a_Y0-60_X100-180.labels.tif", "a_Y0-60_X5-85.labels.tif"]


def test_results_are_no_set_to_train_on_and_it_is_told_what_makes_one(tmp_path: Path) -> None:
    found, labels = classified(image_at(tmp_path / "a.png"))
    write_classified(found, labels, tmp_path / "my results")
    with pytest.raises(AnnotationError, match=r'holds results, .*`hemalens collect ".*results" --out SET` makes one'):
        check_no_results(tmp_path / "my results")
    with pytest.raises(AnnotationError, match="holds results, no set"):
        named_cells.read(tmp_path / "my results", split="val")
    with pytest.raises(AnnotationError, match="holds results, no set"):
        finish(
            train_classification_steps(
                [tmp_path / "my results"], "all", CLASSIFICATION["all"], NewWeights(tmp_path / "new", "new")
            )
        )
    (tmp_path / "my results" / "run.json").unlink()
    check_no_results(tmp_path / "my results")
