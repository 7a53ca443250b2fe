"""Where a classifier looked at the cells of an image."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.options import DetectionRecipe, ExplanationRecipe, SegmentationRecipe
from napari_hemalens.errors import AnnotationError, WeightsError
from napari_hemalens.heatmaps.methods import resolve_recipe
from napari_hemalens.models import weights
from napari_hemalens.models.cards import AnyCard, ClassifierCard, DetectorCard
from napari_hemalens.progress import Steps, finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.explained import Explained
from napari_hemalens.records.tasks import DETECTION
from napari_hemalens.segmentation.ellipses import nucleated_labels
from napari_hemalens.segmentation.segment import segment_steps
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.cell_scale import looked_at_steps
from napari_hemalens.workflows.classification import cells_of, classifier_card, provenance_of
from napari_hemalens.workflows.detection import detect_steps
from napari_hemalens.workflows.images import Frame, as_slide, choose_channel

if TYPE_CHECKING:
    from napari_hemalens.inference.classifier import NetworkClassifier


def explain(  # noqa: PLR0913 -- public: options that scripts give by name
    image: Any,
    labels: Any = None,
    recipe: ExplanationRecipe | None = None,
    *,
    only: Sequence[int] | None = None,
    axes: str | None = None,
    frame: Frame = (),
    **options: Any,
) -> Explained:
    """Find out where a classifier looked at each cell of an image.

    Parameters
    ----------
    image : path, array or Slide
        As in `detect`.
    labels : (H, W) array of whole numbers, optional
        As in `classify`; without them, the image is segmented. A task of whole fields needs none, and detection finds
        its own.
    recipe : ExplanationRecipe, optional
        How; or give its options as keywords: `explain(image, labels, method="grad-cam", target="micronucleus")`.
    only : sequence of int, optional
        Numbers of the cells that are explained; by default all.
    axes, frame
        As in `detect`.
    **options
        Options of `ExplanationRecipe`, on top of `recipe`.

    Returns
    -------
    Explained
        Heatmap (H, W) in 0-1 in the frame of the image, and of each cell its crop, its heatmap and its probabilities.

    Raises
    ------
    HemaLensError
        If the image cannot be read, the labels are not of it or hold no cell, the network has no such method, the
        weights know no such class, or an option, the weights or the device are not there.
    """
    chosen = (recipe or ExplanationRecipe()).model_dump() | options
    asked = ExplanationRecipe.from_options(**chosen)
    slide = as_slide(image, axes=axes, frame=frame or asked.frame or ())
    return finish(explain_steps(slide, labels, asked, only=only))


def explain_steps(
    image: Any, labels: Any, recipe: ExplanationRecipe, *, only: Sequence[int] | NDArray[np.int64] | None = None
) -> Steps[Explained]:
    """Find out where a classifier looked; yields `Progress`.

    `partial` holds the cells of the last batch alone, on the heatmap of all so far.
    """
    slide = choose_channel(as_slide(image, frame=recipe.frame or ()), recipe.channel)
    resolve_recipe(recipe, explainable_card(recipe))  # before an image is segmented for nothing
    return (yield from map_steps(slide, map_of(slide, labels, recipe), recipe, only=only))


def map_steps(
    slide: Slide, cells: CellMap, recipe: ExplanationRecipe, *, only: Sequence[int] | NDArray[np.int64] | None = None
) -> Steps[Explained]:
    """Find out where a network looked at cells that are measured, as `explain_steps` does."""
    from napari_hemalens.heatmaps import classifier_heatmaps, detector_heatmaps  # noqa: PLC0415 -- loads torch
    from napari_hemalens.heatmaps.assembly import ChosenCells  # noqa: PLC0415
    from napari_hemalens.inference import device  # noqa: PLC0415
    from napari_hemalens.inference.scale import pixel_size_steps  # noqa: PLC0415

    slide = choose_channel(slide, recipe.channel)
    card, chosen = explainable_card(recipe), ChosenCells(cells, only)
    named, at = resolve_recipe(recipe, card), device.choose(recipe.device)
    provenance = provenance_of(slide, card, named)
    provenance = yield from looked_at_steps(slide, cells, card, provenance, device=recipe.device)
    if isinstance(card, ClassifierCard):
        classifier = yield from classifier_heatmaps.load_steps(card, named, at)
        origin = computed_by(classifier, named, provenance)
        of_crops = classifier_heatmaps.explain_steps(slide, chosen, classifier, recipe=named, provenance=origin)
        return (yield from of_crops)
    detector, runtime = yield from detector_heatmaps.load_steps(card, named, at)
    size, source = yield from pixel_size_steps(slide, detector, _as_detection(recipe, card))
    provenance = replace(provenance, pixel_size_um=size, pixel_size_source=source).depends_on(runtime.versions)
    of_boxes = detector_heatmaps.explain_steps(slide, chosen, detector, recipe=named, provenance=provenance)
    return (yield from of_boxes)


def computed_by(classifier: "NetworkClassifier", recipe: ExplanationRecipe, origin: Provenance) -> Provenance:
    """Return where a result comes from, once it is known which network, on what, computes it."""
    from napari_hemalens.heatmaps import classifier_heatmaps  # noqa: PLC0415 -- loads torch

    known = origin.depends_on(classifier.runtime.versions)
    return replace(known, notes=(*known.notes, *classifier_heatmaps.note_on(classifier, recipe)))


def explainable_card(recipe: ExplanationRecipe) -> AnyCard:
    """Return the model card of the weights that are explained.

    Raises
    ------
    WeightsError
        If they are not there, answer another question than the recipe's, or have nothing to show.
    """
    if recipe.task != DETECTION.name:
        return classifier_card(recipe)
    card = weights.explainable_card(recipe.weights or DETECTION.weights)
    if not isinstance(card, DetectorCard):
        raise WeightsError(f"The weights {card.name} answer the task {card.task}; the task is {recipe.task}.")
    return card


def _as_detection(recipe: ExplanationRecipe, card: DetectorCard) -> DetectionRecipe:
    """Return how the cells of the same weights are found."""
    return DetectionRecipe(
        weights=recipe.weights or card.name,
        device=recipe.device,
        precision=recipe.precision,
        runtime=recipe.runtime,
        pixel_size_um=recipe.pixel_size_um,
    )


def map_of(
    slide: Slide, labels: Any, recipe: ExplanationRecipe, segmentation: SegmentationRecipe | None = None
) -> CellMap:
    """Return the cells that are explained: those given, those that are found, or the field as one.

    A detector finds its own; else the image is segmented.

    Raises
    ------
    AnnotationError
        As `cells_of` does; or if labels are given for a task of whole fields.
    ImageError
        If no labels are given, and the image cannot be segmented.
    """
    card = explainable_card(recipe)
    if card.of_fields:
        if labels is not None:
            raise AnnotationError(f"The weights {card.name} name a whole image, not the cells of it: give no labels.")
        return CellMap.whole(slide.shape)
    if labels is not None:
        return CellMap.from_labels(cells_of(labels, slide.shape, relabel=recipe.relabel))
    if isinstance(card, DetectorCard):
        found = finish(detect_steps(slide, _as_detection(recipe, card)))
        return CellMap.from_labels(cells_of(nucleated_labels(found), slide.shape, relabel=False))
    how = segmentation or SegmentationRecipe(pixel_size_um=recipe.pixel_size_um, channel=recipe.channel)
    return CellMap.from_labels(cells_of(finish(segment_steps(slide, how)).labels, slide.shape, relabel=False))
