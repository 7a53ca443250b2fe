"""Grad-CAM of the same crops by HemaLens and by pytorch-grad-cam: how long it takes, and how far the maps are apart."""

import argparse
from collections.abc import Callable, Mapping

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor

from classifying import scene
from napari_hemalens.heatmaps.crop_heatmaps import explain_crops
from napari_hemalens.inference import device
from napari_hemalens.inference.classifier import NetworkClassifier, batch_size
from napari_hemalens.inference.crops import crop_width, crops
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.storage import load_classifier
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array

Turns = Callable[[Mapping[str, Callable[[], object]], int], dict[str, float]]


def ours(network: CellClassifier, card: ClassifierCard, pixels: Tensor, targets: Tensor, *, batch: int) -> np.ndarray:
    """Return the maps (N, side, side) of crops."""
    parts = zip(pixels.split(batch), targets.split(batch), strict=True)
    maps = [
        explain_crops(NetworkClassifier(network, card), part, method="grad-cam", targets=of).heatmaps.cpu()
        for part, of in parts
    ]
    return torch.cat(maps).numpy()


def theirs(network: CellClassifier, pixels: Tensor, targets: Tensor, *, batch: int) -> np.ndarray:
    """Return the same by pytorch-grad-cam."""
    where = next(network.parameters()).device
    maps = []
    with GradCAM(model=network, target_layers=[network.stages[-1]]) as cam:
        for part, of in zip(pixels.split(batch), targets.split(batch), strict=True):
            images = normalised(part.to(where)).contiguous(memory_format=torch.channels_last)
            maps.append(cam(input_tensor=images, targets=[ClassifierOutputTarget(target) for target in of.tolist()]))
    return np.concatenate(maps)


def compare(options: argparse.Namespace, turns: Turns) -> None:
    """Measure on cells of a rendered image, each explained for another class than the one before, and print a table."""
    card, where = classifier_card(options.weights), device.choose("auto")
    network = load_classifier(card, where)
    image, labels = scene(options.side, options.cells)
    cells = CellMap.from_labels(labels)
    cut = crops(from_array(image), cells, card.crop, width=crop_width(cells, card.crop, None), batch=options.cells)
    pixels = torch.cat([part for _, part in cut])
    targets, batch = torch.arange(len(pixels)) % len(card.classes), batch_size(where)
    taken = turns(
        {
            "hemalens": lambda: ours(network, card, pixels, targets, batch=batch),
            "pytorch-grad-cam, a loop": lambda: theirs(network, pixels, targets, batch=1),
            "the same, given batches": lambda: theirs(network, pixels, targets, batch=batch),
        },
        options.rounds,
    )
    mine, other = ours(network, card, pixels, targets, batch=batch), theirs(network, pixels, targets, batch=1)
    print(f"\nGrad-CAM of {len(pixels):,} crops of {card.crop.side} pixels a side, {card.name}")
    for name, seconds in taken.items():
        print(f"{name:24} {seconds:7.2f} s  {seconds / taken['hemalens']:5.2f} x hemalens")
    warm = int((other.max(axis=(1, 2)) > 0.5).sum())
    print(f"the maps, {warm:,} of them not empty, differ by {np.abs(mine - other).max():.1e} at most")
