"""Where a classifier looked at the cells of many image files: found or given, explained, written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.config.options import ExplanationRecipe, SegmentationRecipe
from napari_hemalens.formats.label_images import match_by_name
from napari_hemalens.formats.naming import check_apart
from napari_hemalens.heatmaps.methods import resolve_recipe
from napari_hemalens.models.weights import whole_hashes
from napari_hemalens.progress import Steps
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.tasks import DETECTION
from napari_hemalens.workflows.batch import start_batch
from napari_hemalens.workflows.explained_images import LABELS, ExplainedImages
from napari_hemalens.workflows.explanation import explainable_card
from napari_hemalens.workflows.finding import find_all_steps
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity, hold_folder


@dataclass(frozen=True, slots=True)
class ExplainedBatch:
    """What became of a number of image files.

    Attributes
    ----------
    fields : tuple of Classified
        The cells of the images that were read; their heatmaps are in files.
    methods : tuple of str
        The names of the methods.
    failed : mapping of str to str
        The other images, with the reason.
    unpictured, kept : mapping of str to str, int
        As in `Batch`.
    of_fields : bool
        Whether a whole image was explained each time, and no cell.
    """

    fields: tuple[Classified, ...]
    methods: tuple[str, ...]
    failed: Mapping[str, str]
    unpictured: Mapping[str, str] = field(default_factory=dict)
    kept: int = 0
    of_fields: bool = False


def explain_files_steps(  # noqa: PLR0913 -- public: what scripts give by name
    files: Sequence[Path],
    recipe: ExplanationRecipe,
    out: Path | ResultsFolder,
    *,
    labels: Sequence[Path] | None = None,
    methods: Sequence[str] = (),
    cluster: ClusterRecipe | None = None,
) -> Steps[ExplainedBatch]:
    """Explain the cells of many image files and write heatmaps, pictures and `run.json` to a folder; yields after each.

    For each image and method, `<stem>.<method>.tif` is the heatmap in the image's frame, and `<stem>.<method>.png` a
    picture of it. Labels that were made here are written as `<stem>.labels.tif`. An image that cannot be read or
    explained is reported, and the rest goes on. What is found in an image is kept at once: the same run into the same
    folder goes on from there.

    Parameters
    ----------
    files : sequence of Path
        The images.
    recipe : ExplanationRecipe
        How.
    out : Path or ResultsFolder
        The folder; made if missing.
    labels : sequence of Path, optional
        Label images, matched to the images by name, else by order; without them, the images are segmented.
    methods : sequence of str
        Names of methods, in place of the recipe's one.
    cluster : ClusterRecipe, optional
        Where the images are looked at; by default in this process. The results are the same.

    Raises
    ------
    HemaLensError
        Before the first image, if labels do not fit the images, the network has no such method, the weights know no
        such class, or they are not there; or if the folder holds files that are read.
    """
    folder = ResultsFolder.of(out)
    check_apart(folder.path, (*files, *(labels or ())))
    card = explainable_card(recipe)
    asked = tuple(dict.fromkeys(methods)) or (recipe.method,)
    recipes = [resolve_recipe(recipe.model_copy(update={"method": method}), card) for method in asked]
    of_images = match_by_name(files, labels) if labels is not None else (None,) * len(files)
    segmentation = SegmentationRecipe(pixel_size_um=recipe.pixel_size_um, channel=recipe.channel)
    named = tuple(str(each.method) for each in recipes)
    segmented = labels is None and recipe.task != DETECTION.name and not card.of_fields
    options: dict[str, Any] = recipe.model_dump(mode="json", exclude={"method"}) | {
        "methods": named,
        "labels": None if labels is None else [str(path) for path in of_images],
        "segmentation": segmentation.model_dump(mode="json") if segmented else None,
    }
    endings = (LABELS, *(f".{name}.{kind}" for name in named for kind in ("tif", "png")))
    run = RunIdentity("explain", options, whole_hashes(card.file))
    batch = start_batch(files, folder, run, endings=endings, tables=("run.json",))
    asked_of = ExplainedImages(recipes, segmentation, of_images, batch)
    with hold_folder(folder, batch.run):
        try:
            yield from find_all_steps(asked_of, (card.called,), cluster)
        finally:
            fields: tuple[Classified, ...] = batch.column("cells")
            if fields or batch.failed:
                batch.write_run(fields, options)
    return ExplainedBatch(fields, named, batch.failed, batch.unpictured, len(batch.kept), card.of_fields)
