"""Some cells are drawn and reviewed; all of them are counted."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.gui.detect.display import BoxFilter


@pytest.fixture
def results(analysed):
    """Boxes of 1.5 um a pixel."""
    results = analysed.results
    for f in results.fields:
        cells = f.cells.cells
        f.cells = replace(f.cells, cells=replace(cells, provenance=replace(cells.provenance, pixel_size_um=1.5)))
    return results


@pytest.fixture
def layer(analysed, viewer):
    return viewer.layers["smear cells"]


def test_one_class_is_drawn_and_all_are_counted(results, layer, runner):
    before = results.differential().nucleated
    results.choose_display(BoxFilter("lymphocyte"))
    runner.draw()
    assert {*layer.features["class"]} == {"lymphocyte"}
    assert results.differential().nucleated == before
    assert "Shown: lymphocyte; all cells are counted." in results.notes
    assert [f.cells.n_corrections for f in results.fields] == [0]
    results.choose_display(BoxFilter())
    runner.draw()
    assert layer.nshapes == 6


def test_cells_are_drawn_by_size_where_the_size_of_a_pixel_is_known(results, layer, runner):
    (f,) = results.fields
    f.cells = f.cells.with_boxes(np.array([0]), np.array([[0, 0, 10, 10]], np.float32))  # 15 um
    results.choose_display(BoxFilter(None, 14, 16))
    runner.draw()
    assert layer.features["cell"].tolist() == [1]
    results.choose_display(BoxFilter(None, smallest_um=16))
    runner.draw()
    assert layer.nshapes == 5
    cells = f.cells.cells
    unknown = replace(cells, provenance=replace(cells.provenance, pixel_size_um=None))
    assert BoxFilter(None, 14, 16).shows(replace(f.cells, cells=unknown)).all()


def test_a_box_that_a_person_draws_stays_in_view(results, layer, runner):
    results.choose_display(BoxFilter("lymphocyte"))
    runner.draw()
    results.classify("blast")
    layer.add([[300, 300], [300, 340], [340, 340], [340, 300]], shape_type="rectangle")
    runner.draw()
    assert {*layer.features["class"]} == {"lymphocyte", "blast"}


def test_the_review_goes_through_what_is_drawn_alone(named_session, runner):
    results = named_session.results
    everything = results.waiting.cells
    results.choose_display(BoxFilter("erythroblast"))
    assert 0 < results.waiting.cells < everything
    runner.draw()
    results.look_at_next()
    assert "erythroblast" in results.status
