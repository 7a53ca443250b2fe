from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.rendering.fluorescence import Fluorescence

EVEN = Fluorescence(falloff=0.0, haze=0.0)


def photograph(microscope: Fluorescence, glow: np.ndarray) -> np.ndarray:
    return microscope.photograph(glow.astype(np.float32), 0.5, np.random.default_rng(0)).astype(float)


def test_light_becomes_grey_levels_above_the_offset() -> None:
    levels = photograph(EVEN, np.ones((80, 80)))
    photons = EVEN.photons * 1.03  # the medium's glow
    assert levels.mean() == pytest.approx(EVEN.offset + EVEN.gain * photons, rel=0.01)
    # The noise is that of photons, and a little of reading.
    expected = np.hypot(EVEN.gain * np.sqrt(photons), EVEN.read_noise)
    assert levels.std() == pytest.approx(expected, rel=0.05)


def test_the_light_falls_off_towards_the_corners() -> None:
    levels = photograph(replace(EVEN, centre=(0.5, 0.5), falloff=0.4), np.ones((80, 80))) - EVEN.offset
    assert levels[:8, :8].mean() < 0.75 * levels[36:44, 36:44].mean()


def test_haze_lights_up_what_lies_beside_a_nucleus() -> None:
    glow = np.zeros((120, 120))
    glow[50:70, 50:70] = 1
    clear, hazy = (photograph(replace(EVEN, haze=haze), glow) for haze in (0.0, 0.3))
    beside = np.s_[50:70, 76:80]
    assert hazy[beside].mean() > clear[beside].mean() + 50
    assert hazy[55:65, 55:65].mean() < clear[55:65, 55:65].mean()


def test_what_is_too_bright_is_cut_off_at_16_bits() -> None:
    levels = EVEN.photograph(np.full((8, 8), 100, np.float32), 0.5, np.random.default_rng(0))
    assert levels.dtype == np.uint16
    assert (levels == 65535).all()
