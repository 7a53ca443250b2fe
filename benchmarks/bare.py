"""A detector as torchvision computes it, which our own short cuts are measured against."""

from copy import deepcopy

import torch
from torchvision.ops import MultiScaleRoIAlign

from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.storage import load_detector


def bare_detector(card: DetectorCard, device: torch.device) -> CellDetector:
    """Return the eager network: torchvision's pooling of regions, batch normalisation apart from the convolutions."""
    network = deepcopy(load_detector(card, device))
    ours = network.roi_heads.box_roi_pool
    network.roi_heads.box_roi_pool = MultiScaleRoIAlign(ours.featmap_names, ours.output_size, ours.sampling_ratio)
    return network
