"""Whether an image is of the kind that weights can name cells in, said in sentences.

Weights name cells in any image, also where there are none that they know: in fluorescence every nucleus becomes a
promyelocyte. So the image and what was found in it are looked at before a differential is shown. Thresholds were chosen
on eight public sets of images (docs/results/image_check.md).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.inference.image_measures import ImageMeasures, measure_image
from napari_hemalens.inference.scale import RED_CELL_UM, are_whole
from napari_hemalens.models.cards import ClassifierCard, DetectorCard
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.slides.dna import on_bright_ground
from napari_hemalens.slides.region import Region
from napari_hemalens.slides.sample import sample_pixels
from napari_hemalens.slides.slide import Slide

_DARK = 96  # grey level; the median of smears is above 134, of fluorescence below 31
_BLANK = 4  # grey levels of contrast; an empty field has the noise of a camera, smears have 100 and more
_GREY = 8  # grey levels; smears have differences of 25 and more between their channels
_TISSUE = 0.032  # share of the image outside sure cells; sections have 0.036 and more, smears less than 0.03
_SURE = 0.8  # score of a sure cell; in sections, red cells of lower ones are found all over the tissue
_DOUBTFUL = 0.7  # median score; sections have 0.55 and less
_CLIPPED = 0.2  # share of the image; smears have less than 0.14, clipped ones 0.3 and more
_BLURRED_UM = 0.42  # smears have less than 0.31; at 0.3 more the differential begins to be wrong, at 0.45 it is
_BLURRED_BORNE_UM = 0.6  # the same for weights that were trained for it
_COARSE_UM = 0.3  # a pixel; coarser ones hide the chromatin that nucleated cells are named by
_RED_CELLS_UM = (4.7, 10.4)  # median diameter in an image; 4.9 to 9.8 at the right pixel size
_SURELY = 5  # red cells from which their median diameter is trusted
_FEW = 0.15  # red cells a nucleated cell
_MANY = 10  # nucleated cells among which red cells are missed

_INVERTED = (  # a grey picture on bright ground may be one of fluorescence, inverted
    "Stained cells on a bright ground: the weights {weights} learned from fluorescence alone and see this image "
    "inverted, which was never measured; look at the cells themselves before you rely on their classes."
)

ROBUST_WEIGHTS = "marrow-robust"
"""Packed weights that were trained on blurred and overexposed images."""


def with_notes(slide: Slide, found: Detections, card: DetectorCard, region: Region | None = None) -> Detections:
    """Return the cells with what speaks against their count in the provenance; see `image_notes`."""
    notes = image_notes(slide, found, card, region)
    return replace(found, provenance=replace(found.provenance, notes=notes))


def image_notes(slide: Slide, found: Detections, card: DetectorCard, region: Region | None = None) -> tuple[str, ...]:
    """Return what speaks against a count, a sentence each; nothing for weights that name no blood cells.

    Parameters
    ----------
    slide : Slide
        The image.
    found : Detections
        Its cells; of those below the card's score threshold nothing is concluded.
    card : DetectorCard
        Of the weights that found them.
    region : Region, optional
        What was analysed; by default all of the image.
    """
    if not names_blood_cells(card):
        return ()
    sure = found.above(card.score_threshold)
    size = found.provenance.pixel_size_um
    surest = found.above(max(_SURE, card.score_threshold))
    measured = measure_image(slide, surest, size or card.pixel_size_um, region or (0, 0, *slide.shape))
    smears = any(map(_is_red_cell, card.classes))
    doubtful = not len(sure) or float(np.median(sure.scores)) < _DOUBTFUL
    kind = kind_notes(measured, tissue=smears and doubtful)
    if kind:
        return kind  # the rest would be about cells that are none
    about_red_cells = (*size_notes(sure, card, region), *red_cell_notes(sure)) if smears else ()
    return (*about_red_cells, *light_notes(measured, card, sized=size is not None))


def classifier_notes(
    slide: Slide, cells: CellMap, card: ClassifierCard, pixel_size_um: float | None
) -> tuple[str, ...]:
    """Return what speaks against the classes of cells: another light than the weights know; one sentence at most.

    Parameters
    ----------
    slide : Slide
        The image, its channel chosen.
    cells : CellMap
        Its cells.
    card : ClassifierCard
        Of the weights that name them.
    pixel_size_um : float, optional
        Micrometres a level-0 pixel, where it is known.
    """
    fluorescence = card.crop.light == "fluorescence"
    if fluorescence and not on_bright_ground(slide, sample_pixels(slide.levels[-1])):
        return ()  # as it is for most, which need not be measured
    found = Detections.from_arrays(
        cells.boxes, np.ones(len(cells)), np.zeros(len(cells)), names=("cell",), image_shape=slide.shape
    )
    measured = measure_image(slide, found, pixel_size_um or _COARSE_UM, (0, 0, *slide.shape))
    if measured.contrast < _BLANK:
        return ()
    bright = measured.brightness >= _DARK
    if fluorescence:
        return (_INVERTED.format(weights=card.name),) if bright and measured.colour >= _GREY else ()
    if bright:
        return ()
    return (
        f"Dark ground, as of fluorescence: the weights {card.name} know only stained cells on a bright ground, so do "
        "not rely on what they take cells for; choose weights that learned from fluorescence.",
    )


def names_blood_cells(card: DetectorCard) -> bool:
    """Return whether weights tell blood cells apart, as those for nuclei in sections do not."""
    return any(cell_class(name).lineage in {"myeloid", "erythroid", "lymphoid"} for name in card.classes)


def kind_notes(measured: ImageMeasures, *, tissue: bool = True) -> tuple[str, ...]:
    """Return what is said of an image of another kind: blank, fluorescence, grey, a section; one at most.

    Parameters
    ----------
    measured : ImageMeasures
        Of the image.
    tissue : bool
        Whether it may be a section, and strange to the weights: these are for smears, and unsure of what they found.
    """
    if measured.contrast < _BLANK:
        return (
            "Blank: all that was looked at is of one colour, so there is nothing to count; see whether this is the "
            "right image, frame or channel.",
        )
    if measured.brightness < _DARK:
        return (
            "Dark ground, as of fluorescence: these weights know only stained cells on a bright ground, so do not use "
            "this count; nuclei are for Classify cells.",
        )
    if measured.colour < _GREY:
        return ("Grey image: these weights need the colours of the stain, so take or open it in colour.",)
    if tissue and measured.eosin >= _TISSUE:
        return (
            "Looks like a tissue section (H&E): these weights know only smears, so do not use this count; train "
            "weights for sections with the recipe histology.",
        )
    return ()


def size_notes(found: Detections, card: DetectorCard, region: Region | None = None) -> tuple[str, ...]:
    """Return what is said of the pixel size, by itself and by the red cells; one sentence at most.

    A size that was estimated was read off whole red cells, and is judged by such: in a small image most are cut by its
    edges. In a region of an image nothing is said of how few there are, since all of the image was looked at.
    """
    size = found.provenance.pixel_size_um
    if size is None:
        return (
            f"Pixel size unknown: no red cells show it, so {card.pixel_size_um:g} µm was taken; give the right one.",
        )
    counted = _red_cells(found)
    if found.provenance.pixel_size_source == "estimated":
        counted &= are_whole(found, region or (0, 0, *found.image_shape))
        if region is None and np.count_nonzero(counted) < _SURELY:
            return (
                f"Pixel size doubtful: {size:.2g} µm was estimated from fewer than {_SURELY} whole red cells; give the "
                "right one.",
            )
    red = found.areas[counted]
    across = float(np.sqrt(np.median(red))) * size if len(red) >= _SURELY else RED_CELL_UM
    if not _RED_CELLS_UM[0] <= across <= _RED_CELLS_UM[1]:
        return (
            f"Pixel size doubtful: at {size:.2g} µm red cells would be {across:.1f} µm across in place of "
            f"{RED_CELL_UM:g}; about {size * RED_CELL_UM / across:.2g} µm fits.",
        )
    if size > _COARSE_UM:
        return (
            f"Low magnification: {size:.2g} µm a pixel is too coarse to name cells by; take the image with a stronger "
            f"objective, below {_COARSE_UM:g} µm a pixel.",
        )
    return ()


def red_cell_notes(found: Detections) -> tuple[str, ...]:
    """Return what is said where nucleated cells lie among few red cells or none."""
    nucleated = sum(count for name, count in found.counts().items() if cell_class(name).nucleated)
    if nucleated < _MANY or np.count_nonzero(_red_cells(found)) >= _FEW * nucleated:
        return ()
    return (
        "Few red cells among the nucleated ones: these weights learned from smears that are full of them, so look at "
        "the cells before you use this count.",
    )


def light_notes(measured: ImageMeasures, card: DetectorCard, *, sized: bool = True) -> tuple[str, ...]:
    """Return what is said of exposure and, of an image `sized` in micrometres, of focus.

    Weights that bear it are advised, unless these do already.
    """
    blur, glare = (float(card.training.get(name) or 0) for name in ("blur", "glare"))
    bears_blur = blur * card.pixel_size_um >= _BLURRED_UM
    notes = []
    if sized and measured.blur_um > (_BLURRED_BORNE_UM if bears_blur else _BLURRED_UM):
        other = "" if bears_blur else f"choose the weights {ROBUST_WEIGHTS}, or "
        notes.append(f"Out of focus: granulocytes are then named erythroblasts; {other}take the image again.")
    if measured.clipped > _CLIPPED:
        other = "" if glare >= _CLIPPED else f", or choose the weights {ROBUST_WEIGHTS}"
        notes.append(
            f"Overexposed: monocytes and pale red cells are then lost; take the image again with less light{other}."
        )
    return tuple(notes)


def _red_cells(found: Detections) -> NDArray[np.bool_]:
    red = np.array([_is_red_cell(name) for name in found.names], dtype=bool)
    return red[found.classes]


def _is_red_cell(name: str) -> bool:
    of = cell_class(name)
    return of.lineage == "erythroid" and not of.nucleated
