"""The shapes of nuclei, each a signed depth in micrometres, for a cell of a given radius."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from napari_hemalens.rendering.shapes import Map, Patch, blob, both, chain

Nucleus: TypeAlias = Callable[[Patch, float], Map]
"""Takes a patch and the cell's radius in micrometres; returns the nucleus."""


def rounded(share: float, *, spread: float = 0.06, elongation: float = 1.25, roughness: float = 0.03) -> Nucleus:
    """Return a round nucleus, off-centre, its radius `share` +- `spread` of the cell's."""

    def nucleus(patch: Patch, radius: float) -> Map:
        size = radius * patch.within(share - spread, share + spread)
        centre = _off_centre(patch, patch.within(0.3, 0.9) * max(radius - size - 0.3, 0))
        stretch = patch.within(1.0, elongation)
        return blob(patch, size, centre=centre, elongation=stretch, roughness=roughness)

    return nucleus


def indented(share: float, dent: tuple[float, float]) -> Nucleus:
    """Return a kidney-shaped nucleus, with an indentation `dent` (minimum, maximum) of its width deep."""

    def nucleus(patch: Patch, radius: float) -> Map:
        size = radius * patch.within(share - 0.06, share + 0.06)
        y, x = _off_centre(patch, 0.7 * max(radius - size, 0))
        body = blob(patch, size, centre=(y, x), elongation=patch.within(1.1, 1.4), roughness=0.04)
        # The indentation faces the middle of the cell, where the Golgi zone lies.
        towards = float(np.arctan2(-y, -x) + patch.rng.normal(0, 0.4))
        bay = size * patch.within(0.5, 0.9)
        away = size + bay - 2 * size * patch.within(*dent)
        y, x = y + away * float(np.sin(towards)), x + away * float(np.cos(towards))
        return both(body, np.hypot(patch.y - y, patch.x - x) - bay, 1.6)

    return nucleus


def horseshoe(patch: Patch, radius: float) -> Map:
    """Return a band nucleus: a rod of nearly even width, bent to a C, a U or a hook, without filaments."""
    nodes = 17
    s = np.linspace(-0.5, 0.5, nodes)
    bend = patch.rng.choice([-1, 1]) * patch.within(2.6, 4.6)  # radians from end to end
    if patch.rng.random() < 0.2:
        s = s * np.abs(s) + 0.4 * s  # bent at its ends, straight in between
    heading = bend * s + patch.within(0, 2 * np.pi)
    points = np.cumsum(np.stack([np.sin(heading), np.cos(heading)], axis=1), axis=0)
    points -= (points.max(axis=0) + points.min(axis=0)) / 2
    points *= radius * patch.within(0.44, 0.56) / np.hypot(*points.T).max()
    # The ends swell a little; a waist under half the width would be a filament of a segmented nucleus.
    swell = 0.9 + 1.4 * np.linspace(-0.5, 0.5, nodes) ** 2 + patch.rng.normal(0, 0.04, nodes)
    return chain(patch, points, radius * patch.within(0.20, 0.26) * swell)


def lobed(counts: tuple[int, ...], weights: tuple[float, ...], share: float) -> Nucleus:
    """Return a segmented nucleus: lobes of about `share` of the cell's radius, joined by filaments.

    `weights` are the probabilities of each number of lobes in `counts`.
    """

    def nucleus(patch: Patch, radius: float) -> Map:
        count = int(patch.rng.choice(counts, p=weights))
        gap = np.pi if count == 2 else min(2.1 * np.pi / count, 1.9)  # radians between lobes
        angles = patch.within(0, 2 * np.pi) + patch.rng.choice([-1, 1]) * np.arange(count) * gap
        angles += patch.rng.normal(0, 0.2, count)
        away = radius * patch.within(0.44, 0.55) * patch.rng.uniform(0.75, 1.15, count)
        centres = np.stack([away * np.sin(angles), away * np.cos(angles)], axis=1)
        depth = chain(patch, centres, np.full(count, patch.within(0.25, 0.55)))
        for y, x in centres.tolist():
            size = radius * share * patch.within(0.85, 1.2) * (3 / max(count, 3)) ** 0.4
            stretch = patch.within(1.1, 1.7)
            lobe = blob(patch, size, centre=(y, x), elongation=stretch, roughness=0.05)
            np.maximum(depth, lobe, out=depth)
        return depth

    return nucleus


def folded(patch: Patch, radius: float) -> Map:
    """Return a monocyte's nucleus: large, with one or two broad indentations."""
    nucleus = indented(0.74, (0.15, 0.42))(patch, radius)
    if patch.rng.random() < 0.6:
        nucleus = both(nucleus, indented(0.84, (0.15, 0.25))(patch, radius))
    return nucleus


def _off_centre(patch: Patch, distance_um: float) -> tuple[float, float]:
    angle = patch.within(0, 2 * np.pi)
    return distance_um * float(np.sin(angle)), distance_um * float(np.cos(angle))
