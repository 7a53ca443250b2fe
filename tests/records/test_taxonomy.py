import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.records.taxonomy import (
    BLOOD_3,
    CELL_CLASSES,
    ICSH,
    MARROW_12,
    TAXONOMIES,
    WANG_7,
    cell_class,
    known_as,
    taxonomy,
)


@pytest.mark.parametrize(
    ("target", "name", "group"),
    [
        (WANG_7, "band_neutrophil", "granulocyte"),
        (WANG_7, "monocyte", "monocyte"),
        (WANG_7, "erythroblast", "erythroblast"),
        (WANG_7, "erythrocyte", "erythrocyte"),
        (WANG_7, "blast", "other"),
        (WANG_7, "WBC", None),
        (BLOOD_3, "erythroblast", "WBC"),
        (BLOOD_3, "erythrocyte", "RBC"),
        (BLOOD_3, "RBC", "RBC"),
        (BLOOD_3, "platelet", "Platelets"),
        (MARROW_12, "blast", None),
        (ICSH, "blast", "blast"),
    ],
)
def test_a_class_counts_as_the_group_that_takes_it_in(target, name, group):
    assert target.class_of(name) == group


def test_lookup_gives_an_index_and_minus_one_where_there_is_none():
    assert BLOOD_3.lookup(["platelet", "eosinophil", "debris"]).tolist() == [2, 0, -1]


def test_the_marrow_taxonomy_has_the_twelve_classes_in_report_order():
    assert MARROW_12.classes == (
        *("promyelocyte", "myelocyte", "metamyelocyte", "band_neutrophil", "segmented_neutrophil"),
        *("eosinophil", "basophil", "monocyte", "erythroblast", "lymphocyte"),
        *("erythrocyte", "platelet"),
    )


def test_weights_of_twelve_classes_cannot_report_plasma_cells():
    recognised = WANG_7.recognised_by(MARROW_12.classes)
    assert set(WANG_7.classes) - set(recognised) == {"plasma_cell", "megakaryocyte", "other"}


def test_every_assignable_class_has_a_place_in_the_groups_of_blood():
    assert all(BLOOD_3.class_of(c.name) for c in CELL_CLASSES)


@pytest.mark.parametrize(
    ("name", "lineage", "nucleated"),
    [
        ("granulocyte", "myeloid", True),
        ("erythroblast", "erythroid", True),
        ("erythrocyte", "erythroid", False),
        ("RBC", "erythroid", False),
        ("Platelets", "megakaryocytic", False),
        ("a class of somebody else's", "other", True),
    ],
)
def test_a_class_knows_its_lineage_and_whether_it_has_a_nucleus(name, lineage, nucleated):
    found = cell_class(name)
    assert (found.lineage, found.nucleated) == (lineage, nucleated)


def test_a_taxonomy_is_found_by_name():
    assert all(taxonomy(name) is found for name, found in TAXONOMIES.items())


def test_an_unknown_taxonomy_is_refused_with_the_names_that_are_known():
    with pytest.raises(RecipeError, match=r"No taxonomy 'who'\. Known: marrow-12, icsh, wang-7"):
        taxonomy("who")


CLASS_SETS = {**{name: found.classes for name, found in TAXONOMIES.items()}, **{n: t.classes for n, t in TASKS.items()}}


@pytest.mark.parametrize("name", CLASS_SETS)
def test_classes_seen_together_differ_in_key_and_short_name(name):
    classes = [cell_class(each) for each in CLASS_SETS[name]]
    keys = [c.key for c in classes if c.key]
    assert len(set(keys)) == len(keys)
    assert len({c.short for c in classes}) == len(classes)


@pytest.mark.parametrize("name", TASKS)
def test_every_class_of_a_task_has_a_key(name):
    assert all(cell_class(each).key for each in TASKS[name].classes)


def test_keys_are_one_character_and_short_names_fit_on_a_box():
    for found in map(cell_class, {name for classes in CLASS_SETS.values() for name in classes}):
        assert len(found.key) <= 1
        assert found.key == found.key.upper()
        assert 2 <= len(found.short) <= 5 or found.short == "?"


def test_a_neutrophil_has_the_key_of_a_segmented_one():
    keys = {cell_class(name).key for name in ("neutrophil", "granulocyte", "segmented_neutrophil")}
    assert keys == {"6"}


def test_a_class_of_somebody_else_has_no_key():
    found = cell_class("hairy_cell")
    assert (found.key, found.short) == ("", "hairy")


@pytest.mark.parametrize(
    ("name", "those"),
    [
        ("segmented_neutrophil", (1,)),
        ("RBC", (3,)),
        ("Red blood cells", (3,)),
        ("neutrophil", (0, 1)),
        ("granulocyte", (0, 1)),
        ("leukocytes", (0, 1, 2)),
        ("hairy cell", ()),
        ("platelet", ()),
    ],
)
def test_a_name_is_known_as_what_it_means_or_includes(name, those):
    assert known_as(name, ("band_neutrophil", "segmented_neutrophil", "LYM", "erythrocyte")) == those
