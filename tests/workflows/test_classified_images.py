"""What is asked of an image whose cells are named travels alone, and says what of it can be shared."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from tests.workflows.wide_image import classified, naming_recipe

from napari_hemalens.errors import AnnotationError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.workflows.classified_images import ClassifiedImages
from napari_hemalens.workflows.outline_files import OutlineFiles


@pytest.fixture
def asked(untrained_classifier: ClassifierCard, tmp_path: Path) -> ClassifiedImages:
    return classified(tmp_path, naming_recipe(untrained_classifier))


def test_cells_are_shared_block_by_block_and_fields_are_not(asked: ClassifiedImages) -> None:
    assert asked.blocks is asked
    assert replace(asked, of_fields=True).blocks is None


def test_what_travels_holds_no_options_of_other_images(asked: ClassifiedImages) -> None:
    many = replace(asked.batch.run, options={"labels": ["elsewhere.tif"] * 10_000})
    one = replace(asked, batch=replace(asked.batch, run=many)).only(0)
    assert len(pickle.dumps(one)) < 5000


def test_outlines_of_another_image_are_refused_before_cells_are_named(asked: ClassifiedImages, tmp_path: Path) -> None:
    labels, small = tmp_path / "wide.labels.tif", Path(__file__).parents[2] / "sample_data" / "blood_smear.tif"
    other = replace(asked, outlines=OutlineFiles([labels], [small]))
    with other.open(0) as slide, pytest.raises(AnnotationError):
        other.cells_of(0, slide)
