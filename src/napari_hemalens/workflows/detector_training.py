"""Detectors trained, tuned and measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.formats import AnnotatedPart
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import Steps

if TYPE_CHECKING:
    from napari_hemalens.evaluation.detection import DetectionReport


def train_detection_steps(
    data: Sequence[str | Path],
    recipe: DetectionTraining,
    new: weights.NewWeights,
    *,
    pixel_size_um: float | None = None,
    classes: Mapping[str, str] | None = None,
) -> Steps[DetectorCard]:
    """Train a detector on annotated images; returns the model card, which lies in the folder.

    Parameters
    ----------
    data : sequence of path
        Folders with a part 'train' and, to choose the score threshold on, 'val': COCO, VOC, YOLO
        or VIA.
    recipe : DetectionTraining
        Every choice of the run. It is written to the folder; a run that was killed is resumed from there.
    new : NewWeights
        Folder for checkpoints, losses, their plot and the weights; their name, and what the model card says of them.
    pixel_size_um : float, optional
        Micrometres a pixel of the images that do not say it themselves.
    classes : mapping of str to str, optional
        What to call the classes of the annotations; '' leaves their cells out.

    Raises
    ------
    HemaLensError
        If the data cannot be read, the folder not be written to, or it holds another run or other weights of that name.
    """
    with explain_missing_packages():
        from napari_hemalens.training import detection, run_folder  # noqa: PLC0415 -- loads torch and lightning

    new.check(run_folder.RECIPE)
    return (yield from detection.train_steps(data, recipe, new, pixel_size_um=pixel_size_um, classes=classes))


def tune_detection_steps(  # noqa: PLR0913 -- public: options that scripts give by name
    data: str | Path,
    recipe: DetectionRecipe,
    out: str | Path,
    *,
    split: str = "val",
    name: str | None = None,
    classes: Mapping[str, str] | None = None,
) -> Steps[DetectorCard]:
    """Choose the score threshold of weights on annotated images, such as those of another laboratory.

    Returns the model card with that score and with what was measured at it; it is written to `out`, beside the
    weights.

    Parameters
    ----------
    data : path
        Folder with a part `split`: COCO, VOC, YOLO or VIA. Figures on it are a little too good afterwards.
    recipe : DetectionRecipe
        Weights, pixel size, device.
    out : path
        Folder for the model card and a copy of the weights.
    split : str
        Part of the data.
    name : str, optional
        What the weights are called there; by default as they are, and `-tuned`.
    classes : mapping of str to str, optional
        What to call the classes of the annotations; '' leaves their cells out.

    Raises
    ------
    HemaLensError
        If nothing is annotated by a class that the weights know, or other weights of that name lie there.
    """
    with explain_missing_packages():
        from napari_hemalens.evaluation import tuning  # noqa: PLC0415 -- loads torch

    return (yield from tuning.tune_steps(AnnotatedPart(Path(data), split, classes), recipe, Path(out), name=name))


def evaluate_detection_steps(  # noqa: PLR0913 -- public: options that scripts give by name
    data: str | Path,
    recipe: DetectionRecipe,
    *,
    split: str = "val",
    taxonomy: str | None = None,
    out: str | Path | None = None,
    classes: Mapping[str, str] | None = None,
) -> Steps["DetectionReport"]:
    """Measure weights on annotated images; returns the figures, and writes them to `out`.

    Average precision is that of all hypotheses (`overall`), and that of what is counted (`counted`), one class a cell
    from the score threshold on. Choose recipes by the second.

    Parameters
    ----------
    data : path
        Folder with a part `split`: COCO, VOC, YOLO or VIA. It must not be what the weights were
        trained on.
    recipe : DetectionRecipe
        Weights, pixel size, device.
    split : str
        Part of the data.
    taxonomy : str, optional
        Classes to compare by; by default those of the weights, or coarser ones that more white cells have.
    out : path, optional
        Folder for `report.json` and tables.
    classes : mapping of str to str, optional
        What to call the classes of the annotations; '' leaves their cells out.
    """
    with explain_missing_packages():
        from napari_hemalens.evaluation import detection as evaluation  # noqa: PLC0415 -- loads torch

    return (
        yield from evaluation.evaluate_steps(
            AnnotatedPart(Path(data), split, classes), recipe, taxonomy=taxonomy, out=Path(out) if out else None
        )
    )
