"""What is said of images that weights cannot name cells in, and that nothing is said of others."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.evaluation.perturbations import blur, white
from napari_hemalens.inference.image_check import (
    classifier_notes,
    image_notes,
    kind_notes,
    light_notes,
    names_blood_cells,
    red_cell_notes,
    size_notes,
    with_notes,
)
from napari_hemalens.inference.image_measures import ImageMeasures
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.weights import classifier_card, detector_card
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.notes import fault_of
from napari_hemalens.rendering.fields import render_field
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.open import open_image

SMEAR = ImageMeasures(brightness=235, colour=60, clipped=0.01, contrast=180, eosin=0.0, blur_um=0.15)
PACKED, ROBUST = detector_card("marrow-lite"), detector_card("marrow-robust")


def faults(notes: Sequence[str]) -> list[str]:
    return [fault_of(note) for note in notes]


def cells(red: int, nucleated: int, *, red_px: float = 60, size: float | None = 0.12) -> Detections:
    """Red cells of `red_px`, and lymphocytes."""
    sides = [red_px] * red + [90] * nucleated
    boxes = [(0, 100 * n, side, 100 * n + side) for n, side in enumerate(sides)]
    return Detections.from_arrays(
        np.array(boxes).reshape(-1, 4),
        np.full(len(boxes), 0.9),
        [0] * red + [1] * nucleated,
        names=("erythrocyte", "lymphocyte"),
        image_shape=(200, 100 * len(boxes) + 100),
        provenance=Provenance(pixel_size_um=size),
    )


def test_nothing_is_said_of_a_smear() -> None:
    found = cells(30, 3)
    said = (*kind_notes(SMEAR), *size_notes(found, PACKED), *red_cell_notes(found), *light_notes(SMEAR, PACKED))
    assert said == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"contrast": 3, "brightness": 12, "colour": 0, "clipped": 1.0}, "Blank"),
        ({"brightness": 12, "colour": 0}, "Dark ground, as of fluorescence"),
        ({"colour": 0}, "Grey image"),
        ({"eosin": 0.12}, "Looks like a tissue section (H&E)"),
    ],
)
def test_an_image_of_another_kind_is_named(change: dict[str, float], fault: str) -> None:
    assert faults(kind_notes(replace(SMEAR, **change))) == [fault]


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (240, 225, 235), (128, 128, 128)])
def test_an_image_of_one_colour_is_blank_and_nothing_else(colour: tuple[int, int, int]) -> None:
    blank = np.broadcast_to(np.array(colour, dtype=np.uint8), (300, 400, 3)).copy()
    nothing = cells(0, 0)
    assert faults(image_notes(from_array(blank, axes="YXC"), nothing, PACKED)) == ["Blank"]
    blank[100:200, 100:200] //= 2
    blank[100:200, 100:200] += 40
    assert "Blank" not in faults(image_notes(from_array(blank, axes="YXC"), nothing, PACKED))


def test_sections_are_strange_only_to_weights_for_smears() -> None:
    section = replace(SMEAR, eosin=0.12)
    assert kind_notes(section, tissue=False) == ()


@pytest.mark.parametrize(("score", "said"), [(0.5, ["Looks like a tissue section (H&E)"]), (0.9, [])])
def test_pink_ground_is_tissue_where_the_cells_in_it_are_doubtful(score: float, said: list[str]) -> None:
    pink = np.random.default_rng(0).integers(215, 245, (200, 2100, 3), dtype=np.uint8)  # no value of it is clipped
    pink[:60, ::2] = (220, 120, 180)
    found = replace(cells(20, 0), scores=np.full(20, score, np.float32))
    assert faults(image_notes(from_array(pink, axes="YXC"), found, PACKED)) == said


def test_blur_gets_the_advice_to_use_other_weights_unless_they_are_in_use() -> None:
    (said,) = light_notes(replace(SMEAR, blur_um=0.5), PACKED)
    assert said.startswith("Out of focus")
    assert "marrow-robust" in said
    assert light_notes(replace(SMEAR, blur_um=0.5), ROBUST) == ()  # they bear it
    (beyond,) = light_notes(replace(SMEAR, blur_um=0.7), ROBUST)
    assert "marrow-robust" not in beyond
    assert "take the image again" in beyond


def test_what_is_clipped_gets_the_advice_of_less_light() -> None:
    over = replace(SMEAR, clipped=0.4)
    (by_packed,), (by_robust,) = light_notes(over, PACKED), light_notes(over, ROBUST)
    assert "less light" in by_packed
    assert "marrow-robust" in by_packed
    assert "marrow-robust" not in by_robust


def test_of_the_focus_nothing_is_said_without_edges_or_scale() -> None:
    assert light_notes(replace(SMEAR, blur_um=math.nan), PACKED) == ()
    assert light_notes(replace(SMEAR, blur_um=2.0), PACKED, sized=False) == ()


@pytest.mark.parametrize("size", [0.06, 0.25])
def test_red_cells_of_the_wrong_size_tell_the_right_pixel_size(size: float) -> None:
    (said,) = size_notes(cells(12, 1, size=size), PACKED)
    assert fault_of(said) == "Pixel size doubtful"
    assert "about 0.12 µm fits" in said


def test_a_few_red_cells_do_not_make_a_pixel_size_doubtful() -> None:
    assert size_notes(cells(4, 1, size=0.06), PACKED) == ()


def estimated(found: Detections) -> Detections:
    return replace(found, provenance=replace(found.provenance, pixel_size_source="estimated"))


def test_an_estimate_is_not_doubted_by_red_cells_that_an_edge_cuts() -> None:
    cut = estimated(cells(12, 1, red_px=30))  # the edge of the image goes through all
    inside = replace(cut, boxes=cut.boxes + np.float32(50), image_shape=(300, 1600))
    (said,) = size_notes(inside, PACKED)
    assert said.startswith("Pixel size doubtful: at 0.12 µm red cells would be 3.6 µm across")
    assert size_notes(cut, PACKED, (0, 0, 200, 1400)) == ()
    (said,) = size_notes(cut, PACKED)
    assert said == "Pixel size doubtful: 0.12 µm was estimated from fewer than 5 whole red cells; give the right one."


def test_an_unknown_pixel_size_is_said_with_the_one_that_was_taken() -> None:
    (said,) = size_notes(cells(0, 2, size=None), PACKED)
    assert fault_of(said) == "Pixel size unknown"
    assert "0.15 µm was taken" in said


def test_low_magnification_is_said() -> None:
    assert faults(size_notes(cells(12, 1, red_px=18, size=0.4), PACKED)) == ["Low magnification"]


def test_many_nucleated_cells_without_red_cells_are_looked_at() -> None:
    assert faults(red_cell_notes(cells(1, 12))) == ["Few red cells among the nucleated ones"]
    assert red_cell_notes(cells(0, 4)) == ()  # a crop
    assert red_cell_notes(cells(6, 12)) == ()  # crowded marrow


def for_sections() -> DetectorCard:
    return PACKED.model_copy(update={"classes": ("nucleus",)})


def test_weights_that_name_no_blood_cells_get_no_notes() -> None:
    assert names_blood_cells(PACKED)
    assert names_blood_cells(PACKED.model_copy(update={"classes": ("WBC", "RBC", "Platelets")}))
    assert not names_blood_cells(for_sections())
    black = from_array(np.zeros((50, 50, 3), dtype=np.uint8), axes="YXC")
    assert image_notes(black, cells(0, 0), PACKED)
    assert image_notes(black, cells(0, 0), for_sections()) == ()


def test_a_rendered_smear_is_in_order_until_it_is_spoiled() -> None:
    image, truth = render_field((420, 420), pixel_size_um=0.12, tissue="blood", seed=3)
    spoiled = {"": image, "Out of focus": blur(image, 0.6, 0.12), "Overexposed": white(image, 0.4, 0.12)}
    for fault, pixels in spoiled.items():
        assert faults(image_notes(from_array(pixels, axes="YXC"), truth, PACKED)) == [fault] * bool(fault)


def test_cells_below_the_score_threshold_lead_to_no_notes() -> None:
    image, truth = render_field((420, 420), pixel_size_um=0.12, tissue="blood", seed=3)
    slide, faint = from_array(image, axes="YXC"), cells(20, 0, red_px=200)
    noise = replace(faint, scores=np.full(20, 0.1, np.float32), image_shape=truth.image_shape)
    assert image_notes(slide, noise, PACKED) == ()


def test_the_rest_of_the_provenance_stays() -> None:
    found = cells(0, 0)
    noted = with_notes(from_array(np.zeros((50, 50, 3), dtype=np.uint8), axes="YXC"), found, PACKED)
    assert noted.provenance.notes
    assert replace(noted.provenance, notes=()) == found.provenance


@pytest.mark.parametrize(
    ("ground", "cell", "light", "said"),
    [
        ((235, 230, 240), (120, 60, 150), "fluorescence", ["Stained cells on a bright ground"]),
        ((230, 230, 230), (60, 60, 60), "fluorescence", []),  # as of fluorescence, inverted
        ((8, 8, 8), (160, 160, 160), "fluorescence", []),
        ((8, 8, 8), (160, 160, 160), "transmitted", ["Dark ground, as of fluorescence"]),
        ((235, 230, 240), (120, 60, 150), "transmitted", []),
    ],
)
def test_classes_by_weights_of_another_light_are_doubted(
    ground: tuple[int, ...], cell: tuple[int, ...], light: str, said: list[str]
) -> None:
    card = classifier_card("micronucleus-attention" if light == "fluorescence" else "nucleated-cells")
    assert card.crop.light == light
    labels = np.zeros((200, 200), np.int32)
    labels[60:120, 70:130] = 1
    image = np.where(labels[..., None] > 0, cell, ground).astype(np.uint8)
    notes = classifier_notes(from_array(image, axes="YXC"), CellMap.from_labels(labels), card, None)
    assert faults(notes) == said


@pytest.mark.slow
def test_real_fluorescence_and_sections_do_not_pass_for_smears(real_data: Path) -> None:
    for folder, fault in (("micronuclei", "Dark ground"), ("marrow_histology", "Looks like a tissue section")):
        file = sorted((real_data / folder / "images").iterdir())[0]
        with open_image(file) as slide:
            found = workflows.detect(slide.read(0, 0, 500, 500), pixel_size_um=0.25)
        assert found.provenance.notes[0].startswith(fault)


@pytest.mark.slow
@pytest.mark.parametrize(("data", "size"), [("smear_detection", 0.1), ("marrow_fields", 0.165)])
def test_of_real_smears_only_the_blurred_get_a_note(real_data: Path, data: str, size: float) -> None:
    for file in sorted((real_data / data / "images").iterdir())[:200:100]:
        with open_image(file) as slide:
            pixels = slide.read(0, 0, *slide.shape)
        found = workflows.detect(pixels, pixel_size_um=size)
        assert found.provenance.notes == ()
        blurred = from_array(blur(pixels, 0.5, size), axes="YXC")
        assert faults(image_notes(blurred, found, PACKED)) == ["Out of focus"]
