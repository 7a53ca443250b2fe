"""What is listed to be translated is what other modules say."""

from pathlib import Path

import pytest

import napari_hemalens
from napari_hemalens.records.notes import fault_of
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.records.taxonomy import CELL_CLASSES, COARSE_CLASSES
from napari_hemalens.reports import known_sentences
from napari_hemalens.reports.known_sentences import CLASS_TITLES


def test_every_class_that_can_be_counted_has_a_title() -> None:
    of_tasks = {name for task in TASKS.values() for name in task.classes}
    assert {*(each.name for each in CELL_CLASSES), *COARSE_CLASSES, *of_tasks} <= CLASS_TITLES.keys()


@pytest.mark.parametrize("sentence", known_sentences._OF_IMAGES, ids=fault_of)
def test_a_note_that_is_listed_is_one_that_images_get(sentence: str) -> None:
    module = Path(napari_hemalens.__file__).with_name("inference") / "image_check.py"
    assert f'"{fault_of(sentence)}:' in module.read_text(encoding="utf-8")
