"""What is reported of classified cells, by image, replicate and concentration, and compared."""

import numpy as np
import pytest
from scipy.stats import fisher_exact, hypergeom

from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.tasks import task
from napari_hemalens.reports.assay import summary
from napari_hemalens.reports.design import Sample
from napari_hemalens.reports.language import Language

MICRONUCLEUS = task("micronucleus").classes
DESIGN = {
    "a.png": Sample("1", "0"),
    "b.png": Sample("2", "0"),
    "c.png": Sample("1", "10"),
    "d.png": Sample("1", "10"),
}


def nuclei(image, with_one, total, names=MICRONUCLEUS):
    """Return a record whose first cells are of the first class, the others of the second."""
    classes = np.where(np.arange(total) < with_one, 0, 1)
    return Classified(
        ids=np.arange(1, total + 1),
        probabilities=np.eye(len(names), dtype=np.float32)[classes],
        classes=classes,
        names=names,
        centres=np.zeros((total, 2)),
        areas=np.ones(total, dtype=np.int64),
        image_shape=(9, 9),
        provenance=Provenance(image=image),
    )


def pairs(total):
    """Return cells of two nuclei each."""
    return np.arange(total) // 2 + 1


@pytest.fixture
def results():
    return [nuclei("a.png", 1, 10), nuclei("b.png", 2, 20), nuclei("c.png", 6, 30), nuclei("d.png", 8, 40)]


def counts(found):
    return {(group.level, group.name): (group.primary.count, group.primary.total) for group in found.groups}


def test_images_replicates_and_concentrations_add_up_to_all(results):
    assert counts(summary(results, design=DESIGN)) == {
        ("image", "a.png"): (1, 10),
        ("image", "b.png"): (2, 20),
        ("image", "c.png"): (6, 30),
        ("image", "d.png"): (8, 40),
        ("replicate", "0 / 1"): (1, 10),
        ("replicate", "0 / 2"): (2, 20),
        ("replicate", "10 / 1"): (14, 70),
        ("concentration", "0"): (3, 30),
        ("concentration", "10"): (14, 70),
        ("pooled", "all images"): (17, 100),
    }


def test_without_a_design_there_are_images_and_their_pool(results):
    found = summary(results)
    assert [group.level for group in found.groups] == ["image"] * 4 + ["pooled"]
    assert found.rows[:3] == (("Unit", "nucleus"), ("Images", "4"), ("Nuclei", "100"))
    assert dict(found.rows)["Micronucleated nuclei per 1,000"] == "170.0 (108.9-255.5; 17 of 100)"


def test_nuclei_are_never_set_against_the_cells_of_the_guideline(results):
    found = summary(results, design=DESIGN)
    assert not any(m.total == 2000 for group in found.groups for m in group.measures)
    assert "cannot be compared with the 2,000 binucleated cells that OECD TG 487 asks for" in found.notes[0]


def test_binucleated_cells_are_set_against_2000_per_concentration(results):
    cells = [pairs(len(result)) for result in results]
    found = summary(results, cells=cells, design=DESIGN)
    asked = {(g.level, g.name): m.text for g in found.groups for m in g.measures if m.total == 2000}
    assert asked == {("concentration", "0"): "15 of 2,000", ("concentration", "10"): "35 of 2,000"}
    assert found.unit == "cell"
    (one,) = [m.text for m in summary(results, cells=cells).pooled.measures if m.total == 2000]
    assert one == "50 of 2,000"


@pytest.mark.parametrize(
    ("outside", "said"),
    [(1, "1 nucleus lies in no cell and is not counted."), (2, "2 nuclei lie in no cell and are not counted.")],
)
def test_nuclei_in_no_cell_are_told_of_in_number(results, outside, said):
    cells = [pairs(len(result)) for result in results]
    cells[0][:outside] = 0
    notes = summary(results, cells=cells).notes
    assert said in notes
    assert Language.of("de").sentence(said) != said


def test_what_a_person_corrects_is_what_counts(results):
    corrections = np.full(10, -1)
    corrections[0] = 1
    found = summary([results[0].with_corrections(corrections), *results[1:]])
    assert found.group("a.png").primary.count == 0
    assert "1 class was given by a person." in found.notes


