"""Measures of the detection and the count of nuclei that are marked by points.

A box is a nucleus where its centre lies within a radius of a point. Boxes and points are paired one to one: so that as
many as can be have a partner, and of all ways to do so, the one with the shortest distances in all (the assignment
problem; Kuhn 1955, doi:10.1002/nav.3800020109, as scipy solves it). Boxes that are left are paired with unsure points
in the same way: these are neither right nor wrong, and are not counted. A second box at one point is wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from napari_hemalens.formats.points import PointField
from napari_hemalens.records.detections import Detections

Figures = Mapping[str, float]

THRESHOLDS = np.arange(0.05, 0.951, 0.025)
"""Score thresholds that are tried."""


@dataclass(frozen=True, slots=True)
class Match:
    """What became of the boxes and points of one image.

    Attributes
    ----------
    nuclei : int
        Points of nuclei.
    found : int
        Boxes, without those at unsure points.
    hits : int
        Pairs of both.
    unsure : int
        Boxes at unsure points.
    """

    nuclei: int
    found: int
    hits: int
    unsure: int

    @property
    def error(self) -> int:
        """Nuclei that are counted beyond those that are there; below 0, too few."""
        return self.found - self.nuclei


def pairs(one: NDArray[np.floating], other: NDArray[np.floating], radius: float) -> NDArray[np.int64]:
    """Return the indices of paired points: (K, 2), a row a pair.

    Parameters
    ----------
    one, other : (N, 2) and (M, 2) float
        Points as y, x in pixels.
    radius : float
        Greatest distance of a pair in pixels, itself included.
    """
    distance = cdist(one, other)
    near = distance <= radius
    # A pair too far apart costs more than all that are near together: none is given up for shorter ways.
    cost = np.where(near, distance, radius * (1 + min(distance.shape)))
    rows, columns = linear_sum_assignment(cost)
    kept = near[rows, columns]
    return np.stack([rows[kept], columns[kept]], axis=1)


def match(found: Detections, truth: PointField, radius: float) -> Match:
    """Pair the boxes of an image with its points, within a radius in pixels."""
    hits = pairs(found.centres, truth.centres, radius)
    left = np.delete(found.centres, hits[:, 0], axis=0)
    unsure = len(pairs(left, truth.unsure, radius))
    return Match(len(truth.centres), len(found) - unsure, len(hits), unsure)


def figures(matches: Sequence[Match]) -> dict[str, float]:
    """Return the figures of images, their nuclei taken together; a share of nothing is 0.

    precision, recall, F1; and of the count per image: bias (mean error), MAE (mean absolute error), and relative, the
    mean of absolute errors as shares of the nuclei that are there.
    """
    nuclei, found, hits, unsure = (
        sum(getattr(image, name) for image in matches) for name in ("nuclei", "found", "hits", "unsure")
    )
    errors = np.array([image.error for image in matches], dtype=np.float64)
    there = np.array([max(1, image.nuclei) for image in matches])
    return {
        "nuclei": nuclei,
        "found": found,
        "unsure": unsure,
        "precision": hits / max(1, found),
        "recall": hits / max(1, nuclei),
        "F1": 2 * hits / max(1, nuclei + found),
        "bias": float(errors.mean()),
        "MAE": float(np.abs(errors).mean()),
        "relative": float((np.abs(errors) / there).mean()),
    }


def by_score(
    found: Sequence[Detections], truth: Sequence[PointField], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return score thresholds, and the F1 of all images together at each: both (T,)."""
    f1 = [figures(_matches([f.above(low) for f in found], truth, radius))["F1"] for low in THRESHOLDS]
    return THRESHOLDS, np.array(f1)


def best_score(found: Sequence[Detections], truth: Sequence[PointField], radius: float) -> float:
    """Return the score threshold at which the F1 of all images together is highest; of several, the middle one."""
    thresholds, f1 = by_score(found, truth, radius)
    best = np.flatnonzero(f1 == f1.max())
    return round(float(thresholds[best[len(best) // 2]]), 3)


def by_radius(
    found: Sequence[Detections], truth: Sequence[PointField], radii: Sequence[float]
) -> tuple[dict[str, float], ...]:
    """Return radius, precision, recall and F1 of all images together, for each radius in pixels."""
    rows = []
    for radius in radii:
        measured = figures(_matches(found, truth, radius))
        rows.append({"radius": radius, **{name: measured[name] for name in ("precision", "recall", "F1")}})
    return tuple(rows)


def _matches(found: Sequence[Detections], truth: Sequence[PointField], radius: float) -> list[Match]:
    return [match(f, t, radius) for f, t in zip(found, truth, strict=True)]
