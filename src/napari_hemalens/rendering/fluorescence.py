"""What a fluorescence microscope and its camera make of DNA: glow, haze, photons."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_hemalens.rendering.stain import Light


@dataclass(frozen=True, slots=True)
class Fluorescence:
    """One microscope of the wide-field kind.

    Attributes
    ----------
    centre, falloff
        Where and how unevenly it excites, as in `Light`.
    offset : float
        What the camera reads in the dark.
    photons : float
        Photons from the middle of an average nucleus.
    gain : float
        Grey levels a photon.
    read_noise : float
        Standard deviation in grey levels.
    blur_um : float
        Standard deviation of the point spread in focus.
    haze : float
        Share of the light that comes from out of focus, spread over `haze_um`.
    haze_um : float
        Standard deviation of that spread.
    """

    centre: tuple[float, float] = (0.45, 0.56)
    falloff: float = 0.22
    offset: float = 400.0
    photons: float = 700.0
    gain: float = 2.4
    read_noise: float = 6.0
    blur_um: float = 0.32
    haze: float = 0.10
    haze_um: float = 5.0

    def photograph(
        self, glow: NDArray[np.float32], pixel_size_um: float, rng: np.random.Generator
    ) -> NDArray[np.uint16]:
        """Return what the camera records.

        Parameters
        ----------
        glow : (H, W) float32
            Dye that glows; 1 in the middle of an average nucleus.
        pixel_size_um : float
            Micrometres per pixel.
        rng : numpy.random.Generator
            Draws the photons and the noise of reading.

        Returns
        -------
        (H, W) uint16
        """
        sharp = gaussian_filter(glow, self.blur_um / pixel_size_um, truncate=3)
        haze = gaussian_filter(glow, self.haze_um / pixel_size_um, truncate=3)
        height, width = glow.shape
        excited = Light(centre=self.centre, falloff=self.falloff).illumination((height, width))
        seen = (1 - self.haze) * sharp + self.haze * haze + 0.03  # the medium glows a little
        photons = rng.poisson(self.photons * seen * excited)
        read = self.offset + self.gain * photons + rng.normal(0, self.read_noise, glow.shape)
        levels: NDArray[np.uint16] = np.clip(np.rint(read), 0, 65535).astype(np.uint16)
        return levels
