"""Cells of several sources become one pool; what is amiss is said before the network is loaded."""

import numpy as np
import pytest

from napari_hemalens.config.options import TeachingRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.teach.jobs import begin_teaching, run_refit
from napari_hemalens.gui.teach.sources import CellSource
from napari_hemalens.workflows import teaching


@pytest.fixture
def project(tmp_path):
    with teaching.open_project(tmp_path / "p", classes=["dark", "bright"]) as opened:
        yield opened


def source(count, seed):
    crops = np.random.default_rng(seed).integers(0, 255, (count, 12, 12), dtype=np.uint8)

    def read(_):
        yield from ()
        return teaching.cells_of_crops(crops, pixel_size_um=0.5)

    return CellSource(f"crops {seed}", read)


def test_the_cells_of_all_sources_are_one_pool(project, looking):
    *updates, last = begin_teaching(project, [source(3, 1), source(4, 2)], TeachingRecipe(), looking)
    assert len(last.taught) == 7
    assert [update.words for update in updates[:2]] == ["crops 1: reading", "crops 2: reading"]
    assert all(update.taught is None for update in updates)
    assert last.words == "7 cells"
    assert [update.fraction for update in updates][-2:] == [0, 1]


def test_no_cells_are_said_before_anything_is_loaded(project, looking):
    def none(_):
        yield from ()
        return teaching.join_cells([])

    with pytest.raises(AnnotationError, match="no cells in film A, film B"):
        list(
            begin_teaching(project, [CellSource("film A", none), CellSource("film B", none)], TeachingRecipe(), looking)
        )
    assert looking.asked == []


def test_a_refit_brings_the_model_up_to_date(project, looking):
    *_, last = begin_teaching(project, [source(20, 1)], TeachingRecipe(), looking)
    for row in range(8):
        last.taught.label_rows([row], ("dark", "bright")[row % 2])
    (found,) = run_refit(last.taught.prepare_refit())
    last.taught.accept(found)
    assert last.taught.is_up_to_date
