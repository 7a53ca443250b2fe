"""Absorption of light by dyes, and the camera image.

Optical densities add up along the light path (Beer-Lambert):
I = I0 * 10 ** -(sum over d of c_d * eps_d).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Dye = tuple[float, float, float]
"""Amounts of azure and eosin, the dyes of Wright-Giemsa, and of haemoglobin, which has its own colour."""

# Optical density in R, G, B of one unit of azure, eosin and haemoglobin; a dense nucleus has about
# one unit of azure. Set so that nuclei, cytoplasm, granules and red cells have the densities
# measured in public Wright-Giemsa smears (PBC, Acevedo et al. 2020, doi:10.1016/j.dib.2020.105474).
# Haemoglobin absorbs mostly violet (Soret band, 415 nm).
EXTINCTION = np.array([[0.72, 0.88, 0.10], [0.06, 0.90, 0.28], [0.05, 0.25, 1.00]], dtype=np.float32)

_WARM_LAMP = np.array([253.0, 229.0, 205.0])
_WHITE_LAMP = np.array([240.0, 238.0, 244.0])


@dataclass(frozen=True, slots=True, eq=False)
class Stain:
    """The stain of one slide.

    Attributes
    ----------
    extinction : (3, 3) float32
        Optical density in R, G, B of one unit of azure, eosin and haemoglobin.
    """

    extinction: NDArray[np.float32]

    @classmethod
    def draw_slide(cls, rng: np.random.Generator) -> "Stain":
        """Return a random stain, with variations of the strength and hue of each dye."""
        strength = rng.uniform([0.85, 0.6, 0.7], [1.15, 1.5, 1.3])
        hue = rng.normal(1, 0.05, EXTINCTION.shape)
        return cls((EXTINCTION * strength[:, None] * hue).astype(np.float32))

    def transmission(self, dye: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the transmitted fraction of light in 0-1: (..., 3) dye to (..., 3) R, G, B."""
        passed: NDArray[np.float32] = np.power(np.float32(10), -(dye @ self.extinction))
        return passed


@dataclass(frozen=True, slots=True)
class Light:
    """Lamp, lens and camera of one microscope.

    Attributes
    ----------
    white : (float, float, float)
        R, G, B in 0-255 of the empty slide at its brightest.
    centre : (float, float)
        Where the light is brightest, as fractions of height and width.
    falloff : float
        Fraction of the light lost half an image's diagonal away from there.
    blur_um : float
        Standard deviation of the point spread function: diffraction and a little defocus.
    noise : float
        Standard deviation of the camera's noise in grey levels.
    """

    white: tuple[float, float, float] = (253.0, 229.0, 205.0)
    centre: tuple[float, float] = (0.5, 0.5)
    falloff: float = 0.05
    blur_um: float = 0.10
    noise: float = 1.2

    @classmethod
    def draw_microscope(cls, rng: np.random.Generator) -> "Light":
        """Return a random illumination: mostly warm lamps, sometimes white ones."""
        share = rng.choice([rng.uniform(0, 0.2), rng.uniform(0.3, 1)], p=[0.7, 0.3])
        white = _WARM_LAMP + share * (_WHITE_LAMP - _WARM_LAMP) + rng.normal(0, 3, 3)
        red, green, blue = np.clip(white, 0, 255).tolist()
        y, x = rng.uniform(0.2, 0.8, 2).tolist()
        return cls(
            white=(red, green, blue),
            centre=(y, x),
            falloff=float(rng.uniform(0.02, 0.12)),
            blur_um=float(rng.uniform(0.05, 0.14)),
            noise=float(rng.uniform(0.6, 2.0)),
        )

    def illumination(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Return the brightness of the empty field, (H, W), as a fraction of `white`."""
        height, width = shape
        y = (np.arange(height) + 0.5) / height - self.centre[0]
        x = (np.arange(width) + 0.5) / width - self.centre[1]
        squared = (y[:, None] ** 2 + x[None, :] ** 2) / 0.5  # 1 at half a diagonal
        return (1 - self.falloff * squared).astype(np.float32)

    def photograph(
        self, transmission: NDArray[np.float32], pixel_size_um: float, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return the image that the camera records.

        Parameters
        ----------
        transmission : (H, W, 3) float32
            Transmitted fraction of light, in 0-1.
        pixel_size_um : float
            Micrometres per pixel.
        rng : numpy.random.Generator
            Source of noise.

        Returns
        -------
        (H, W, 3) uint8, RGB
        """
        height, width, _ = transmission.shape
        sigma = self.blur_um / pixel_size_um
        seen = gaussian_filter(transmission, (sigma, sigma, 0), mode="nearest", truncate=3)
        seen *= self.illumination((height, width))[..., None]
        seen *= np.array(self.white, dtype=np.float32)
        # Brightness noise is stronger than colour noise, since cameras interpolate colour.
        seen += rng.normal(0, self.noise, (height, width, 1))
        seen += rng.normal(0, self.noise / 2, seen.shape)
        levels: NDArray[np.uint8] = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
        return levels
