"""Segmentation of one image, or of a region of it."""

import numpy as np
from numpy.typing import NDArray

from napari_hemalens._version import __version__
from napari_hemalens.config.options import ImageKind, SegmentationRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.progress import Steps
from napari_hemalens.records.detections import Provenance
from napari_hemalens.segmentation.fluorescence import fluorescence_steps
from napari_hemalens.segmentation.record import Segmentation
from napari_hemalens.segmentation.smear import smear_steps
from napari_hemalens.slides.channels import choose_channel
from napari_hemalens.slides.dna import dna_in_grey
from napari_hemalens.slides.region import Region
from napari_hemalens.slides.slide import Slide

LARGEST = 36_000_000
"""Maximum number of pixels; each needs about 100 bytes of memory."""

_DARK = 96  # grey level; the median of smears is above 175 (in six data sets), of fluorescence images below 31


def segment_steps(slide: Slide, recipe: SegmentationRecipe, *, region: Region | None = None) -> Steps[Segmentation]:
    """Find the cells of an image without a network.

    Parameters
    ----------
    slide : Slide
        An open image.
    recipe : SegmentationRecipe
        Options.
    region : (int, int, int, int), optional
        y0, x0, y1, x1 in level-0 pixels; by default the whole image.

    Raises
    ------
    ImageError
        If the region cannot be read, or has too many pixels.
    """
    y0, x0, y1, x1 = where = region or (0, 0, *slide.shape)
    if (y1 - y0) * (x1 - x0) > LARGEST:
        raise ImageError(
            f"{y1 - y0:,} x {x1 - x0:,} pixels of {slide} are too many to segment at once: "
            f"give a region of up to {LARGEST:,} pixels, such as 6,000 x 6,000."
        )
    slide = choose_channel(slide, recipe.channel)
    rgb = slide.read(y0, x0, y1, x1)
    size = slide.pixel_size_um if recipe.pixel_size_um is None else recipe.pixel_size_um
    source = "unknown" if size is None else "image" if recipe.pixel_size_um is None else "given"
    kind = kind_of(rgb) if recipe.kind == "auto" else recipe.kind
    provenance = Provenance(
        image=slide.name,
        pixel_size_um=size,
        pixel_size_source=source,
        recipe=recipe.model_copy(update={"kind": kind}).model_dump(mode="json"),
        versions={"napari-hemalens": __version__},
        notes=_notes(recipe, size),
        frame=slide.frame,
    )
    if kind == "smear":
        labels, nuclei = yield from smear_steps(rgb, recipe, size)
        return Segmentation(labels, nuclei, where, provenance)
    grey = dna_in_grey(slide).read(y0, x0, y1, x1)[..., 0]
    labels = yield from fluorescence_steps(_on_black(grey).astype(np.float32), recipe, size)
    return Segmentation(labels, None, where, provenance)


def _notes(recipe: SegmentationRecipe, pixel_size_um: float | None) -> tuple[str, ...]:
    """Return the sentence about sizes that were asked for and cannot be told, if there are any."""
    asked = recipe.smallest_um is not None or recipe.largest_um is not None
    if pixel_size_um is not None or not asked:
        return ()
    return ("Smallest and largest diameter not used: the image has no pixel size, so give one.",)


def _on_black(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return grey (H, W) as it is, or inverted where it has dark bodies on bright ground."""
    return 255 - grey if grey.mean() < np.median(grey) >= _DARK else grey


def kind_of(rgb: NDArray[np.uint8]) -> ImageKind:
    """Return whether an image (H, W, 3) is a bright smear or dark fluorescence."""
    return "fluorescence" if np.median(rgb.max(axis=2)) < _DARK else "smear"
