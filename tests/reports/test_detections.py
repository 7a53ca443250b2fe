import csv
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections, Provenance, pooled_differential
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.taxonomy import WANG_7
from napari_hemalens.reports.detections import differential_text, write_counts, write_differential, write_run

NAMES = ("lymphocyte", "erythrocyte", "erythroblast", "blast")


def field(image, boxes, scores, classes, pixel=None):
    origin = Provenance(image=image, pixel_size_um=pixel, pixel_size_source="given", weights="w", sha256="ab12")
    return Detections.from_arrays(
        boxes,
        scores,
        classes,
        names=NAMES,
        image_shape=(60, 90),
        recognised=NAMES[:3],
        provenance=origin,
    )


@pytest.fixture
def fields():
    return [
        field("/d/a.png", [[5, 10, 20, 30], [0, 0, 10.5, 10]], [0.5, 0.98769], [0, 1], pixel=0.5),
        field("/d/b.png", [[1, 1, 9, 9], [1, 1, 8, 8], [1, 1, 7, 7]], [0.9, 0.8, 0.7], [2, 2, 3]),
    ]


def lines(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_counts_have_a_block_an_image_of_classes_recognised_or_counted(fields, tmp_path):
    write_counts(fields, tmp_path / "counts.csv")
    found = [(r["image"], r["class"], r["count"]) for r in lines(tmp_path / "counts.csv")]
    assert found == [
        ("a.png", "erythroblast", "0"),
        ("a.png", "lymphocyte", "1"),
        ("a.png", "erythrocyte", "1"),
        ("b.png", "blast", ""),
        ("b.png", "erythroblast", "2"),
        ("b.png", "lymphocyte", "0"),
        ("b.png", "erythrocyte", "0"),
    ]


def test_nucleated_cells_have_a_share_with_its_interval_and_red_cells_none(fields, tmp_path):
    write_counts(fields, tmp_path / "counts.csv")
    by_class = {r["class"]: r for r in lines(tmp_path / "counts.csv") if r["image"] == "b.png"}
    shares = ("percent", "low", "high")
    # Wilson at 2 of 3, longhand: centre 0.5921, half-width 0.3840
    assert [by_class["erythroblast"][s] for s in shares] == ["66.67", "20.77", "93.85"]
    assert [by_class["erythrocyte"][s] for s in shares] == ["", "", ""]


def test_counts_follow_the_taxonomy_asked_for(fields, tmp_path):
    write_counts(fields, tmp_path / "counts.csv", taxonomy=WANG_7)
    assert {"other"} <= {r["class"] for r in lines(tmp_path / "counts.csv")}


def test_the_pooled_table_gives_unrecognised_classes_no_count(fields, tmp_path):
    write_differential(pooled_differential(fields), tmp_path / "differential.csv")
    found = {r["class"]: r for r in lines(tmp_path / "differential.csv")}
    assert (found["blast"]["count"], found["blast"]["percent"], found["blast"]["by_hand"]) == ("", "", "1")
    missing = found["plasma_cell"]
    assert (missing["count"], missing["percent"]) == ("", "")
    assert missing["note"] == "not recognised by these weights"
    assert (found["erythroblast"]["count"], found["erythroblast"]["note"]) == ("2", "")
    assert list(found)[-2:] == ["erythrocyte", "platelet"]
    assert found["erythrocyte"]["count"] == "1"


def test_the_text_tells_counts_intervals_and_what_limits_them(fields):
    text = differential_text(pooled_differential(fields))
    found = text.splitlines()
    assert "erythroblast                2   50.0  15.0-85.0" in found
    blast = next(line for line in found if line.startswith("blast "))
    assert blast.split(maxsplit=3) == ["blast", "-", "-", "not recognised by these weights; 1 given by hand"]
    assert any(line.startswith("plasma_cell ") and "not recognised" in line for line in found)
    assert "erythrocyte                 1" in found
    assert "Nucleated cells: 4; images: 2" in found
    assert "Myeloid:erythroid ratio: 0.00" in found
    assert "ICSH asks for 500 nucleated cells in marrow." in found
    assert found[-1] == "For research use; not a diagnostic device."
    assert text.count("For research use") == 1


def test_the_text_says_where_there_is_no_ratio(fields):
    text = differential_text(pooled_differential(fields[:1]))
    assert "Myeloid:erythroid ratio: no erythroblasts counted" in text


def test_a_run_names_the_packages_that_computed_its_cells(fields, tmp_path):
    found = {"napari-hemalens": "0.1.0", "torch": "2.15.0+cu132", "openvino": "2026.4.1"}
    elsewhere = {"napari-hemalens": "0.1.0", "torch": "2.14.0"}
    came = [
        replace(each, provenance=replace(each.provenance, versions=by))
        for each, by in zip(fields, (found, elsewhere), strict=True)
    ]
    write_run(came, {}, tmp_path / "run.json")
    versions = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["versions"]
    assert list(versions) == ["python", "torch", "torchvision", "numpy", "openvino"]
    assert (versions["openvino"], versions["torch"]) == ("2026.4.1", "2.14.0, 2.15.0+cu132")


def test_a_run_can_be_made_again_from_its_record(fields, tmp_path):
    failed = {"/d/c.png": "Cannot read it."}
    write_run(fields, {"tile": 512, "weights": "w"}, tmp_path / "run.json", failed=failed)
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert set(run["versions"]) == {"python", "torch", "torchvision", "numpy"}
    assert run["hemalens"]
    assert run["weights"] == {"w": "ab12"}
    assert run["recipe"] == {"tile": 512, "weights": "w"}
    assert run["images"][0] == {
        "image": "a.png",
        "path": "/d/a.png",
        "pixel_size_um": 0.5,
        "pixel_size_source": "given",
        "cells": 2,
    }
    assert run["failed"] == [{"image": "/d/c.png", "reason": "Cannot read it."}]


def test_a_run_tells_what_a_person_corrected_and_removed(fields, tmp_path):
    corrections = Corrections(
        kinds=np.array(["class", ""]),
        predicted_classes=np.array([2, 0]),
        predicted_scores=np.array([0.5, 0.5], dtype=np.float32),
        removed_boxes=np.array([[1, 2, 3.125, 4]], dtype=np.float32),
        removed_classes=np.array([1]),
        removed_scores=np.array([0.25], dtype=np.float32),
    )
    write_run([replace(fields[0], corrections=corrections), fields[1]], {}, tmp_path / "run.json")
    first, second = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["images"]
    assert first["corrections"] == {
        "counts": {"class": 1, "removed": 1},
        "removed": [{"box": [1, 2, 3.12, 4], "class": "erythrocyte", "score": 0.25}],
    }
    assert "corrections" not in second


def test_a_run_is_written_without_loading_torch(tmp_path):
    code = (
        "import sys; from napari_hemalens.reports.detections import write_run; "
        "write_run([], {}, sys.argv[1]); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "run.json"], check=True)
    assert (tmp_path / "run.json").is_file()


@pytest.fixture
def strange(fields):
    """Three nucleated cells, of which the second is unlike all that the classifier learned from."""
    naming = Naming(NAMES[:1], np.ones((3, 1), np.float32), np.array([0.2, 1.4, 0.3], np.float32))
    origin = replace(fields[1].provenance, naming={"namer": "cd34"})
    return replace(fields[1], naming=naming, provenance=origin)


def test_unsure_cells_have_a_row_of_their_own_without_a_share(fields, strange, tmp_path):
    write_counts([fields[0], strange], tmp_path / "counts.csv")
    rows = {(r["image"], r["class"]): r for r in lines(tmp_path / "counts.csv")}
    assert ("a.png", "unsure") not in rows
    assert [rows["b.png", "unsure"][c] for c in ("count", "percent", "low", "high")] == ["1", "", "", ""]
    assert rows["b.png", "erythroblast"]["count"] == "1"
    assert rows["b.png", "erythroblast"]["percent"] == "50.0"

    write_differential(pooled_differential([strange]), tmp_path / "differential.csv")
    last = lines(tmp_path / "differential.csv")[-1]
    assert (last["class"], last["count"], last["note"]) == ("unsure", "1", "counted apart")
    assert "1 unsure cell is counted apart: unlike those the classifier learned from." in differential_text(
        pooled_differential([strange])
    )


def test_unsure_cells_that_are_counted_have_no_row(strange, tmp_path):
    write_counts([strange], tmp_path / "counts.csv", unsure="counted")
    rows = {r["class"]: r["count"] for r in lines(tmp_path / "counts.csv")}
    assert "unsure" not in rows
    assert rows["erythroblast"] == "2"


def test_a_run_names_the_weights_that_named_its_cells(fields, strange, tmp_path):
    write_run([fields[0], strange], {}, tmp_path / "run.json")
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["weights"] == {"w": "ab12", "namer": "cd34"}


def test_a_count_in_doubt_is_marked_wherever_it_is_told(fields, tmp_path):
    note = "Out of focus: take the image again."
    doubtful = replace(fields[0], provenance=replace(fields[0].provenance, notes=(note,)))
    both = [doubtful, fields[1]]
    pooled = pooled_differential(both)
    said = f"{note} (1 of 2 images: a.png)"
    assert f"Doubtful: {said}" in differential_text(pooled).splitlines()

    write_counts(both, tmp_path / "counts.csv")
    notes = {(r["image"], r["note"]) for r in lines(tmp_path / "counts.csv") if not r["by_hand"]}
    assert notes == {("a.png", note), ("b.png", "")}

    write_differential(pooled, tmp_path / "differential.csv")
    found = {r["class"]: r["note"] for r in lines(tmp_path / "differential.csv")}
    assert found["lymphocyte"] == said
    assert found["plasma_cell"] == "not recognised by these weights"

    write_run(both, {}, tmp_path / "run.json")
    first, second = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["images"]
    assert first["notes"] == [note]
    assert "notes" not in second


def test_a_run_tells_of_each_image_how_many_cells_are_unsure(fields, strange, tmp_path):
    write_run([fields[0], strange], {}, tmp_path / "run.json")
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert [image.get("unsure") for image in run["images"]] == [None, 1]
