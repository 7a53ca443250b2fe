import pytest

from napari_hemalens.records.differential import differential
from napari_hemalens.records.synonyms import meaning
from napari_hemalens.records.taxonomy import CELL_CLASSES, cell_class


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("RBC", "erythrocyte"),
        ("rbcs", "erythrocyte"),
        ("Red blood cell", "erythrocyte"),
        ("red-blood-cells", "erythrocyte"),
        ("Platelets", "platelet"),
        ("THROMBOCYTE", "platelet"),
        ("White_Blood_Cell", "WBC"),
        ("leucocytes", "WBC"),
        ("Normoblast", "erythroblast"),
        ("Segmented neutrophil", "segmented_neutrophil"),
        ("Neutrophils", "neutrophil"),
        ("lymphocytic_blast", "blast"),
        ("eosinophilic_metamyelocyte", "eosinophil"),
        ("degranulated_neutrophilic_myelocyte", "myelocyte"),
        ("thrombocyte_aggregate", "platelet"),
        ("haematological_structure", "unclassifiable"),
        ("hairy cell", None),
        ("", None),
    ],
)
def test_a_name_means_a_class_in_any_spelling(name, meant):
    assert meaning(name) == meant


def test_every_class_means_itself():
    assert [meaning(each.name) for each in CELL_CLASSES] == [each.name for each in CELL_CLASSES]
    assert not cell_class("Red blood cell").nucleated


def test_other_spellings_are_counted_as_one_class_and_unknown_ones_said():
    counts = {"RBC": 3, "red blood cell": 2, "Neutrophil": 4, "hairy cell": 1}
    found = differential(counts, tuple(counts))
    assert {row.name: row.count for row in found.beside}["erythrocyte"] == 5
    assert {row.name: row.count for row in found.rows if row.count} == {"unclassifiable": 1, "neutrophil": 4}
    assert found.unknown == {"hairy cell": 1}
    assert any("'hairy cell' (1)" in warning for warning in found.warnings)
