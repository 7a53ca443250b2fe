"""Where a classifier looked at the cells of many image files: found or given, explained, written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import ExplanationRecipe, SegmentationRecipe
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.formats.label_images import match_by_name, read_labels
from napari_hemalens.formats.naming import check_apart, file_stems
from napari_hemalens.heatmaps.files import heatmap_picture, write_heatmap
from napari_hemalens.heatmaps.methods import resolve_recipe
from napari_hemalens.models.weights import verify
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.tasks import DETECTION, EXPLAINABLE
from napari_hemalens.reports.detections import write_run
from napari_hemalens.segmentation.files import write_labels
from napari_hemalens.slides.channels import choose_channel
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.explanation import explainable_card, map_of, map_steps


@dataclass(frozen=True, slots=True)
class ExplainedBatch:
    """What became of a number of image files.

    Attributes
    ----------
    fields : tuple of Classified
        The cells of the images that were read; their heatmaps is in files.
    methods : tuple of str
        The names of the methods.
    failed : mapping of str to str
        The other images, with the reason.
    """

    fields: tuple[Classified, ...]
    methods: tuple[str, ...]
    failed: Mapping[str, str]


@dataclass(slots=True)
class _ExplanationInProgress:
    """How each image is explained, and the cells of those that are done."""

    recipes: Sequence[ExplanationRecipe]
    segmentation: SegmentationRecipe
    out: Path
    fields: list[Classified] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, file: Path, stem: str, labels: Path | None) -> int:
        """Explain one file and write what it shows; returns how many cells it has."""
        with open_image(file, frame=self.recipes[0].frame or ()) as opened:
            first = self.recipes[0]
            slide = choose_channel(opened, first.channel)
            cells = map_of(slide, None if labels is None else read_labels(labels), first, self.segmentation)
            results = [self._explain(slide, cells, recipe, stem) for recipe in self.recipes]
            if EXPLAINABLE[first.task].unit == "cell" and (labels is None or first.relabel):
                size = results[0].provenance.pixel_size_um  # numbers that no file of the user's has
                write_labels(cells.labels, self.out / f"{stem}.labels.tif", pixel_size_um=size)
        self.fields.append(results[0])
        return len(results[0])

    def _explain(self, slide: Slide, cells: CellMap, recipe: ExplanationRecipe, stem: str) -> Classified:
        result = finish(map_steps(slide, cells, recipe))
        write_heatmap(result, self.out / f"{stem}.{result.method}.tif")
        with writing(self.out / f"{stem}.{result.method}.png") as path:
            heatmap_picture(slide, cells.labels, result).save(path)
        return result.cells  # the rest, of every cell a crop and its heatmap, is let go


def explain_files_steps(
    files: Sequence[Path],
    recipe: ExplanationRecipe,
    out: Path,
    *,
    labels: Sequence[Path] | None = None,
    methods: Sequence[str] = (),
) -> Steps[ExplainedBatch]:
    """Explain the cells of many image files and write heatmaps, pictures and `run.json` to a folder; yields after each.

    For each image and method, `<stem>.<method>.tif` is the heatmap in the image's frame, and `<stem>.<method>.png` a
    picture of it. Labels that were made here are written as `<stem>.labels.tif`. An image that cannot be read or
    explained is reported, and the rest goes on; what was found is written also when the run is stopped.

    Parameters
    ----------
    files : sequence of Path
        The images.
    recipe : ExplanationRecipe
        How.
    out : Path
        The folder; made if missing.
    labels : sequence of Path, optional
        Label images, matched to the images by name, else by order; without them, the images are segmented.
    methods : sequence of str
        Names of methods, in place of the recipe's one.

    Raises
    ------
    HemaLensError
        Before the first image, if labels do not fit the images, the network has no such method, the weights know no
        such class, or they are not there; or if the folder holds files that are read.
    """
    check_apart(out, (*files, *(labels or ())))
    card = explainable_card(recipe)
    verify(card)
    asked = tuple(dict.fromkeys(methods)) or (recipe.method,)
    recipes = [resolve_recipe(recipe.model_copy(update={"method": method}), card) for method in asked]
    of_images = match_by_name(files, labels) if labels is not None else (None,) * len(files)
    segmentation = SegmentationRecipe(pixel_size_um=recipe.pixel_size_um, channel=recipe.channel)
    batch = _ExplanationInProgress(recipes, segmentation, out)
    named = tuple(str(each.method) for each in recipes)
    try:
        for i, (file, stem) in enumerate(zip(files, file_stems([str(file) for file in files]), strict=True)):
            try:
                message = f"{file.name}: {batch.add(file, stem, of_images[i]):,} cells"
            except (ImageError, AnnotationError) as error:
                batch.failed[str(file)] = str(error)
                message = f"{file.name}: not explained"
            yield Progress(i + 1, len(files), message)
    finally:
        if batch.fields or batch.failed:
            segmented = labels is None and recipe.task != DETECTION.name
            options: dict[str, Any] = recipe.model_dump(mode="json", exclude={"method"}) | {
                "methods": named,
                "labels": None if labels is None else [str(path) for path in of_images],
                "segmentation": batch.segmentation.model_dump(mode="json") if segmented else None,
            }
            write_run(batch.fields, options, out / "run.json", failed=batch.failed)
    return ExplainedBatch(tuple(batch.fields), named, batch.failed)
