"""Gradient heatmaps of each compared network on the same fields, one row per network, as in Wang et al. 2021."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.atomic import writing
from napari_hemalens.experiments.kept_networks import KeptNetworks
from napari_hemalens.heatmaps.crop_heatmaps import explain_crops
from napari_hemalens.training.classification import EvaluationCrops

Shade = NDArray[np.float32]

_COARSE = 128  # pixels a side, below which the last stage of a network has too few places to show
_HEAT = colormaps["inferno"]


def draw_gradients(fields: EvaluationCrops, networks: KeptNetworks, path: Path) -> None:
    """Draw Grad-CAM and saliency of every kept network, on one field of each class.

    Parameters
    ----------
    fields : EvaluationCrops
        The test fields, as the networks see them. The middle one of each class is shown.
    networks : KeptNetworks
        What to explain.
    path : Path
        The picture to write.
    """
    task = networks.task
    shown = _middles(fields, len(task.classes))
    pixels, truth = fields.pixels[shown], [task.classes[k] for k in fields.labels[shown]]
    explained = list(_heatmaps(pixels, networks))
    methods = methods_for(pixels.shape[-1])
    down, across = 1 + len(explained), len(methods) * len(shown)
    figure = Figure(figsize=(1.6 + 0.9 * across, 0.4 + 0.92 * down), layout="constrained")
    places = figure.subplots(down, across, squeeze=False)
    light = pixels.permute(0, 2, 3, 1).numpy().astype(np.float32) / 255  # (fields, side, side, 3)
    for column, axes in enumerate(places[0]):
        field, method = divmod(column, len(methods))
        axes.imshow(light[field])
        axes.set_title(f"{truth[field]}\n{methods[method].replace('-', ' ')}", fontsize=7)
    for of_row, (label, called, heatmaps) in zip(places[1:], explained, strict=True):
        of_row[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=7)
        for column, axes in enumerate(of_row):
            field, method = divmod(column, len(methods))
            axes.imshow(_over(light[field], heatmaps[method][field]))
            right = called[field] == truth[field]
            axes.set_xlabel(called[field], fontsize=6, color="black" if right else "firebrick", labelpad=1)
    for axes in places.ravel():
        axes.set(xticks=[], yticks=[])
    with writing(path) as file:
        figure.savefig(file, dpi=90)


def methods_for(side: int) -> tuple[str, str]:
    """Return the two heatmaps: Grad-CAM of the last stage, or of the first where the last has a place or two a side."""
    return ("grad-cam" if side >= _COARSE else "grad-cam-middle", "saliency")


def _heatmaps(pixels: Tensor, networks: KeptNetworks) -> Iterator[tuple[str, list[str], list[Shade]]]:
    """Yield of each kept network its label, the classes it predicts for the fields, and its heatmaps by method."""
    methods = methods_for(pixels.shape[-1])
    for name, classifier in networks.load():
        seen = [explain_crops(classifier, pixels, method=method) for method in methods]
        called = [networks.task.classes[k] for k in seen[0].targets.tolist()]
        yield networks.rows[name].label, called, [one.heatmaps.detach().cpu().numpy() for one in seen]


def _middles(fields: EvaluationCrops, classes: int) -> Sequence[int]:
    places = (np.flatnonzero(fields.labels == k) for k in range(classes))
    return [int(of_class[len(of_class) // 2]) for of_class in places if len(of_class)]


def _over(light: Shade, heatmap: Shade) -> Shade:
    """Return a heatmap (H, W) on a field (H, W, 3), each as bright as it is hot."""
    grey = light.mean(axis=-1, keepdims=True)
    share = 0.75 * heatmap[..., None]
    mixed: Shade = (1 - share) * grey + share * _HEAT(heatmap)[..., :3]
    return mixed
