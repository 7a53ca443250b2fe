"""What several detectors find on the same images, side by side (Figure 8 of Wang et al. 2021)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.evaluation.detection import detect_in
from napari_hemalens.figures.detections import overlay
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.models.storage import load_detector
from napari_hemalens.records.detections import Detections
from napari_hemalens.slides.open import open_image

_SCORE = 0.7  # score threshold of a box that is shown, as in the paper


def draw_boxes(detectors: Mapping[str, DetectorCard], fields: Sequence[Detections], path: Path) -> None:
    """Draw one row per image and one column per detector, the truth last.

    Parameters
    ----------
    detectors : mapping of str to DetectorCard
        By what stands above their column.
    fields : sequence of Detections
        Annotated images.
    path : Path
        The PNG that is written. It shows the images: mind whose they are.
    """
    wide = len(detectors) + 1
    figure = Figure(figsize=(3 * wide, 3 * len(fields)), layout="constrained")
    axes = figure.subplots(len(fields), wide, squeeze=False)
    for row, field in zip(axes, fields, strict=True):
        size = field.provenance.pixel_size_um
        with open_image(field.provenance.image, pixel_size_um=size) as slide:
            for place, (label, weights) in zip(row, detectors.items(), strict=False):
                recipe = DetectionRecipe(score_threshold=_SCORE)
                finder = CellFinder(NetworkDetector(load_detector(weights, device.choose("auto")), weights))
                place.imshow(overlay(slide, detect_in(slide, finder, recipe)))
                place.set_title(label, fontsize=9)
            row[-1].imshow(overlay(slide, field))
            row[-1].set_title("annotated", fontsize=9)
    for place in axes.flat:
        place.axis("off")
    with writing(path) as file:
        figure.savefig(file, dpi=110)
