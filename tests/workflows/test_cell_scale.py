"""Crops get a pixel size: the image's, that of its red cells or its cells; what speaks against classes is said."""

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.inference import scale
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Progress, finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.slides.axes import from_array
from napari_hemalens.workflows.cell_scale import TYPICAL_UM, looked_at_steps

SMEAR = np.full((120, 160, 3), 230, np.uint8)


@pytest.fixture
def cells() -> CellMap:
    """Two cells of 20 pixels."""
    labels, (y, x) = np.zeros((120, 160), np.int32), np.mgrid[:120, :160]
    for number, (cy, cx) in enumerate(((40, 40), (80, 110)), 1):
        labels[np.hypot(y - cy, x - cx) < 10] = number
    return CellMap.from_labels(labels)


def scaled(cells: CellMap, card: ClassifierCard, size: float | None = None) -> Provenance:
    told = Provenance(pixel_size_um=size, pixel_size_source="unknown" if size is None else "image")
    return finish(looked_at_steps(from_array(SMEAR), cells, card, told, device="cpu"))


@pytest.fixture
def red_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smear whose red cells say 0.2 um."""

    def estimate(*_: object):
        yield Progress(1, 1, "")
        return 0.2

    monkeypatch.setattr(scale, "estimate_pixel_size_steps", estimate)


def test_red_cells_say_how_large_a_pixel_is(cells: CellMap, nucleated: ClassifierCard, red_cells: None) -> None:
    found = scaled(cells, nucleated)
    assert (found.pixel_size_um, found.pixel_size_source) == (0.2, "estimated")


def test_a_known_pixel_size_is_left_alone(cells: CellMap, nucleated: ClassifierCard, red_cells: None) -> None:
    assert scaled(cells, nucleated, 0.31).pixel_size_um == 0.31


def test_crops_by_diameter_need_none(cells: CellMap, untrained_classifier: ClassifierCard, red_cells: None) -> None:
    assert scaled(cells, untrained_classifier).pixel_size_um is None


def test_without_red_cells_the_cells_are_taken_to_be_of_usual_size(cells: CellMap, nucleated: ClassifierCard) -> None:
    found = scaled(cells, nucleated)
    assert found.pixel_size_source == "assumed"
    assert found.pixel_size_um == pytest.approx(TYPICAL_UM / 20, rel=0.05)


def test_a_result_says_where_its_scale_is_from(cells: CellMap, nucleated: ClassifierCard, red_cells: None) -> None:
    found = workflows.classify(SMEAR, cells.labels, task="leukocyte", weights=str(nucleated.file), device="cpu")
    assert (found.provenance.pixel_size_um, found.provenance.pixel_size_source) == (0.2, "estimated")
    assert len(found) == 2


@pytest.mark.parametrize("learned", ["transmitted", "fluorescence"])
def test_fluorescence_is_said_of_weights_for_stained_cells(
    cells: CellMap, untrained_classifier: ClassifierCard, learned: str
) -> None:
    crop = untrained_classifier.crop.model_copy(update={"light": learned})
    card = untrained_classifier.model_copy(update={"crop": crop})
    glowing = np.where(cells.labels > 0, 200, 10).astype(np.uint8)
    assert scaled(cells, card).notes == ()
    notes = finish(looked_at_steps(from_array(glowing), cells, card, Provenance(), device="cpu")).notes
    if learned == "fluorescence":
        assert notes == ()
    else:
        (note,) = notes
        assert note.startswith(f"Dark ground, as of fluorescence: the weights {card.name} know only stained cells")
