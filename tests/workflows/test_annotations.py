"""Annotations are rewritten in another format, all of them, and none is written over."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.formats import FORMATS, export, read_annotations
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.axes import from_array
from napari_hemalens.workflows import Converted, annotations, convert_annotations
from napari_hemalens.workflows.ome_zarr import write_ome_zarr_steps


def test_what_was_written_is_said_and_reads_back(two_fields: Path, tmp_path: Path) -> None:
    before = read_annotations(two_fields, split="train")
    written = convert_annotations([two_fields], tmp_path / "out", to="coco", split="train")
    assert written == Converted(tmp_path / "out" / "coco.json", 2, sum(map(len, before)))
    after = read_annotations(written.target)
    assert sorted(name for f in after for name in f.class_names) == sorted(n for f in before for n in f.class_names)


def test_two_sets_become_one(two_fields: Path, tmp_path: Path) -> None:
    both = [two_fields / "train.json", two_fields / "val.json"]
    written = convert_annotations(both, tmp_path / "out", to="csv")
    assert written.images == 4


def test_a_folder_that_is_read_is_not_written_to(two_fields: Path) -> None:
    with pytest.raises(RecipeError, match="folder of their own"):
        convert_annotations([two_fields], two_fields, to="via", split="train")


def test_what_was_written_before_is_not_replaced(two_fields: Path, tmp_path: Path) -> None:
    before = convert_annotations([two_fields], tmp_path / "out", to="csv", split="train").target.read_bytes()
    with pytest.raises(RecipeError, match=r"cells\.csv is there already, and would be replaced"):
        convert_annotations([two_fields], tmp_path / "out", to="csv", split="val")
    assert (tmp_path / "out" / "cells.csv").read_bytes() == before


def test_an_unknown_format_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="No format 'xml'"):
        convert_annotations([tmp_path / "missing"], tmp_path / "out", to="xml")
    assert not (tmp_path / "out").exists()


def test_images_of_one_name_keep_their_cells_and_that_is_said(two_fields: Path, tmp_path: Path) -> None:
    one = two_fields / "train.json"
    written = convert_annotations([one, one], tmp_path / "out", to="voc")
    first = Path(read_annotations(one)[0].provenance.image)
    assert (written.images, len(list(written.target.rglob("*.xml")))) == (4, 4)
    said, size = written.notes
    assert "voc has no place for the pixel size" in size
    assert said.startswith(f"2 names of images are given more than once ({first.name}, ")
    assert said.endswith(f"under names such as {first.stem}-2{first.suffix}.")
    assert convert_annotations([one], tmp_path / "once", to="voc").notes == (size,)


def test_cells_beside_an_image_as_ome_zarr_are_converted(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    cells = Detections.from_arrays(
        [[1, 2, 11, 14], [20, 20, 32, 34]],
        [0.9, 0.8],
        [0, 1],
        names=("blast", "lymphocyte"),
        image_shape=(60, 80),
        provenance=Provenance(image="a.png", pixel_size_um=0.2),
    )
    finish(write_ome_zarr_steps(from_array(pixels), cells, tmp_path / "a.ome.zarr"))
    written = convert_annotations([tmp_path / "a.ome.zarr"], tmp_path / "out", to="csv", classes={"blast": "other"})
    (found,) = read_annotations(written.target)
    assert (found.class_names.tolist(), found.provenance.pixel_size_um) == (["other", "lymphocyte"], 0.2)
    np.testing.assert_allclose(found.boxes, cells.boxes)


def test_cells_with_outlines_are_not_called_missing_annotations(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("image,cell,class,centroid_y,centroid_x\na.png,1,blast,5,5\n", encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"holds classified cells, .* `hemalens classify --formats` writes them"):
        convert_annotations([tmp_path], tmp_path / "out", to="coco")


@pytest.mark.parametrize("to", sorted(FORMATS))
def test_a_pixel_size_is_kept_or_said_to_be_lost(to: str, tmp_path: Path) -> None:
    fields = []
    for name, size in (("a.png", 2), ("b.png", 10)):
        of = Provenance(image=name, pixel_size_um=size)
        fields.append(
            Detections.from_arrays([[1, 2, 11, 14]], [1], [0], names=("blast",), image_shape=(60, 80), provenance=of)
        )
    (source,) = export(fields, tmp_path / "in", ["csv"])
    written = convert_annotations([source], tmp_path / "out", to=to)
    kept = [field.provenance.pixel_size_um for field in read_annotations(written.target)]
    said = f"{to} has no place for the pixel size (2 to 10 µm): say it by --pixel-size"
    assert (sorted(filter(None, kept)) == [2, 10]) != any(said in note for note in written.notes)


def test_files_that_a_stopped_conversion_wrote_are_not_left(
    two_fields: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(fields: object, path: Path) -> None:
        path.mkdir(parents=True)
        (path / "first.xml").touch()
        raise KeyboardInterrupt

    monkeypatch.setitem(annotations.FORMATS, "voc", replace(FORMATS["voc"], write=stopped))
    with pytest.raises(KeyboardInterrupt):
        convert_annotations([two_fields], tmp_path / "out", to="voc", split="train")
    monkeypatch.undo()
    assert convert_annotations([two_fields], tmp_path / "out", to="voc", split="train").images == 2
    assert not (tmp_path / "out" / "voc" / "first.xml").exists()
