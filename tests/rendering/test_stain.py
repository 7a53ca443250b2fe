import numpy as np
import pytest

from napari_hemalens.rendering.stain import EXTINCTION, Light, Stain


def test_light_is_dimmed_as_beer_and_lambert_say() -> None:
    azure, eosin, haemoglobin = 0.8, 0.4, 0.1
    dye = np.array([[azure, eosin, haemoglobin]], dtype=np.float32)
    passed = Stain(EXTINCTION).transmission(dye)
    for band in range(3):
        density = azure * EXTINCTION[0, band] + eosin * EXTINCTION[1, band] + haemoglobin * EXTINCTION[2, band]
        assert passed[0, band] == pytest.approx(10**-density, rel=1e-5)


def test_a_nucleus_is_as_dark_as_measured_on_real_smears() -> None:
    # Median over the nuclei of the PBC smears: optical density 0.58, 1.03, 0.18 in R, G, B.
    density = -np.log10(Stain(EXTINCTION).transmission(np.array([0.80, 0.36, 0.0], np.float32)))
    np.testing.assert_allclose(density, [0.58, 1.03, 0.18], atol=0.03)


def test_stain_and_light_differ_from_seed_to_seed() -> None:
    slides = [Stain.draw_slide(np.random.default_rng(seed)).extinction for seed in range(20)]
    whites = [Light.draw_microscope(np.random.default_rng(seed)).white for seed in range(20)]
    assert np.std(slides, axis=0).min() > 0.005
    assert np.ptp([red - blue for red, _, blue in whites]) > 20  # warm lamps and white ones


def test_an_empty_slide_is_white_at_the_lamp_and_darker_in_the_corner() -> None:
    light = Light(white=(200.0, 180.0, 160.0), centre=(0.0, 0.0), falloff=0.2, noise=0.0)
    seen = light.photograph(np.ones((64, 64, 3), np.float32), 0.1, np.random.default_rng(0))
    assert seen[0, 0].tolist() == [200, 180, 160]
    # The far corner lies a whole diagonal away: four times the loss of half a diagonal.
    assert seen[-1, -1] / [200, 180, 160] == pytest.approx([0.2] * 3, abs=0.02)


def test_defocus_blurs_by_micrometres_not_by_pixels() -> None:
    rng = np.random.default_rng(0)
    light = Light(white=(250.0,) * 3, falloff=0.0, blur_um=0.4, noise=0.0)
    for pixel_size_um in (0.1, 0.2):
        slit = np.zeros((5, 101, 3), np.float32)
        slit[:, 50:] = 1
        edge = light.photograph(slit, pixel_size_um, rng)[2, :, 0] / 250
        # An edge blurred by a Gaussian has risen to 84 % one standard deviation behind it.
        sigma = light.blur_um / pixel_size_um
        risen = np.interp(50 + sigma, np.arange(101) + 0.5, edge)
        assert risen == pytest.approx(0.84, abs=0.02)


def test_the_camera_is_as_noisy_as_it_says() -> None:
    light = Light(white=(128.0,) * 3, falloff=0.0, noise=3.0)
    seen = light.photograph(np.ones((200, 200, 3), np.float32), 0.1, np.random.default_rng(0))
    red, green, _ = np.moveaxis(seen.astype(float), 2, 0)
    assert (red - green).std() == pytest.approx(1.5 * np.sqrt(2), rel=0.1)  # of colour: half
    assert seen.mean(axis=2).std() == pytest.approx(np.hypot(3.0, 1.5 / np.sqrt(3)), rel=0.1)
