"""A fluorescence microscope and its camera: illumination, haze, photon noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_hemalens.rendering.stain import Light


@dataclass(frozen=True, slots=True)
class Fluorescence:
    """A wide-field microscope.

    Attributes
    ----------
    centre, falloff
        Unevenness of the illumination, as in `Light`.
    offset : float
        Grey level of the camera in the dark.
    photons : float
        Photons from the middle of an average nucleus.
    gain : float
        Grey levels per photon.
    read_noise : float
        Standard deviation in grey levels.
    blur_um : float
        Standard deviation of the point spread function in focus.
    haze : float
        Fraction of out-of-focus light.
    haze_um : float
        Standard deviation of the out-of-focus blur.
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
        """Return the image that the camera records.

        Parameters
        ----------
        glow : (H, W) float32
            Amount of fluorescent dye; 1 in the middle of an average nucleus.
        pixel_size_um : float
            Micrometres per pixel.
        rng : numpy.random.Generator
            Source of photon and read noise.

        Returns
        -------
        (H, W) uint16
        """
        sharp = gaussian_filter(glow, self.blur_um / pixel_size_um, truncate=3)
        haze = gaussian_filter(glow, self.haze_um / pixel_size_um, truncate=3)
        height, width = glow.shape
        excited = Light(centre=self.centre, falloff=self.falloff).illumination((height, width))
        seen = (1 - self.haze) * sharp + self.haze * haze + 0.03  # background fluorescence of the medium
        photons = rng.poisson(self.photons * seen * excited)
        read = self.offset + self.gain * photons + rng.normal(0, self.read_noise, glow.shape)
        levels: NDArray[np.uint16] = np.clip(np.rint(read), 0, 65535).astype(np.uint16)
        return levels
