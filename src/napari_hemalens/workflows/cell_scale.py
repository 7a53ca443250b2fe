"""What an image is like whose cells are to be named: its pixel size, where it does not state it, and what it is not."""

from dataclasses import replace

import numpy as np

from napari_hemalens.config.options import DetectionRecipe, DeviceName
from napari_hemalens.models.cards import AnyCard, ClassifierCard
from napari_hemalens.models.weights import detector_card
from napari_hemalens.progress import Steps
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.slides.slide import Slide

TYPICAL_UM = 13.0
"""Diameter of a nucleated cell in a smear: lymphocytes are 12 um there, neutrophils and blasts 12-16."""


def looked_at_steps(
    slide: Slide, cells: CellMap, card: AnyCard, provenance: Provenance, *, device: DeviceName
) -> Steps[Provenance]:
    """Return a provenance with a pixel size, if the crops of the weights need one, and what speaks against classes."""
    scaled = yield from _with_scale_steps(slide, cells, card, provenance, device=device)
    if not isinstance(card, ClassifierCard) or not len(cells):
        return scaled
    from napari_hemalens.inference.image_check import classifier_notes  # noqa: PLC0415 -- loads torch

    return replace(scaled, notes=(*scaled.notes, *classifier_notes(slide, cells, card, scaled.pixel_size_um)))


def _with_scale_steps(
    slide: Slide, cells: CellMap, card: AnyCard, provenance: Provenance, *, device: DeviceName
) -> Steps[Provenance]:
    """Return a provenance with a pixel size, if the crops of the weights need one.

    It is estimated from the red cells, as for detection, else from the cells themselves, whose median diameter then is
    taken to be 13 um; `pixel_size_source` says which: 'estimated' or 'assumed'.
    """
    needed = isinstance(card, ClassifierCard) and card.crop.unit == "um" and len(cells) > 0
    if not needed or provenance.pixel_size_um is not None:
        return provenance
    from napari_hemalens.inference import device as devices  # noqa: PLC0415 -- loads torch
    from napari_hemalens.inference.scale import estimate_pixel_size_steps  # noqa: PLC0415
    from napari_hemalens.models.detector_protocol import NetworkDetector  # noqa: PLC0415
    from napari_hemalens.models.storage import load_detector  # noqa: PLC0415

    recipe = DetectionRecipe(device=device)
    finds = detector_card(recipe.weights)
    detector = NetworkDetector(load_detector(finds, devices.choose(device)), finds)
    size = yield from estimate_pixel_size_steps(slide, detector, recipe)
    if size is not None:
        return replace(provenance, pixel_size_um=size, pixel_size_source="estimated")
    return replace(
        provenance, pixel_size_um=TYPICAL_UM / float(np.median(cells.diameters)), pixel_size_source="assumed"
    )
