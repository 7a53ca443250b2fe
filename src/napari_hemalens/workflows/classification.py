"""Cells of a label image: named, and the classifiers that name them trained."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens._version import __version__
from napari_hemalens.config.options import ClassificationRecipe, ExplanationRecipe
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.errors import AnnotationError, WeightsError
from napari_hemalens.evaluation.selection import CellSelection
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.formats import cell_table, class_folders
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.formats.named_cells import classes_of, read
from napari_hemalens.formats.results import check_no_results
from napari_hemalens.models import weights
from napari_hemalens.models.cards import AnyCard, ClassifierCard
from napari_hemalens.progress import Steps, finish, stage
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.tasks import OWN, own_task, task
from napari_hemalens.segmentation.labels import check_labels, is_semantic, relabel_pieces
from napari_hemalens.segmentation.measuring import measure_steps
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.cell_scale import looked_at_steps
from napari_hemalens.workflows.images import Frame, as_slide, choose_channel

if TYPE_CHECKING:
    from napari_hemalens.evaluation.classification import ClassReport

_NAMING_SHARE = 0.9  # of the time that naming and measuring take


def classify(
    image: Any,
    labels: Any = None,
    recipe: ClassificationRecipe | None = None,
    *,
    axes: str | None = None,
    frame: Frame = (),
    **options: Any,
) -> Classified:
    """Name the cells of a label image, or a whole field.

    Parameters
    ----------
    image : path, array or Slide
        As in `detect`.
    labels : (H, W) array of whole numbers, optional
        One number a cell, 0 for the background, of the same height and width as the image: from cellpose, StarDist,
        `segment`, or a hand; or the path of a label image. None for weights of whole fields: the image is one cell,
        numbered 1.
    recipe : ClassificationRecipe, optional
        How; or give its options as keywords: `classify(image, labels, task="leukocyte")`.
    axes, frame
        As in `detect`.
    **options
        Options of `ClassificationRecipe`, on top of `recipe`.

    Returns
    -------
    Classified
        One row a cell, by ascending number.

    Raises
    ------
    HemaLensError
        If the image cannot be read, the labels are not of it or hold no cell, or an option, the weights or the device
        are not there.
    """
    chosen = (recipe or ClassificationRecipe()).model_dump() | options
    asked = ClassificationRecipe.from_options(**chosen)
    slide = as_slide(image, axes=axes, frame=frame or asked.frame or ())
    return finish(classify_steps(slide, labels, asked))


def classify_steps(image: Any, labels: Any, recipe: ClassificationRecipe) -> Steps[Classified]:
    """Name the cells of a label image, or a field, and measure them.

    Yields `Progress`, with the cells named so far as `partial`.
    """
    from napari_hemalens.inference import classifier, device  # noqa: PLC0415 -- loads torch

    slide = choose_channel(as_slide(image, frame=recipe.frame or ()), recipe.channel)
    card = classifier_card(recipe)
    cells = _cells(slide, labels, card, recipe)
    provenance = yield from origin_steps(slide, cells, recipe)
    ready = yield from classifier.NetworkClassifier.load_steps(card, recipe, device.choose(recipe.device))
    provenance = provenance.depends_on(ready.runtime.versions)
    naming = classifier.classify_steps(slide, cells, ready, provenance=provenance, embed=recipe.embeddings)
    if card.of_fields:  # whose outline is the edge of the image
        return (yield from naming)
    found = yield from stage(naming, 0, _NAMING_SHARE)
    measuring = measure_steps(slide, cells, pixel_size_um=provenance.pixel_size_um)
    return replace(found, measurements=(yield from stage(measuring, _NAMING_SHARE, 1)))


def origin_steps(slide: Slide, cells: CellMap, recipe: ClassificationRecipe | ExplanationRecipe) -> Steps[Provenance]:
    """Return where a result of a classifier on these cells comes from, with the pixel size that its crops need."""
    card = classifier_card(recipe)
    known = provenance_of(slide, card, recipe)
    return (yield from looked_at_steps(slide, cells, card, known, device=recipe.device))


def _cells(slide: Slide, labels: Any, card: ClassifierCard, recipe: ClassificationRecipe) -> CellMap:
    """Return the cells that are named: those of the labels, or the image as one, whichever the weights are of."""
    if card.of_fields:
        if labels is not None:
            raise AnnotationError(f"The weights {card.name} name a whole image, not the cells of it: give no labels.")
        return CellMap.whole(slide.shape)
    if labels is None:
        raise AnnotationError(f"The weights {card.name} name cells: give labels of them, from `segment` or elsewhere.")
    return CellMap.from_labels(cells_of(labels, slide.shape, relabel=recipe.relabel))


def provenance_of(slide: Slide, card: AnyCard, recipe: ClassificationRecipe | ExplanationRecipe) -> Provenance:
    """Return where a result of these weights on this image comes from."""
    size = slide.pixel_size_um if recipe.pixel_size_um is None else recipe.pixel_size_um
    return Provenance(
        image=slide.name,
        pixel_size_um=size,
        pixel_size_source="unknown" if size is None else "image" if recipe.pixel_size_um is None else "given",
        weights=card.name,
        sha256=card.sha256,
        recipe=recipe.model_dump(mode="json"),
        versions={"napari-hemalens": __version__},
        licences={card.name: card.terms},
        frame=slide.frame,
    )


def classifier_card(recipe: ClassificationRecipe | ExplanationRecipe) -> ClassifierCard:
    """Return the model card that a recipe asks for.

    Raises
    ------
    WeightsError
        If they are not there, or answer another question than the recipe's.
    """
    asked = task(recipe.task)
    name = recipe.weights or asked.weights
    if not name:
        raise WeightsError(
            f"No weights are packed for the task {asked.name}: choose those that were taught its classes."
        )
    card = weights.classifier_card(name).for_task(asked)
    return card.seeing(recipe.views) if isinstance(recipe, ClassificationRecipe) else card


def cells_of(labels: Any, shape: tuple[int, int], *, relabel: bool | None) -> NDArray[np.int32]:
    """Return labels (H, W), of an array or a file, once they are checked; with a number for each piece on request.

    Raises
    ------
    AnnotationError
        If they are no labels of that image, hold no cell, or one number stands for many cells and nobody said whether
        they are to be parted.
    """
    numbers = check_labels(read_labels(labels) if isinstance(labels, (str, Path)) else labels, shape)
    if relabel:
        return relabel_pieces(numbers)
    if relabel is None and is_semantic(numbers):
        raise AnnotationError(
            "One number stands for many separate cells in these labels, as in a mask of cell or no cell. "
            "With relabel=True (--relabel) each piece gets a number of its own; relabel=False takes them as they are."
        )
    return numbers


def prepare_cells_steps(task_name: str, data: str | Path, out: str | Path) -> Steps[Mapping[str, int]]:
    """Find the cells of public images, and write them to `out` as a set to train and measure classifiers on.

    Of nucleated and plasma a table of cells by box, see `prepare_steps` in `training.public_cells` and
    `training.plasma_cells`; of others outlined cells, see `training.cell_sets.prepare_steps`. Returns how many cells
    there are of each part and class.
    """
    with explain_missing_packages():
        from napari_hemalens.training import cell_sets, plasma_cells, public_cells  # noqa: PLC0415 -- loads torch

    by_box = {"nucleated": public_cells.prepare_steps, "plasma": plasma_cells.prepare_steps}
    if task_name in by_box:
        return (yield from by_box[task_name](data, out))
    return (yield from cell_sets.prepare_steps(task_name, data, out))


def train_classification_steps(
    data: Sequence[str | Path], task_name: str, recipe: ClassifierTraining, new: weights.NewWeights
) -> Steps[ClassifierCard]:
    """Train a classifier on label images whose cells have a class; returns the model card, which lies in the folder.

    Parameters
    ----------
    data : sequence of path
        Folders as `formats.named_cells` describes them, with parts 'train' and 'val'; epoch, threshold and temperature
        are chosen on 'val'. Or folders with a table of cells by box, `cells.csv` (`formats.cell_table`), with parts
        'train' and 'choose'. Or images that have a class as a whole, in a folder a class (`formats.class_folders`).
    task_name : str
        A key of `tasks.TASKS`. Of 'own' the classes are those of the data.
    recipe : ClassifierTraining
        Every choice of the run. It is written to the folder; a run that was killed is resumed from there.
    new : NewWeights
        Folder for checkpoints, losses, their plot and the weights; their name, and what the model card says of them.

    Raises
    ------
    HemaLensError
        If the data cannot be read, the folder not be written to, or it holds another run or other weights of that name.
    """
    with explain_missing_packages():
        from napari_hemalens.training import cells_by_box, classification, run_folder  # noqa: PLC0415 -- loads torch

    new.check(run_folder.RECIPE)
    for folder in data:
        check_no_results(Path(folder))
    by_box = all((Path(folder) / cell_table.FILE).is_file() for folder in data)
    train_steps = cells_by_box.train_steps if by_box else classification.train_steps
    asked = own_task(_classes_in(data, by_box=by_box)) if task_name == OWN else task(task_name)
    return (yield from train_steps(data, asked, recipe, new))


def default_training(data: Sequence[str | Path], task_name: str) -> str:
    """Return the name of the recipe that suits a task and its data, a key of `config.presets.CLASSIFICATION`.

    That of the task; of own classes, that of whole fields where the images lie in a folder a class.
    """
    of_fields = task_name == OWN and all(map(class_folders.parts_of, data))
    return task("field" if of_fields else task_name).preset


def _classes_in(data: Sequence[str | Path], *, by_box: bool) -> tuple[str, ...]:
    """Return the classes of the cells or images to train on, by name.

    Raises
    ------
    AnnotationError
        If there is only one.
    """
    if by_box:
        names = {name for folder in data for name in cell_table.read_folder(folder).class_names}
        classes = tuple(sorted(map(str, names)))
    else:
        classes = classes_of(field for folder in data for field in read(folder, split="train"))
    if len(classes) <= 1:
        raise AnnotationError(f"A classifier needs two classes or more; the data have {', '.join(classes) or 'none'}.")
    return classes


def evaluate_classification_steps(
    selection: CellSelection,
    recipe: ClassificationRecipe,
    *,
    out: str | Path | None = None,
    perturbation: str | None = None,
) -> Steps["ClassReport"]:
    """Measure weights on cells whose class is known; returns the figures, and writes them to `out`.

    Parameters
    ----------
    selection : CellSelection
        Folder, part and names of the images. The weights must not have been trained on them.
    recipe : ClassificationRecipe
        Task, weights, device. The weights are used as by `classify`: their crops, temperature and threshold.
    out : path, optional
        Folder for `report.json`, tables, ROC curve and confusion matrix.
    perturbation : str, optional
        One of `evaluation.perturbations.CELL_PERTURBATIONS`, 'stain', 'background' or 'focus': applied to every image,
        and should make no difference.
    """
    with explain_missing_packages():
        from napari_hemalens.evaluation import classification as class_evaluation  # noqa: PLC0415 -- loads torch

    return (
        yield from class_evaluation.evaluate_steps(
            selection,
            classifier_card(recipe),
            out=Path(out) if out else None,
            device_name=recipe.device,
            perturbation=perturbation,
        )
    )
