"""ROC curves and confusion matrices as pictures."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torchmetrics.functional.classification import binary_roc

from napari_hemalens.atomic import writing

Ranked = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""Probabilities (N,) of a class, and which of the cells are of it."""


def draw_roc(curves: Mapping[str, Sequence[Ranked]], path: Path, *, title: str) -> None:
    """Draw a ROC curve for each name; of several runs each a line in one colour."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for i, (name, runs) in enumerate(curves.items()):
        for run, (p, positive) in enumerate(runs):
            if not 0 < positive.sum() < len(positive):
                continue  # of one kind alone there is no curve
            false, true, _ = binary_roc(torch.from_numpy(p).float(), torch.from_numpy(positive).int())
            style = "-" if i < 10 else "--"  # matplotlib has ten colours
            axes.plot(false, true, style, color=f"C{i % 10}", linewidth=1, label=None if run else name)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title=title, aspect="equal")
    if curves:
        figure.legend(loc="outside right upper", frameon=False, fontsize="small")
    with writing(path) as file:
        figure.savefig(file, dpi=120)


def draw_confusions(
    confusions: Mapping[str, NDArray[np.int64]], classes: Sequence[str], path: Path, *, title: str
) -> None:
    """Draw a confusion matrix for each name: counts, on a shade by their share of the true class."""
    columns = min(4, max(1, len(confusions)))
    rows = max(1, math.ceil(len(confusions) / columns))
    figure = Figure(figsize=(1 + 2.2 * columns, 1 + 2.2 * rows), layout="constrained")
    places = np.atleast_1d(figure.subplots(rows, columns, squeeze=False)).ravel()
    for axes in places[len(confusions) :]:
        axes.set_axis_off()
    for axes, (name, counts) in zip(places, confusions.items(), strict=False):
        shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (y, x), count in np.ndenumerate(counts):
            axes.text(x, y, f"{count:,}", ha="center", va="center", color="white" if shares[y, x] > 0.5 else "black")
        ticks = range(len(classes))
        axes.set_xticks(ticks, classes, rotation=20, ha="right", fontsize="small")
        axes.set_yticks(ticks, classes, fontsize="small")
        axes.set_title(name, fontsize="medium")
    figure.suptitle(title)
    figure.supxlabel("predicted class", fontsize="medium")
    figure.supylabel("true class", fontsize="medium")
    with writing(path) as file:
        figure.savefig(file, dpi=120)


def draw_reliability(curves: Mapping[str, Sequence[tuple[float, float, int]]], path: Path) -> None:
    """Draw how often cells are named right against how likely that was said to be, a line for each name.

    Each point is the mean probability, the share named right and the number of cells, which is the size of its mark.
    """
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, points in curves.items():
        if points:
            said, right, cells = zip(*points, strict=True)
            axes.plot(said, right, linewidth=1, label=name)
            axes.scatter(said, right, s=[4 + 60 * count / sum(cells) for count in cells])
    axes.set(xlabel="probability of the likeliest class", ylabel="share named right", xlim=(0, 1), ylim=(0, 1))
    axes.legend(frameon=False, fontsize="small")
    with writing(path) as file:
        figure.savefig(file, dpi=120)
