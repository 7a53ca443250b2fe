from dataclasses import fields

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, label

from napari_hemalens.rendering.micronucleus_assay import ORPHAN, AssayField, render_assay

NUCLEI = {"mononucleated": {1}, "binucleated": {2}, "multinucleated": {3, 4}}


@pytest.fixture(scope="module")
def field() -> AssayField:
    return render_assay((400, 400), pixel_size_um=0.5, seed=2)


def test_the_same_seed_gives_the_same_field_in_both_stains() -> None:
    one, same, other = (render_assay((96, 96), pixel_size_um=0.7, seed=seed) for seed in (4, 4, 5))
    for part in fields(AssayField):
        np.testing.assert_array_equal(getattr(one, part.name), getattr(same, part.name))
    np.testing.assert_array_equal(one.fluorescence(1), same.fluorescence(1))
    np.testing.assert_array_equal(one.giemsa(1), same.giemsa(1))
    assert not np.array_equal(one.nuclei, other.nuclei)


def test_nuclei_and_cells_are_numbered_without_a_gap(field: AssayField) -> None:
    for labels in (field.nuclei, field.cells):
        assert np.unique(labels).tolist() == list(range(labels.max() + 1))
    assert len(field.cell_classes) == field.cells.max()


def test_each_nucleus_lies_in_one_cell_with_as_many_as_its_class_says(field: AssayField) -> None:
    pairs = np.unique(np.stack([field.nuclei, field.cells])[:, field.nuclei > 0], axis=1)
    assert pairs[0].tolist() == list(range(1, field.nuclei.max() + 1))
    edge = np.concatenate([field.cells[0], field.cells[-1], field.cells[:, 0], field.cells[:, -1]])
    whole = set(range(1, field.cells.max() + 1)) - set(edge.tolist())
    assert len(whole) > 10
    for cell in whole:
        assert int((pairs[1] == cell).sum()) in NUCLEI[field.cell_classes[cell - 1]]


def test_micronuclei_lie_beside_their_nucleus_and_are_small(
    field: AssayField,
) -> None:
    parts, number = label(field.micronuclei, np.ones((3, 3)))
    assert number > 5
    assert not (field.nuclei > 0)[parts > 0].any()
    for part in range(1, number + 1):
        here = parts == part
        (parent,) = np.unique(field.micronuclei[here])
        if parent == ORPHAN:
            continue
        nucleus = field.nuclei == parent
        assert here.sum() <= 0.15 * nucleus.sum()  # 1/9, and what pixels round up
        assert (np.unique(field.cells[here]) == np.unique(field.cells[nucleus])).all()
        assert binary_dilation(here, iterations=20).any(where=nucleus)


def test_the_rows_say_what_the_label_images_show(field: AssayField) -> None:
    rows = list(field.rows())
    assert [row["nucleus"] for row in rows] == list(range(1, field.nuclei.max() + 1))
    _, number = label(field.micronuclei, np.ones((3, 3)))
    _, orphans = label(field.micronuclei == ORPHAN, np.ones((3, 3)))
    assert sum(row["micronuclei"] for row in rows) == number - orphans > 0
    for row in rows:
        assert (field.cells[field.nuclei == row["nucleus"]] == row["cell"]).all()
        assert row["has_micronucleus"] == (row["nucleus"] in field.micronuclei)


def test_dna_glows_and_takes_up_the_stain(field: AssayField) -> None:
    glow, stained = field.fluorescence(), field.giemsa().mean(axis=2)
    nothing = (field.cells == 0) & (field.debris < 0.01)
    for dna in (field.nuclei > 0, field.micronuclei > 0):
        assert np.median(glow[dna]) > 1.5 * np.median(glow[nothing])
        assert np.median(stained[dna]) < 0.75 * np.median(stained[nothing])
    cytoplasm = (field.cells > 0) & (field.nuclei == 0) & (field.micronuclei == 0)
    assert np.median(stained[dna]) < np.median(stained[cytoplasm]) < np.median(stained[nothing])
