"""Measures of detections and counts.

Average precision: COCO (Lin et al. 2014, https://arxiv.org/abs/1405.0312), computed by
torchmetrics with faster-coco-eval.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.detection import MeanAveragePrecision

from napari_hemalens.records.detections import Detections

_MOST_CELLS = [1, 100, 1000]  # per image; COCO's 100 would cut a crowded field
_OVERALL = {
    "AP": "map",
    "AP50": "map_50",
    "AP75": "map_75",
    "APS": "map_small",
    "APM": "map_medium",
    "APL": "map_large",
    "AR": f"mar_{_MOST_CELLS[-1]}",
}


def coco_measures(
    found: Sequence[Detections], truth: Sequence[Detections]
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return COCO's measures over all classes, and AP and AP50 of each class of the truth.

    `found` and `truth` are in the same order and by the same classes. A measure without any cell
    to measure is left out.
    """
    metric = MeanAveragePrecision(
        backend="faster_coco_eval",
        extended_summary=True,
        max_detection_thresholds=_MOST_CELLS,
        average="macro",
    )
    metric.warn_on_many_detections = False
    metric.update([_as_tensors(f, scores=True) for f in found], [_as_tensors(t) for t in truth])
    with warnings.catch_warnings():  # faster-coco-eval's own use of numpy
        warnings.simplefilter("ignore", DeprecationWarning)
        result = metric.compute()
    overall = {name: float(result[key]) for name, key in _OVERALL.items() if result[key] >= 0}
    # precision: (IoU thresholds 0.5-0.95, recalls, classes, areas, most detections); -1 where
    # there is nothing
    precision = result["precision"][..., 0, -1].numpy()
    names = truth[0].names
    classes = {
        names[int(label)]: {
            "AP": float(precision[:, :, k].mean()),
            "AP50": float(precision[0, :, k].mean()),
        }
        for k, label in enumerate(np.atleast_1d(result["classes"].numpy()))
        if precision[0, 0, k] >= 0
    }
    return overall, classes


def _as_tensors(cells: Detections, *, scores: bool = False) -> dict[str, torch.Tensor]:
    boxes = torch.from_numpy(cells.boxes[:, [1, 0, 3, 2]].copy())  # y, x to x, y
    tensors = {"boxes": boxes, "labels": torch.from_numpy(cells.classes)}
    return tensors | ({"scores": torch.from_numpy(cells.scores)} if scores else {})


def hits(found: Detections, truth: Detections, *, iou: float = 0.5) -> NDArray[np.bool_]:
    """Return which of the cells found, best first, are cells of the truth: shape (len(found),).

    Each cell of the truth is found once, by the best of its class that overlaps it by at
    least `iou`.
    """
    overlap = box_iou(found.boxes, truth.boxes)
    overlap[found.classes[:, None] != truth.classes[None, :]] = 0
    hit = np.zeros(len(found), dtype=np.bool_)
    for i in range(len(found) if len(truth) else 0):
        match = int(overlap[i].argmax())
        if overlap[i, match] >= iou:
            hit[i] = True
            overlap[:, match] = 0
    return hit


def box_iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return intersection over union of every pair of boxes: shape (len(a), len(b))."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clip(min=0).prod(axis=2)
    area_a = (a[:, 2:] - a[:, :2]).prod(axis=1)
    area_b = (b[:, 2:] - b[:, :2]).prod(axis=1)
    union = area_a[:, None] + area_b[None] - shared
    ratio: NDArray[np.float32] = shared / union.clip(min=1e-9)
    return ratio


_FLAT = 0.005  # of F1: thresholds that differ by less are as good


@dataclass(frozen=True, slots=True)
class Sweep:
    """What every score threshold would give, over all images.

    Attributes
    ----------
    thresholds : (T,) float
        Score thresholds.
    f1 : (T, C) float
        F1 of each class at IoU 0.5; NaN where a class does not occur.
    """

    thresholds: NDArray[np.float64]
    f1: NDArray[np.float64]

    @property
    def best(self) -> float:
        """The lowest threshold whose mean F1 over classes is the highest, but for 0.005.

        Tops are flat: over a fifth of all scores F1 may hardly change, and the very highest lies anywhere on it. The
        lowest misses fewest cells, above all of other laboratories, where scores are lower; and a box too many is seen
        where a missed cell is not.
        """
        mean = np.nanmean(self.f1, axis=1)
        return float(self.thresholds[(mean >= mean.max() - _FLAT).argmax()])


def sweep(found: Sequence[Detections], truth: Sequence[Detections]) -> Sweep:
    """Return the F1 of each class at thresholds from 0.05 to 0.95."""
    thresholds = np.arange(0.05, 0.951, 0.025)
    names = truth[0].names
    hit = np.concatenate([hits(f, t) for f, t in zip(found, truth, strict=True)])
    scores = np.concatenate([f.scores for f in found])
    classes = np.concatenate([f.classes for f in found])
    there = np.bincount(np.concatenate([t.classes for t in truth]), minlength=len(names))
    f1 = np.full((len(thresholds), len(names)), np.nan)
    for k in np.flatnonzero(there):
        kept = (classes == k) & (scores >= thresholds[:, None])  # (T, cells)
        f1[:, k] = 2 * (kept & hit).sum(axis=1) / (kept.sum(axis=1) + there[k])
    return Sweep(thresholds, f1)


def count_measures(found: Sequence[Detections], truth: Sequence[Detections]) -> Mapping[str, dict[str, float]]:
    """Return, for each class, bias, mean absolute error and correlation of the count per image.

    The correlation (Pearson) is NaN where every image has the same count.
    """
    names = truth[0].names
    counted = np.array([np.bincount(f.classes, minlength=len(names)) for f in found])
    true = np.array([np.bincount(t.classes, minlength=len(names)) for t in truth])
    error = counted - true  # (images, classes)
    return {
        name: {
            "cells": int(true[:, k].sum()),
            "bias": float(error[:, k].mean()),
            "MAE": float(np.abs(error[:, k]).mean()),
            "correlation": _correlation(counted[:, k], true[:, k]),
        }
        for k, name in enumerate(names)
        if true[:, k].any() or counted[:, k].any()
    }


def _correlation(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    if a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])
