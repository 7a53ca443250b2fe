"""A report says who looked at how many cells, what changed, and what the run left undone."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.differential import differential
from napari_hemalens.reports import sections
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.stored_results import StoredImage, StoredSmear

ENGLISH = Language.of("en")
RUN = {
    "hemalens": "1.2",
    "weights": {"marrow-lite": "0123456789abcdef"},
    "licences": {"marrow-lite": "BSD-3-Clause"},
    "versions": {"torch": "2.6"},
    "recipe": {"tile": 640, "channel": None},
    "failed": [{"image": "bad.tif", "reason": "Cannot read bad.tif: it is empty."}],
    "not_looked_at": ["late.tif", "later.tif"],
}


@pytest.fixture
def stored(tmp_path: Path) -> StoredSmear:
    run: dict[str, Any] = {**copy.deepcopy(RUN), "images": []}
    (tmp_path / "run.json").write_text(json.dumps(run))
    said = (
        {"pixel_size_um": 0.1234, "pixel_size_source": "image", "cells": 1990, "corrections": {"counts": {"class": 3}}},
        {"pixel_size_um": None, "cells": 7, "corrections": {"counts": {"drawn": 1, "removed": 3}}},
    )
    images = tuple(StoredImage(f"{name}.tif", each, None) for name, each in zip("ab", said, strict=True))
    return StoredSmear(tmp_path, run, images, {}, differential({}, []))


def test_the_method_names_images_pixel_size_and_weights(stored: StoredSmear) -> None:
    assert dict(sections.method(stored, ENGLISH)) == {
        "Image": "2 images: a.tif, b.tif",
        "Pixel size": "0.123 µm (stated in the image), not known",
        "Weights": "marrow-lite (0123456789ab)",
        "HemaLens": "1.2",
    }
    assert dict(sections.method(stored, Language.of("de")))["Pixelgröße"].startswith("0,123 µm (im Bild angegeben)")


def test_what_the_run_left_undone_is_said(stored: StoredSmear) -> None:
    assert list(sections.run_doubts(stored, ENGLISH)) == [
        "1 image could not be read: bad.tif.",
        "Cannot read bad.tif: it is empty.",
        "2 images were not looked at: late.tif, later.tif.",
    ]


def test_of_many_failures_a_few_reasons_are_given_and_where_all_stand(stored: StoredSmear) -> None:
    stored.run["failed"][:] = [{"image": f"{n}.tif", "reason": f"Cannot read {n}.tif: it is empty."} for n in range(8)]
    said = list(sections.run_doubts(stored, ENGLISH))
    assert said[0].startswith("8 images could not be read")
    assert said[5:7] == ["Cannot read 4.tif: it is empty.", "Why 3 others could not be read is said in failed.csv."]
    assert "Warum 3 weitere sich nicht lesen ließen, steht in failed.csv." in sections.run_doubts(
        stored, Language.of("de")
    )


def test_corrections_are_counted_by_kind_and_by_class(stored: StoredSmear) -> None:
    kinds = np.array(["class", "class", "class+box", "accepted"])
    given = Corrections(kinds, np.array([0, 0, 0, 1]), np.ones(4, np.float32))
    cells = Detections(
        np.tile(np.array([0, 0, 9, 9], np.float32), (4, 1)),
        np.ones(4, np.float32),
        np.array([1, 1, 0, 1]),
        ("lymphocyte", "blast"),
        (20, 20),
        corrections=given,
    )
    seen = sections.review(stored, [cells], "Dr. Who", ENGLISH)
    assert seen.sentences == (
        "Observer: Dr. Who. 7 of 2,000 cells were confirmed or changed.",
        "given another class: 3; drawn by hand: 1; removed: 3",
    )
    assert seen.changes == (("lymphocyte", "blast", "2"), ("lymphocyte", "lymphocyte", "1"))


def test_observers_are_those_of_the_corrections_unless_one_is_given(stored: StoredSmear) -> None:
    first, second = (image.said["corrections"] for image in stored.images)
    first["observers"] = {"Ann": 3}
    assert (
        sections.review(stored, [], "", ENGLISH).sentences[0].startswith("Observers: Ann (3 cells), not named (4 cel")
    )
    second["observers"] = {"Ann": 3, "Ben": 1}
    assert (
        sections.review(stored, [], "", Language.of("de"))
        .sentences[0]
        .startswith("Begutachtet von: Ann (6 Zellen), Ben (1 Zelle).")
    )
    second["observers"] = {"Ann": 4}
    assert sections.review(stored, [], "", ENGLISH).sentences[0].startswith("Observer: Ann. 7 of 2,000 cells")
    assert sections.review(stored, [], "Dr. Who", ENGLISH).sentences[0].startswith("Observer: Dr. Who. ")


def test_a_count_that_nobody_looked_at_says_so(stored: StoredSmear, tmp_path: Path) -> None:
    untouched = StoredSmear(tmp_path, RUN, (), {}, stored.differential)
    assert sections.review(untouched, [], "", ENGLISH).sentences == (
        "Observer: not named.",
        "No cell was confirmed or changed by a person.",
    )
    assert dict(sections.method(untouched, ENGLISH))["Image"] == "none was read"


def test_hashes_versions_and_options_are_told_in_full(stored: StoredSmear) -> None:
    told = dict(sections.details(stored, ENGLISH))
    assert told["SHA-256, marrow-lite"] == "0123456789abcdef"
    assert len(told["SHA-256, run.json"]) == 64
    assert (told["Versions"], told["Options"]) == ("torch 2.6", "tile 640")
    assert told["Licence of marrow-lite"] == "BSD-3-Clause"


def test_patient_and_sample_are_fields_where_something_is_said_of_them() -> None:
    assert sections.sample_fields("M. Muster", "crest", Language.of("de")) == (
        ("Patient", "M. Muster"),
        ("Probe", "crest"),
    )
    assert sections.sample_fields("", "crest", ENGLISH) == (("Sample", "crest"),)
