"""Corrected results become sets that training reads, split by image."""

import json
import shutil
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import cell_table, named_cells, read_annotations
from napari_hemalens.formats.images import read_rgb
from napari_hemalens.progress import finish
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import ICSH
from napari_hemalens.reports.classes import write_cells
from napari_hemalens.reports.detections import write_run
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.segmentation.files import write_labels
from napari_hemalens.slides.axes import from_array
from napari_hemalens.workflows import write_results
from napari_hemalens.workflows.collection import collect_steps, held_out
from napari_hemalens.workflows.ome_zarr import write_ome_zarr_steps


def image_at(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    iio.imwrite(path, np.random.default_rng(seed).integers(0, 255, (60, 80, 3), dtype=np.uint8))
    return path


@pytest.fixture
def detected(tmp_path: Path) -> Path:
    """Results of Detect on six images; in all but the last, a person named the first cell a blast."""
    fields = []
    for k in range(6):
        path = image_at(tmp_path / "slides" / (f"{k}.tif" if k == 1 else f"{k}.png"), k)
        found = Detections.from_arrays(
            [[0, 0, 10, 12], [20, 20, 32, 34]],
            [0.9, 0.8],
            [ICSH.classes.index("lymphocyte")] * 2,
            names=ICSH.classes,
            image_shape=(60, 80),
            provenance=Provenance(image=str(path), pixel_size_um=None if k == 2 else 0.2),
        )
        reviewed = ReviewedBoxes.from_run(found)
        fields.append((reviewed.with_classes(np.array([0]), ["blast"]) if k < 5 else reviewed).current(0.5))
    write_results(fields, DetectionRecipe(), tmp_path / "detected")
    return tmp_path / "detected"


@pytest.fixture
def classified(tmp_path: Path) -> Path:
    """Results of Classify on four images, with labels; in each a person confirmed one cell of two."""
    results = []
    for k in range(4):
        path = image_at(tmp_path / "fields" / f"f{k}.png", 10 + k)
        labels = np.zeros((60, 80), np.int32)
        labels[5:15, 5:15], labels[30:40, 30:40] = 1, 7
        found = Classified(
            np.array([1, 7]),
            np.array([[0.7, 0.3], [0.6, 0.4]], np.float32),
            np.array([0, 0]),
            ("blast", "normal"),
            np.zeros((2, 2)),
            np.array([100, 100]),
            (60, 80),
            Provenance(image=str(path)),
        )
        results.append(found.with_corrections([-1, 1]))
        write_labels(labels, tmp_path / "classified" / f"f{k}.labels.tif")
    write_cells(results, tmp_path / "classified" / "cells.csv")
    write_run(results, {"task": "all"}, tmp_path / "classified" / "run.json")
    return tmp_path / "classified"


def test_corrected_images_become_boxes_and_named_cells_a_table(detected: Path, tmp_path: Path) -> None:
    found = finish(collect_steps([detected], tmp_path / "set"))
    assert found.boxes is not None
    assert found.cells is not None
    parts = {part: read_annotations(found.boxes, split=part) for part in ("train", "val")}
    assert sum(map(len, parts.values())) == 5  # nobody looked at the sixth
    for field in (*parts["train"], *parts["val"]):
        assert sorted(field.class_names.tolist()) == ["blast", "lymphocyte"]
        assert read_rgb(field.provenance.image).shape == (60, 80, 3)
    table = cell_table.read(found.cells / "cells.csv")
    assert set(table.class_names.tolist()) == {"blast"}
    assert len(table) == 4  # one image has no pixel size
    assert any("2.png has no pixel size" in note for note in found.notes)
    assert all(Path(image).is_file() for image in table.images)
    held = {Path(field.provenance.image).name for field in parts["val"]}
    assert {Path(i).name for i in table.images[table.parts == "choose"]} <= held
    assert not held & {Path(i).name for i in table.images[table.parts == "train"]}
    assert (found.labels, found.images, found.counts) == (None, 5, {"blast": 4})


def test_confirmed_classes_become_label_images_with_a_table(classified: Path, tmp_path: Path) -> None:
    found = finish(collect_steps([classified], tmp_path / "set"))
    assert found.labels is not None
    train, val = (named_cells.read(found.labels, split=part) for part in ("train", "val"))
    assert len(train) + len(val) == 4
    assert len(val) >= 1
    for field in (*train, *val):
        assert (field.ids.tolist(), field.class_names.tolist()) == ([7], ["normal"])
        assert set(np.unique(field.label_image()).tolist()) == {0, 1, 7}
    assert found.counts == {"normal": 4}


def test_results_of_both_kinds_are_collected_together(detected: Path, classified: Path, tmp_path: Path) -> None:
    steps = collect_steps([detected, classified], tmp_path / "set")
    assert next(steps).total == 9
    found = finish(steps)
    assert None not in (found.boxes, found.cells, found.labels)


def test_everything_is_taken_if_asked_for(detected: Path, classified: Path, tmp_path: Path) -> None:
    found = finish(collect_steps([detected, classified], tmp_path / "set", everything=True))
    assert found.images == 10
    assert found.counts == {"blast": 4 + 4, "lymphocyte": 6, "normal": 4}


def test_an_image_that_two_folders_hold_is_taken_as_the_last_says(detected: Path, tmp_path: Path) -> None:
    found = finish(collect_steps([detected, shutil.copytree(detected, tmp_path / "again")], tmp_path / "set"))
    assert found.images == 5


def test_where_nobody_said_anything_there_is_nothing_to_collect(detected: Path, tmp_path: Path) -> None:
    for k in range(5):
        (tmp_path / "slides" / (f"{k}.tif" if k == 1 else f"{k}.png")).unlink()
    with pytest.raises(AnnotationError, match="Nobody corrected or confirmed anything"):
        finish(collect_steps([detected], tmp_path / "set"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").touch()
    with pytest.raises(AnnotationError, match="is not empty"):
        finish(collect_steps([detected], tmp_path / "full"))


def test_of_images_that_are_gone_it_is_not_said_that_nobody_looked(detected: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "slides")
    with pytest.raises(AnnotationError, match=r"^6 images of .* cannot be found.* There is nothing to collect\.$"):
        finish(collect_steps([detected], tmp_path / "set"))


def test_which_images_are_held_out_follows_from_their_content(tmp_path: Path) -> None:
    images = [image_at(tmp_path / f"{k}.png", k) for k in range(40)]
    notes: list[str] = []
    chosen = held_out(images, notes)
    assert 3 <= sum(chosen) <= 14
    assert held_out(images[:25], notes) == chosen[:25]
    assert sum(held_out(images[:2], notes)) == 1
    assert notes == []
    assert held_out(images[:1], notes) == [False]
    assert "0.png is the only image" in notes[0]
    assert held_out([], notes) == []


def test_frames_of_a_file_are_all_held_out_or_none_of_them(tmp_path: Path) -> None:
    frames, other = [image_at(tmp_path / "a.png", 0)] * 3, [image_at(tmp_path / "b.png", 1)] * 3
    notes: list[str] = []
    chosen = held_out([*frames, *other], notes)
    assert chosen in ([True] * 3 + [False] * 3, [False] * 3 + [True] * 3)
    assert (held_out(frames, notes), len(notes)) == ([False] * 3, 1)


def test_commands_are_told_for_what_can_be_trained_on(detected: Path, classified: Path, tmp_path: Path) -> None:
    few = finish(collect_steps([detected, classified], tmp_path / "few"))
    data, out = tmp_path / "few" / "boxes", tmp_path / "few" / "detector"
    assert few.commands == (
        f"hemalens train detection --data {data} --out {out}",
    )  # one class is nothing to tell apart
    both = finish(collect_steps([detected, classified], tmp_path / "all of it", everything=True))
    assert [command.partition(" --data")[0] for command in both.commands] == [
        "hemalens train detection",
        "hemalens train classification --task own",
        "hemalens train classification --task all",
    ]
    assert f'--data "{both.boxes}" --out' in both.commands[0]


def test_of_one_image_nothing_is_held_out_and_no_command_told(detected: Path, tmp_path: Path) -> None:
    for k in range(1, 6):
        (tmp_path / "slides" / (f"{k}.tif" if k == 1 else f"{k}.png")).unlink()
    found = finish(collect_steps([detected], tmp_path / "set"))
    assert (found.images, found.commands) == (1, ())
    assert any("0.png is the only image" in note for note in found.notes)


def test_images_that_are_folders_are_collected(tmp_path: Path) -> None:
    pixels, fields = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8), []
    for k in range(2):
        place = tmp_path / "slides" / f"{k}.ome.zarr"
        of = Provenance(image=str(place), pixel_size_um=0.2)
        boxes, names = [[0, 0, 10, 12], [20, 20, 32, 34]], ("lymphocyte", "blast")
        found = Detections.from_arrays(boxes, [1, 1], [0, 1], names=names, image_shape=(60, 80), provenance=of)
        finish(write_ome_zarr_steps(from_array(pixels + np.uint8(k)), found, place))
        fields.append(found)
    write_results(fields, DetectionRecipe(), tmp_path / "results")
    collected = finish(collect_steps([tmp_path / "results"], tmp_path / "set", everything=True))
    assert collected.boxes is not None
    (train,) = read_annotations(collected.boxes, split="train")
    assert read_rgb(train.provenance.image).shape == (60, 80, 3)
    assert collected.counts == {"blast": 2, "lymphocyte": 2}


def test_each_frame_of_an_image_is_collected_as_a_picture(classified: Path, tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (2, 60, 80, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "stack.tif", frames, photometric="rgb", metadata={"axes": "TYXS"}, ome=True)
    run = json.loads((classified / "run.json").read_text(encoding="utf-8"))
    table = (classified / "cells.csv").read_text(encoding="utf-8")
    for k in range(2):
        run["images"][k] |= {"image": f"stack.tif [T={k}]", "path": str(tmp_path / "stack.tif"), "frame": f"T={k}"}
        table = table.replace(f"f{k}.png", f"stack.tif [T={k}]")
        (classified / f"f{k}.labels.tif").rename(classified / f"stack_T{k}.labels.tif")
    (classified / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (classified / "cells.csv").write_text(table, encoding="utf-8")
    found = finish(collect_steps([classified], tmp_path / "set"))
    assert found.labels is not None
    fields = {each.image.stem: each for part in ("train", "val") for each in named_cells.read(found.labels, split=part)}
    assert sorted(fields) == ["f2", "f3", "stack_T0", "stack_T1"]
    np.testing.assert_array_equal(iio.imread(fields["stack_T1"].image), frames[1])
    assert set(np.unique(fields["stack_T1"].label_image()).tolist()) == {0, 1, 7}


def test_a_channel_that_was_looked_at_is_collected_as_a_picture(classified: Path, tmp_path: Path) -> None:
    stained = np.zeros((2, 60, 80), np.uint8)
    stained[:, 30:40, 30:40], stained[1, 5:15, 5:15] = ([[[90]], [[200]]], 255)
    tifffile.imwrite(tmp_path / "fields" / "f0.tif", stained, metadata={"axes": "CYX"}, ome=True)
    run = json.loads((classified / "run.json").read_text(encoding="utf-8"))
    run["images"][0]["path"] = str(tmp_path / "fields" / "f0.tif")
    run["recipe"]["channel"] = 1
    (classified / "run.json").write_text(json.dumps(run), encoding="utf-8")
    found = finish(collect_steps([classified], tmp_path / "set"))
    assert found.labels is not None
    seen = iio.imread(found.labels / "images" / "f0.tif")
    assert seen.shape == (60, 80, 3)
    assert seen[10, 10].min() > seen[35, 35].max() > seen[50, 50].max()  # as in channel 1 alone


def test_a_set_that_is_stopped_leaves_nothing_in_the_way(detected: Path, tmp_path: Path) -> None:
    steps = collect_steps([detected], tmp_path / "set")
    next(steps)
    steps.close()
    assert finish(collect_steps([detected], tmp_path / "set")).images == 5


def test_where_no_image_can_be_read_nothing_is_collected(detected: Path, tmp_path: Path) -> None:
    for k in (0, 2, 3, 4, 5):
        (tmp_path / "slides" / f"{k}.png").unlink()
    (tmp_path / "slides" / "1.tif").write_bytes(b"II*\0")
    with pytest.raises(AnnotationError, match=r"Cannot read .*1\.tif.* There is nothing to collect\.$"):
        finish(collect_steps([detected], tmp_path / "set"))
