"""What was found in an image is kept exactly, and found again where the file is damaged or of another run."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_hemalens.formats.record_files import read_record, write_record
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.measurements import Measurements
from napari_hemalens.records.naming import Naming


def same(one: Any, other: Any) -> bool:
    if is_dataclass(one):
        return type(one) is type(other) and all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    return type(one) is type(other) and one == other


@pytest.fixture
def parts() -> dict[str, Any]:
    origin = Provenance(
        "latin-\udce4.png", 0.1 + 0.2, "given", "w", "f00", {"tile": 512, "formats": ["csv"]}, notes=("Grey.",)
    )
    classes = np.array([0, 1, 0])
    scores = np.array([0.9, 0.8, 0.1], np.float32)
    detections = Detections.from_arrays(
        [[0, 0, 5, 5], [1, 1, 9, 8], [2, 2, 4, 4]],
        scores,
        classes,
        names=("blast", "platelet"),
        image_shape=(20, 30),
        provenance=origin,
        corrections=Corrections.none(classes, scores),
        naming=Naming.none(("blast", "platelet"), 3),
    )
    ids, numbers = np.array([3, 7]), np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    classified = Classified(
        ids,
        numbers,
        np.array([1, 0]),
        ("a", "b"),
        np.zeros((2, 2)),
        ids,
        (20, 30),
        origin,
        measurements=Measurements(("area_um2", "eccentricity"), np.array([[25.0, 0.5], [12.5, np.nan]])),
        embeddings=np.ones((2, 3), np.float32),
    )
    return {"cells": detections, "others": classified, "counts": np.array([0, 2]), "reason": "", "nothing": None}


def test_what_is_read_back_is_what_was_written(parts: dict[str, Any], tmp_path: Path) -> None:
    write_record(parts, tmp_path / "a.npz", key="k")
    back = read_record(tmp_path / "a.npz", key="k")
    assert back is not None
    assert list(back) == list(parts)
    assert all(same(parts[name], back[name]) for name in parts)


def test_a_record_of_another_run_or_none_is_none(parts: dict[str, Any], tmp_path: Path) -> None:
    assert read_record(tmp_path / "a.npz", key="k") is None
    write_record(parts, tmp_path / "a.npz", key="k")
    assert read_record(tmp_path / "a.npz", key="other") is None


def test_a_damaged_record_is_none(parts: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_record(parts, path, key="k")
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for length in rng.integers(0, len(whole), 20):
        path.write_bytes(whole[:length])
        assert read_record(path, key="k") is None


def test_compressed_records_are_smaller_and_the_same(tmp_path):
    labels = np.zeros((200, 200), np.int32)
    for name, compressed in (("a", False), ("b", True)):
        write_record({"labels": labels}, tmp_path / name, key="k", compressed=compressed)
    np.testing.assert_array_equal(read_record(tmp_path / "b", key="k")["labels"], labels)
    assert (tmp_path / "b").stat().st_size < (tmp_path / "a").stat().st_size / 20
