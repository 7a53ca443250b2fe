"""The keys that give classes, in every dock."""

from napari_hemalens.gui.classes import KEYS, class_keys, class_of_key, key_of
from napari_hemalens.records.taxonomy import CELL_CLASSES, ICSH


def test_every_key_of_the_taxonomy_gives_its_class():
    assert {class_of_key(c.key, ICSH.classes) for c in CELL_CLASSES if c.key} == {c.name for c in CELL_CLASSES if c.key}
    assert {c.key for c in CELL_CLASSES if c.key} <= {*KEYS}


def test_a_classifier_of_fewer_classes_has_the_same_keys():
    names = ["lymphocyte", "eosinophil", "monocyte"]
    assert class_keys(names) == {name: key_of(name) for name in names}


def test_classes_that_nobody_knows_get_the_digits_that_are_left():
    assert class_keys(["crenated", "blast", "stomatocyte"]) == {"crenated": "2", "blast": "1", "stomatocyte": "3"}


def test_a_key_that_two_classes_have_gives_the_first():
    keys = class_keys(["segmented_neutrophil", "neutrophil"])
    assert keys == {"segmented_neutrophil": "6", "neutrophil": "1"}


def test_a_key_without_a_class_gives_none():
    assert class_of_key("G", ["blast"]) is None
