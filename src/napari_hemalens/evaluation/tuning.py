"""Choice of a detector's score threshold on annotated images."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError, WeightsError
from napari_hemalens.evaluation.detection import count_once, detect_all_steps, measure_precision, shared_taxonomy
from napari_hemalens.evaluation.detection_metrics import sweep
from napari_hemalens.evaluation.left_out import left_out
from napari_hemalens.formats import AnnotatedPart
from napari_hemalens.inference import device
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.models import weights
from napari_hemalens.models.cards import AnyCard, DetectorCard
from napari_hemalens.models.weights_folders import check_plain
from napari_hemalens.progress import Steps
from napari_hemalens.records.detections import Detections


def tune_steps(data: AnnotatedPart, recipe: DetectionRecipe, out: Path, *, name: str | None) -> Steps[DetectorCard]:
    """Choose the score threshold of weights anew; see `workflows.tune_detection_steps`."""
    card = weights.detector_card(recipe.weights)
    truth = data.read()
    by = shared_taxonomy(truth, card.classes)
    if all(by.class_of(name) is None for field in truth for name in field.counts()):
        raise AnnotationError(
            f"Nothing in {data.path}, part {data.split!r}, is annotated by a class that {card.name} knows: "
            f"{', '.join(card.classes)}."
        )
    check_plain(name or card.name)
    named = {"name": name or f"{card.name}-tuned", "folder": out, "naming": recipe.naming or card.naming}
    new = card.model_copy(update=named)
    if new.file.exists() and weights.sha256(new.file) != card.sha256:
        raise WeightsError(f"{new.file} holds other weights; choose another name or folder.")
    tuned = yield from choose_threshold_steps(card, truth, recipe)
    metrics = {**tuned.metrics, "of": f"{data.path.name}, {data.split}"}
    tuned = new.model_copy(update={"score_threshold": tuned.score_threshold, "metrics": metrics})
    if not tuned.file.exists():
        with writing(tuned.file) as file:
            shutil.copyfile(weights.verify(card), file)
    write_card(tuned)
    return tuned


def choose_threshold_steps(
    card: DetectorCard, truth: Sequence[Detections], recipe: DetectionRecipe
) -> Steps[DetectorCard]:
    """Return the model card with the best score threshold on annotated images, and its measures there.

    Best is where F1 (IoU 0.5), a mean over classes, is the highest but for 0.005 (`Sweep.best`). The average precision
    of all hypotheses has no threshold; `counted AP` and `counted AP50`, by which recipes are chosen, are those of the
    cells counted at this one. `left out`, if any, are annotated cells of classes that the weights do not have. Classes
    are those of `shared_taxonomy`.
    """
    finder = yield from CellFinder.load_steps(card, recipe, device.choose(recipe.device))
    found = yield from detect_all_steps(truth, finder, recipe)
    by = shared_taxonomy(truth, found[0].recognised)
    mapped, true = ([cells.to_taxonomy(by) for cells in of] for of in (found, truth))
    once = [cells.to_taxonomy(by) for cells in count_once(found)]
    threshold = round(sweep(once, true).best, 3)
    precision = measure_precision(mapped, once, true, threshold=threshold)
    metrics = {
        **{key: round(value, 4) for key, value in precision.overall.items()},
        **{f"counted {key}": round(precision.counted[key], 4) for key in ("AP", "AP50")},
        "AP50 by class": {name: round(of["AP50"], 4) for name, of in precision.classes.items()},
        "images": len(truth),
    }
    without = left_out(truth, by)
    metrics |= {"left out": without} if without else {}
    return card.model_copy(update={"score_threshold": threshold, "metrics": metrics})


def write_card(card: AnyCard) -> None:
    """Write the model card beside its file of weights."""
    with writing(card.file.with_suffix(".json")) as file:
        file.write_text(weights.card_text(card), encoding="utf-8")
