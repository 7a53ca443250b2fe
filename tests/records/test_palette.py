"""Classes stay apart by colour, for colour-blind viewers too."""

from itertools import combinations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from napari_hemalens.records.palette import CLASS_COLOURS, colour_of
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.records.taxonomy import TAXONOMIES

APART = 12
SMEAR = (240, 222, 230)  # empty glass of a stained smear
# Machado, Oliveira & Fernandes 2009, severity 1.0; they act on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}
TOGETHER = {
    **{name: found.classes for name, found in TAXONOMIES.items()},
    **{n: t.classes for n, t in TASKS.items() if t.classes},
}


def seen(colours, vision):
    """L*a*b* (N, 3) of sRGB colours (N, 3) in 0-255 as a viewer sees them."""
    rgb = np.asarray(colours) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = (linear @ np.transpose(VISION[vision])).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb2lab(encoded)


def rgb(name):
    return [*bytes.fromhex(colour_of(name)[1:])]


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("names", TOGETHER.values(), ids=TOGETHER)
def test_classes_on_screen_together_stay_apart_for_every_viewer(names, vision):
    lab = seen([rgb(name) for name in names], vision)
    first, second = np.array([*combinations(range(len(names)), 2)]).T
    apart = deltaE_ciede2000(lab[first], lab[second])
    too_close = {(names[i], names[j]): d for i, j, d in zip(first, second, apart, strict=True) if d < APART}
    assert not too_close


@pytest.mark.parametrize("vision", VISION)
def test_every_class_is_seen_on_a_stained_smear(vision):
    lab = seen([SMEAR, *(rgb(name) for name in CLASS_COLOURS)], vision)
    assert deltaE_ciede2000(np.broadcast_to(lab[0], lab[1:].shape), lab[1:]).min() >= APART


def test_the_simulation_hides_red_from_green_and_leaves_grey():
    grey = seen([(128, 128, 128)], "normal")
    red, green = [(200, 90, 40)], [(140, 120, 30)]
    for vision in ("protan", "deutan"):
        np.testing.assert_allclose(seen([(128, 128, 128)], vision), grey, atol=0.1)
        before = deltaE_ciede2000(seen(red, "normal"), seen(green, "normal"))
        assert deltaE_ciede2000(seen(red, vision), seen(green, vision)) < before / 2


def test_a_class_has_one_colour_wherever_it_is_seen():
    assert colour_of("neutrophil") == colour_of("granulocyte") == colour_of("segmented_neutrophil")
    assert colour_of("RBC") == colour_of("erythrocyte")
    assert colour_of("Platelets") == colour_of("platelet")


def test_a_class_of_somebody_else_keeps_its_colour():
    assert colour_of("smudge") == colour_of("smudge") not in ("", None)
    assert len(colour_of("smudge")) == 7