def test_two_groups_are_compared_by_fishers_exact_test(results):
    found = summary(results, design=DESIGN).compare("0", "10")
    assert (found.first_counts, found.second_counts) == ((3, 30), (14, 70))
    # By the definition: of all tables with these margins, those that are no likelier than this one.
    likelihood = hypergeom(100, 17, 30).pmf(np.arange(18))
    assert found.p_value == pytest.approx(likelihood[likelihood <= likelihood[3] * (1 + 1e-7)].sum())
    assert found.p_value == pytest.approx(fisher_exact([[3, 27], [14, 56]]).pvalue)
    assert found.odds_ratio == pytest.approx((14 / 56) / (3 / 27))
    assert found.sentence.startswith(
        "Micronucleated nuclei: 3 of 30 in 0, 14 of 70 in 10; odds ratio 2.25 (10 over 0), Fisher's exact test, "
        "two-sided, p = 0.2618."
    )


def test_cells_are_compared_by_binucleated_ones_with_and_without(results):
    cells = [pairs(len(result)) for result in results]
    found = summary(results, cells=cells, design=DESIGN).compare("0", "10")
    assert found.what == "micronucleated binucleated cells"
    assert (found.first_counts, found.second_counts) == ((2, 15), (7, 35))


def test_odds_without_a_bound_are_said_to_be_so():
    none, some = nuclei("a.png", 0, 10), nuclei("b.png", 9, 10)
    assert "odds ratio inf (b.png over a.png)" in summary([none, some]).compare("a.png", "b.png").sentence
    other = nuclei("c.png", 0, 10)
    assert "odds ratio not defined" in summary([none, other]).compare("a.png", "c.png").sentence
    far = summary([nuclei("a.png", 0, 500), nuclei("b.png", 400, 500)]).compare("a.png", "b.png")
    assert "p < 0.0001" in far.sentence


def test_a_group_that_is_not_there_or_empty_cannot_be_compared(results):
    with pytest.raises(AnnotationError, match=r"No image, replicate or concentration '5' .* Known: a.png, b.png"):
        summary(results).compare("5", "a.png")
    with pytest.raises(AnnotationError, match=r"Nothing to compare in e.png"):
        summary([*results, nuclei("e.png", 0, 0)]).compare("a.png", "e.png")
    types = [nuclei("a.png", 3, 9, task("leukocyte").classes)]
    with pytest.raises(AnnotationError, match="compared by their positive class"):
        summary(types).compare("a.png", "a.png")


def test_images_of_one_name_in_two_folders_are_told_apart():
    found = summary([nuclei("x/a.png", 1, 2), nuclei("y/a.png", 0, 2)])
    assert [group.name for group in found.groups[:-1]] == ["x/a.png", "y/a.png"]


def test_what_cannot_be_counted_together_is_refused(results):
    with pytest.raises(AnnotationError, match="no classified images"):
        summary([])
    with pytest.raises(AnnotationError, match=r"'e.png' has the classes blast, normal, 'a.png' micronucleus, none"):
        summary([results[0], nuclei("e.png", 1, 2, task("all").classes)])
    with pytest.raises(AnnotationError, match="Cells are given for 1 of 2 images"):
        summary(results[:2], cells=[pairs(10), None])
    with pytest.raises(AnnotationError, match=r"does not name the image 'd.png'"):
        summary(results, design={name: DESIGN[name] for name in ("a.png", "b.png", "c.png")})


def test_of_whole_images_the_unit_is_the_field():
    stages = task("field").classes
    found = summary([nuclei("a.png", 1, 1, stages), nuclei("b.png", 0, 1, stages)], of_fields=True)
    assert (found.unit, found.pooled.measures[0].label) == ("field", "fields")
    assert summary([nuclei("a.png", 1, 1, task("all").classes)]).unit == "cell"


def test_one_cell_is_enough_to_report():
    found = summary([nuclei("a.png", 1, 1)], cells=[np.array([70000])])
    assert dict(found.rows)["Cytokinesis-block proliferation index"] == "1.00"
    assert dict(found.rows)["Micronucleated binucleated cells per 1,000"] == "- (of 0)"


def test_classes_are_called_by_words_where_they_are_read():
    found = summary([nuclei("a.png", 1, 4, names=("band_neutrophil", "blast"))])
    assert dict(found.rows)["Band neutrophil, per cent"].startswith("25.0 (")
