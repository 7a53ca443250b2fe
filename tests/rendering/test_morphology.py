from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import binary_closing, binary_erosion, binary_opening, label
from skimage.measure import regionprops

from napari_hemalens.records.taxonomy import MARROW_12
from napari_hemalens.rendering.drawing import NucleatedCell, Stamp
from napari_hemalens.rendering.morphology import MORPHOLOGY
from napari_hemalens.rendering.shapes import Patch
from napari_hemalens.rendering.stain import EXTINCTION, Stain

PIXEL_UM = 0.1


def drawn(name: str, seed: int, variant: int = 0) -> Stamp:
    look = MORPHOLOGY[name][variant]
    diameter = sum(look.diameter_um) / 2
    patch = Patch.around(0.65 * diameter + 1, PIXEL_UM, np.random.default_rng(seed))
    return look.draw(patch, diameter)


def nucleus_of(name: str, seed: int, variant: int = 0) -> np.ndarray:
    """The cell's nucleus alone, as it was drawn: (h, w) bool."""
    look = MORPHOLOGY[name][variant]
    assert isinstance(look, NucleatedCell)
    diameter = sum(look.diameter_um) / 2
    patch = Patch.around(0.65 * diameter + 1, PIXEL_UM, np.random.default_rng(seed))
    return look.nucleus(patch, diameter / 2) > 0


def mean_over_seeds(measure: object, seeds: int = 12) -> float:
    return float(np.mean([measure(seed) for seed in range(seeds)]))  # type: ignore[operator]


def solidity(name: str) -> float:
    return mean_over_seeds(lambda seed: regionprops(nucleus_of(name, seed).astype(int))[0].solidity)


def colour_of(stamp: Stamp, where: np.ndarray) -> np.ndarray:
    return np.median(Stain(EXTINCTION).transmission(stamp.dye)[where], axis=0)


def test_every_class_of_the_packed_weights_can_be_drawn() -> None:
    assert set(MORPHOLOGY) == set(MARROW_12.classes)


@pytest.mark.parametrize("name", MARROW_12.classes)
def test_a_cell_is_as_large_as_it_should_be(name: str) -> None:
    for variant, look in enumerate(MORPHOLOGY[name]):
        stamp = drawn(name, 3, variant)
        width = 2 * np.sqrt(stamp.body.sum() / np.pi) * PIXEL_UM
        assert width == pytest.approx(sum(look.diameter_um) / 2, rel=0.12)


@pytest.mark.parametrize("name", MARROW_12.classes)
def test_no_dye_lies_outside_of_the_cell_and_the_patch_holds_all_of_it(name: str) -> None:
    for seed in range(10):
        stamp = drawn(name, seed)
        beyond = ~binary_closing(stamp.body, iterations=4)
        assert stamp.dye[beyond].max() < 0.5 * stamp.dye.max()
        edge = np.ones_like(stamp.body)
        edge[1:-1, 1:-1] = False
        assert not stamp.body[edge].any()
        assert stamp.dye.min() >= 0


def test_a_nucleus_never_bulges_out_of_its_cell() -> None:
    for seed in range(15):  # a small lymphocyte's nucleus fills it nearly
        stamp = drawn("lymphocyte", seed)
        edge = stamp.body & ~binary_erosion(stamp.body)
        assert np.quantile(stamp.dye[edge, 0], 0.98) < 0.65 * np.quantile(stamp.dye[..., 0], 0.98)


def test_neutrophils_unbend_from_myelocyte_to_segment() -> None:
    ripening = ["myelocyte", "metamyelocyte", "band_neutrophil"]
    assert all(solidity(a) > solidity(b) + 0.02 for a, b in pairwise(ripening))


def test_a_segmented_nucleus_falls_into_lobes_and_a_band_does_not() -> None:
    def parts(name: str) -> list[int]:
        disc = np.hypot(*np.mgrid[-7:8, -7:8]) <= 7  # a strand is at most 1.1 um wide
        opened = (binary_opening(nucleus_of(name, seed), disc) for seed in range(12))
        return [label(nucleus)[1] for nucleus in opened]

    assert np.mean(parts("segmented_neutrophil")) > 1.6
    assert np.mean(parts("band_neutrophil")) < 1.2


@pytest.mark.parametrize(
    ("fuller", "emptier"),
    [("lymphocyte", "monocyte"), ("promyelocyte", "myelocyte"), ("myelocyte", "band_neutrophil")],
)
def test_the_nucleus_fills_more_of_one_cell_than_of_the_other(fuller: str, emptier: str) -> None:
    def share(name: str) -> float:
        return mean_over_seeds(lambda s: nucleus_of(name, s).sum() / drawn(name, s).body.sum())

    assert share(fuller) > share(emptier) + 0.05


def test_erythroblasts_shrink_and_turn_from_blue_to_pink_as_they_ripen() -> None:
    sizes = [sum(look.diameter_um) for look in MORPHOLOGY["erythroblast"]]
    assert sizes == sorted(sizes, reverse=True)
    blueness = []
    for variant in range(3):
        stamp = drawn("erythroblast", 1, variant)
        red, _, blue = colour_of(stamp, stamp.body & ~nucleus_of("erythroblast", 1, variant))
        blueness.append(blue - red)
    assert blueness == sorted(blueness, reverse=True)


def test_eosinophils_are_pinker_than_neutrophils_and_basophils_are_darker() -> None:
    stamps = {name: drawn(name, 2) for name in ("eosinophil", "segmented_neutrophil", "basophil")}
    green = {name: colour_of(stamp, stamp.body)[1] for name, stamp in stamps.items()}
    assert green["basophil"] < green["eosinophil"] < green["segmented_neutrophil"]
    red, _, blue = colour_of(stamps["eosinophil"], stamps["eosinophil"].body)
    assert red > blue


def test_a_red_cell_is_pale_in_the_middle_and_holds_haemoglobin() -> None:
    stamp = drawn("erythrocyte", 0)
    middle = stamp.body.shape[0] // 2
    haemoglobin = stamp.dye[middle, middle:, 2]
    ring = int(0.65 * sum(MORPHOLOGY["erythrocyte"][0].diameter_um) / 4 / PIXEL_UM)
    assert haemoglobin[0] < 0.95 * haemoglobin[ring]
    assert haemoglobin[ring] > 0.04
