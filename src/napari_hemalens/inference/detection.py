"""The cells of one image, however large: plan its tiles, run the detector over them, merge what it found."""

import time

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.merging import collect_detections, merge_detections
from napari_hemalens.inference.tile_plan import plan_tiles
from napari_hemalens.inference.tile_runner import RawDetections, run_tiles
from napari_hemalens.models.detector_protocol import Detector
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.region import Region
from napari_hemalens.slides.slide import Slide

_PREVIEW_S = 0.25  # seconds between previews of what was found so far


def detect_steps(
    slide: Slide,
    detector: Detector,
    recipe: DetectionRecipe,
    *,
    provenance: Provenance,
    region: Region | None = None,
) -> Steps[Detections]:
    """Find the cells of a slide; yields after every batch, now and then with the cells so far as `partial`.

    Parameters
    ----------
    slide : Slide
        The image.
    detector : Detector
        Ready to run.
    recipe : DetectionRecipe
        The options; its weights and device are those of the detector.
    provenance : Provenance
        Of the result; its pixel size, where known, sets the scale.
    region : Region, optional
        What to analyse; all of the slide by default.
    """
    card, shape = detector.card, slide.shape
    plan = plan_tiles(slide, card, recipe, pixel_size_um=provenance.pixel_size_um, region=region)
    raw: list[RawDetections] = []
    previewed = 0.0
    for batch in run_tiles(slide, plan, detector, recipe):
        raw += batch.found
        partial = None
        if time.monotonic() - previewed > _PREVIEW_S:
            partial = collect_detections(raw, card, image_shape=shape, provenance=provenance)
            partial = partial.above(card.threshold(recipe.score_threshold))
            previewed = time.monotonic()
        message = batch.message or f"tile {len(raw)} of {len(plan.tiles)}"
        yield Progress(len(raw), len(plan.tiles), message, partial)
    return merge_detections(raw, card, recipe, image_shape=shape, provenance=provenance)
