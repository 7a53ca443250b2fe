"""Where cells come from travels in their file."""

import json
from pathlib import Path

import pytest
from PIL import Image

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.provenance import image_drafts, provenance_text
from napari_hemalens.records.detections import Detections, Provenance

FIELD = Detections.empty(
    ("blast",),
    (60, 90),
    provenance=Provenance(
        image="/slides/a.png", pixel_size_um=0.25, weights="w", sha256="ab", recipe={"tile": 640}, notes=("Grey.",)
    ),
)


def test_a_document_tells_all_that_a_record_knows_of_its_origin():
    (about,) = json.loads(provenance_text([FIELD]))["images"]
    assert (about["image"], about["path"], about["height"], about["width"]) == ("a.png", "/slides/a.png", 60, 90)
    assert (about["pixel_size_um"], about["weights"], about["sha256"]) == (0.25, "w", "ab")
    assert about["recipe"] == {"tile": 640}


def test_images_are_known_from_a_document_and_found_beside_it(tmp_path):
    (draft,) = image_drafts(tmp_path / "cells.h5ad", provenance_text([FIELD])).values()
    assert (draft.image, draft.shape, draft.pixel_size_um, draft.notes) == ("a.png", (60, 90), 0.25, ("Grey.",))
    Image.new("RGB", (90, 60)).save(tmp_path / "a.png")
    (draft,) = image_drafts(tmp_path / "cells.h5ad", provenance_text([FIELD])).values()
    assert Path(draft.image) == tmp_path / "a.png"


@pytest.mark.parametrize("text", ["no JSON", b"\xff"])
def test_a_damaged_document_is_named(tmp_path, text):
    with pytest.raises(AnnotationError, match=r"cells\.h5ad does not say which images its cells are of"):
        image_drafts(tmp_path / "cells.h5ad", text)


@pytest.mark.parametrize("text", ["[]", "{}", '{"images": 3}'])
def test_a_document_without_images_tells_of_none(tmp_path, text):
    assert image_drafts(tmp_path / "cells.h5ad", text) == {}
