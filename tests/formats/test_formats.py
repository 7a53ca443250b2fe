import csv
import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens import extras
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import FORMATS, export, read_annotations
from napari_hemalens.records.detections import Detections, Provenance

DATA = Path(os.environ.get("HEMALENS_DATA", Path(__file__).parents[3] / "shared" / "data"))
NAMES = ("WBC", "plasma cell", "Zelle µ <&>")


def field(image, boxes, classes, scores=None, shape=(60, 90), names=NAMES, frame=""):
    scores = np.linspace(1, 0.5, len(boxes)) if scores is None else scores
    origin = Provenance(image=image, frame=frame)
    return Detections.from_arrays(
        boxes, scores, classes, names=names, image_shape=shape, recognised=names, provenance=origin
    )


AWKWARD = {
    "a class with a space": [field("a.png", [[1, 2, 30, 40]], [1])],
    "a class with signs of XML": [field("a.png", [[1, 2, 30, 40]], [2])],
    "an image with a name in Unicode": [field("Präparat 骨髓.png", [[1, 2, 30, 40]], [0])],
    "corners between pixels": [field("a.png", [[1.5, 2.25, 30.75, 40.5], [0.5, 0.5, 9, 9]], [0, 1])],
    "boxes at every edge": [field("a.png", [[0, 0, 60, 90], [59, 89, 60, 90]], [0, 1])],
    "scores": [field("a.png", [[0, 0, 5, 5], [1, 1, 7, 7]], [0, 1], [0.9375, 0.1234])],
    "one base name in two folders": [
        field("/d/one/a.png", [[1, 2, 30, 40]], [0]),
        field("/d/two/a.png", [[5, 6, 10, 20]], [1]),
    ],
    "images of one stem": [
        field("a.png", [[1, 2, 30, 40]], [0]),
        field("a.tif", [[5, 6, 10, 20]], [1], shape=(40, 50)),
    ],
    "two frames of one image": [
        field("a.tif", [[1, 2, 30, 40]], [0], frame="T=0,Z=3"),
        field("a.tif", [[5, 6, 10, 20]], [1], frame="T=1,Z=3"),
    ],
    "an image as large as a slide": [
        field("a.svs", [[99990.5, 120000.25, 99999, 120020]], [0], shape=(100_000, 130_000))
    ],
}
EMPTY = [field("a.png", [[1, 2, 30, 40]], [0]), field("b.png", [], [])]


def by_image(fields):
    return {f.provenance.title: f for f in fields}


def assert_same(found, expected, images):
    read = by_image(found)
    assert sorted(read) == sorted(images)
    for image, wanted in zip(images, expected, strict=True):
        got = read[image]
        assert got.image_shape == wanted.image_shape
        assert got.class_names.tolist() == wanted.class_names.tolist()
        np.testing.assert_allclose(got.boxes, wanted.boxes, atol=0.01)
        np.testing.assert_allclose(got.scores, wanted.scores, atol=1e-4)
    assert len({f.names for f in found}) == 1


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", AWKWARD)
def test_what_is_written_is_read_back_the_same(tmp_path, name, case):
    (written,) = export(AWKWARD[case], tmp_path, [name])
    twice = case == "one base name in two folders"
    images = [f.provenance.title.removeprefix("/d/") if twice else f.provenance.title for f in AWKWARD[case]]
    assert_same(read_annotations(written), AWKWARD[case], images)
    assert_same(FORMATS[name].read(written), AWKWARD[case], images)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "csv"])
def test_an_image_without_cells_is_kept(tmp_path, name):
    (written,) = export(EMPTY, tmp_path, [name])
    assert_same(read_annotations(written), EMPTY, ["a.png", "b.png"])


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "csv"])
def test_images_beside_the_annotations_are_found(tmp_path, name):
    fields = [field("a.png", [[1, 2, 30, 40]], [0])]
    (written,) = export(fields, tmp_path, [name])
    folder = {"yolo": written / "images", "voc": written, "geojson": written}.get(name, tmp_path)
    folder.mkdir(exist_ok=True)
    (folder / "a.png").touch()
    assert read_annotations(written)[0].provenance.image == str(folder / "a.png")


def test_an_export_is_read_from_its_folder_by_the_first_format_there(tmp_path):
    fields = AWKWARD["corners between pixels"]
    assert [p.name for p in export(fields, tmp_path, list(FORMATS))] == [
        *("coco.json", "voc", "yolo", "via.json", "geojson", "cells.csv", "cells.parquet", "cells.h5ad")
    ]
    assert_same(read_annotations(tmp_path), fields, ["a.png"])
    assert_same(read_annotations(tmp_path, format="csv"), fields, ["a.png"])


