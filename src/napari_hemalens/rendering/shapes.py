"""Outlines, textures and granules on a small patch of slide, in micrometres.

A shape is a signed depth: (h, w) float32, micrometres inside the outline, negative outside. Unions
are maxima, intersections minima.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

Map: TypeAlias = NDArray[np.float32]
"""One value per pixel of a patch: (h, w)."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The coordinates on which a cell is drawn.

    Attributes
    ----------
    y, x : (h, w) float32
        Position of each pixel's centre, in micrometres from the cell's centre.
    pixel_size_um : float
        Micrometres per pixel.
    rng : numpy.random.Generator
        Source of everything that differs from cell to cell.
    """

    y: Map
    x: Map
    pixel_size_um: float
    rng: np.random.Generator

    @classmethod
    def around(
        cls,
        radius_um: float,
        pixel_size_um: float,
        rng: np.random.Generator,
        offset: tuple[float, float] = (0.0, 0.0),
    ) -> "Patch":
        """Return a square patch that extends `radius_um` from its central pixel.

        `offset` is the position of the cell's centre, in pixels from the centre of that pixel.
        """
        reach = int(np.ceil(radius_um / pixel_size_um))
        steps = np.arange(-reach, reach + 1)
        y, x = np.meshgrid(steps - offset[0], steps - offset[1], indexing="ij")
        y, x = y * pixel_size_um, x * pixel_size_um
        return cls(y.astype(np.float32), x.astype(np.float32), pixel_size_um, rng)

    def cloud(self, length_um: float) -> Map:
        """Return smooth noise with mean 0, standard deviation 1 and blotches about `length_um` wide."""
        white = self.rng.standard_normal(self.y.shape, dtype=np.float32)
        # A filter narrower than a third of a pixel does nothing: the noise stays white.
        sigma = max(length_um / 2 / self.pixel_size_um, 0.3)
        smooth: Map = gaussian_filter(white, sigma, mode="wrap", truncate=3)
        smooth -= smooth.mean()
        smooth /= smooth.std()
        return smooth

    def warp(self, amplitude_um: float, length_um: float) -> "Patch":
        """Return the patch with distorted coordinates, so that shapes drawn on it look natural."""
        return Patch(
            self.y + np.float32(amplitude_um) * self.cloud(length_um),
            self.x + np.float32(amplitude_um) * self.cloud(length_um),
            self.pixel_size_um,
            self.rng,
        )

    def within(self, low: float, high: float) -> float:
        """Draw a number between `low` and `high`."""
        return float(self.rng.uniform(low, high))


def cover(depth: Map, edge_um: float = 0.15) -> Map:
    """Return the fraction of each pixel that a shape covers, 0-1, with an edge `edge_um` wide."""
    covered: Map = np.clip(depth / edge_um + 0.5, 0, 1)
    return covered


def both(one: Map, other: Map, rounding_um: float = 1.0) -> Map:
    """Return the intersection of two shapes, with rounded corners.

    The polynomial smooth minimum: where the two depths are within `rounding_um`, they blend.
    """
    share = np.clip(0.5 + (other - one) / (2 * rounding_um), 0, 1)
    blend: Map = other + (one - other) * share - rounding_um * share * (1 - share)
    return blend


def blob(
    patch: Patch,
    radius_um: float,
    *,
    centre: tuple[float, float] = (0.0, 0.0),
    elongation: float = 1.0,
    roughness: float = 0.03,
) -> Map:
    """Return a round shape.

    Parameters
    ----------
    patch : Patch
        The patch to draw on.
    radius_um : float
        Geometric mean of the half axes.
    centre : (float, float)
        y, x in micrometres.
    elongation : float
        Long axis over short axis, at least 1; its direction is random.
    roughness : float
        Deviation of the outline from an ellipse, as a fraction of the radius.
    """
    angle, stretch = patch.within(0, np.pi), float(np.sqrt(elongation))
    y, x = patch.y - float(centre[0]), patch.x - float(centre[1])
    along = (x * float(np.cos(angle)) + y * float(np.sin(angle))) / stretch
    across = (y * float(np.cos(angle)) - x * float(np.sin(angle))) * stretch
    bearing = np.arctan2(across, along)
    depth = np.float32(radius_um) - np.hypot(along, across)
    for order in range(2, 9):  # the outline as a Fourier series, its high orders small
        swing = float(patch.rng.normal(0, 2 * roughness * radius_um / order**1.5))
        depth += swing * np.cos(order * bearing + patch.within(0, 2 * np.pi))
    return depth


def chain(patch: Patch, points: ArrayLike, radii: ArrayLike) -> Map:
    """Return a bent, tapering rod: discs joined by straight segments.

    `points` are (n, 2) y, x and `radii` (n,), both in micrometres; n is at least 2.
    """
    nodes, sizes = np.asarray(points, dtype=np.float32), np.asarray(radii, dtype=np.float32)
    depth = np.full_like(patch.y, -np.inf)
    for i, step in enumerate(np.diff(nodes, axis=0)):
        y, x = patch.y - nodes[i, 0], patch.x - nodes[i, 1]
        share = np.clip((y * step[0] + x * step[1]) / (step @ step), 0, 1)
        away = np.hypot(y - share * step[0], x - share * step[1])
        np.maximum(depth, sizes[i] + share * (sizes[i + 1] - sizes[i]) - away, out=depth)
    return depth


def specks(patch: Patch, where: Map, per_um2: float, diameter_um: float) -> Map:
    """Return the fraction of each pixel covered by granules, 0-1, scattered over `where` (0-1).

    There are `per_um2` granules per square micrometre, some faint, each about `diameter_um` wide.
    """
    fallen = patch.rng.poisson(where * (per_um2 * patch.pixel_size_um**2)).astype(np.float32)
    fallen *= patch.rng.uniform(0.35, 1.3, fallen.shape).astype(np.float32)
    sigma = diameter_um / 2.355 / patch.pixel_size_um
    spread = gaussian_filter(fallen, sigma, truncate=3) * (2 * np.pi * sigma**2)
    # Thresholded to dots: a granule of strength 1 has half coverage at its stated width.
    covered: Map = np.clip(1.6 * spread - 0.25, 0, 1)
    return covered