@pytest.mark.parametrize("name", ["voc", "yolo", "geojson"])
def test_the_folder_that_was_written_to_is_read_as_well(tmp_path, name):
    fields = AWKWARD["corners between pixels"]
    export(fields, tmp_path, [name])
    assert_same(read_annotations(tmp_path), fields, ["a.png"])
    (tmp_path / "run.json").write_text('{"hemalens": "0.1.0"}', encoding="utf-8")
    assert_same(read_annotations(tmp_path), fields, ["a.png"])


@pytest.mark.parametrize("name", FORMATS)
def test_one_file_an_image_is_what_the_table_says(tmp_path, name):
    (written,) = export(AWKWARD["one base name in two folders"], tmp_path, [name])
    assert written.is_dir() == FORMATS[name].one_file_per_image


@pytest.mark.parametrize("name", FORMATS)
def test_a_split_may_be_a_folder_of_its_own(tmp_path, name):
    export(EMPTY, tmp_path / "train", [name])
    target = FORMATS[name].target
    if (tmp_path / "train" / target).is_dir():
        (tmp_path / "train" / target).rename(tmp_path / "moved")
        (tmp_path / "train").rmdir()
        (tmp_path / "moved").rename(tmp_path / "train")
    assert len(read_annotations(tmp_path, format=name, split="train")[0]) == 1


def test_a_folder_without_annotations_says_what_was_looked_for(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(AnnotationError) as error:
        read_annotations(tmp_path, split="train")
    assert str(error.value) == (
        f"No annotations for the split 'train' in {tmp_path}: looked for a COCO JSON, or VOC XML files, or YOLO's "
        "data.yaml or classes.txt, or a VIA JSON or CSV, or GeoJSON, or a cells.csv or another table of boxes, or "
        "a Parquet file, or AnnData, or CVAT's XML, or Label Studio's JSON, or LabelMe's JSON, or Create ML's JSON, or "
        "DICOM's bulk annotations, or points/*.csv (with <split>.txt for a split)."
    )


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"No such file or folder: .*nowhere"):
        read_annotations(tmp_path / "nowhere")


def test_a_json_file_that_is_cut_off_is_named(tmp_path):
    (tmp_path / "a.json").write_text('{"images": [')
    with pytest.raises(AnnotationError, match=r"a\.json is not JSON: "):
        read_annotations(tmp_path / "a.json")


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(AnnotationError, match=r"No format 'xls'\. Known: coco, voc, yolo, via"):
        export(EMPTY, tmp_path / "out", ["coco", "xls"])
    assert not (tmp_path / "out").exists()
    with pytest.raises(AnnotationError, match="No format 'xls'"):
        read_annotations(tmp_path, format="xls")


def needs(folder):
    return pytest.mark.skipif(not (DATA / folder).is_dir(), reason=f"no {DATA / folder}")


@pytest.mark.slow
@needs("smear_detection")
def test_the_training_set_is_read_without_decoding_an_image(monkeypatch):
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    fields = read_annotations(DATA / "smear_detection", split="train")
    assert (len(fields), sum(map(len, fields)), len(fields[0].names)) == (4908, 87_231, 12)
    assert all(Path(f.provenance.image).is_file() for f in fields[::500])


@needs("bccd")
def test_bccd_is_read_by_split_with_names_and_edges_of_its_own():
    train, val = (read_annotations(DATA / "bccd", split=split) for split in ("train", "val"))
    assert (len(train), len(val), train[0].names) == (205, 87, ("Platelets", "RBC", "WBC"))
    images = [{Path(f.provenance.image).name for f in fields} for fields in (train, val)]
    assert not images[0] & images[1]
    first = by_image(val)[str(DATA / "bccd" / "JPEGImages" / "BloodImage_00000.jpg")]
    assert first.boxes[first.class_names == "WBC"].tolist() == [[177, 260, 376, 491]]
    assert max(f.boxes[:, 3].max() for f in train) == 640  # the width: edges, not pixels


@needs("smear_detection")
def test_the_table_of_real_cells_counts_them_all(tmp_path):
    fields = read_annotations(DATA / "smear_detection", split="val")
    (written,) = export(fields, tmp_path, ["csv"])
    with written.open(encoding="utf-8", newline="") as stream:
        assert sum(1 for _ in csv.DictReader(stream)) == sum(map(len, fields))


def test_damaged_files_of_every_reader_are_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("fuzz", Path(__file__).parents[2] / "benchmarks" / "fuzz.py")
    assert spec is not None
    assert spec.loader is not None
    fuzz = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = fuzz  # dataclasses look there for the names of their types
    try:
        spec.loader.exec_module(fuzz)
        read, bare = fuzz.fuzz(tmp_path, 460, 0)
    finally:
        del sys.modules[spec.name]
    assert bare == []
    assert 0 < read < 460


def test_a_format_whose_package_is_missing_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "anndata" else name)
    with pytest.raises(AnnotationError) as error:
        export(EMPTY, tmp_path / "out", ["csv", "h5ad"])
    assert str(error.value) == "The format h5ad needs anndata: pip install 'napari-hemalens[exchange]'."
    assert not (tmp_path / "out").exists()
