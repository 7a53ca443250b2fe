"""The public entry point: what scripts, the command line and napari call.

Long operations are `*_steps`, which yield `Progress` on the way; `detect`, `segment`, `classify` and `explain` run them
to the end. torch is imported when the first of them runs, not before.
"""

from napari_hemalens.evaluation.selection import CellSelection, FieldSeries, PointSelection
from napari_hemalens.models.weights import NewWeights
from napari_hemalens.workflows.agreement import agreement
from napari_hemalens.workflows.annotations import Converted, convert_annotations
from napari_hemalens.workflows.batch import Batch
from napari_hemalens.workflows.classification import (
    classify,
    classify_steps,
    default_training,
    evaluate_classification_steps,
    prepare_cells_steps,
    train_classification_steps,
)
from napari_hemalens.workflows.classify_files import ClassifiedBatch, Groups, classify_files_steps
from napari_hemalens.workflows.collection import Collected, collect_steps
from napari_hemalens.workflows.detect_files import detect_files_steps
from napari_hemalens.workflows.detection import detect, detect_steps, write_results
from napari_hemalens.workflows.detector_training import (
    evaluate_detection_steps,
    train_detection_steps,
    tune_detection_steps,
)
from napari_hemalens.workflows.explain_files import ExplainedBatch, explain_files_steps
from napari_hemalens.workflows.explanation import explain, explain_steps
from napari_hemalens.workflows.heatmaps import evaluate_heatmaps_steps
from napari_hemalens.workflows.images import as_slide
from napari_hemalens.workflows.laboratories import evaluate_known_cells_steps, evaluate_laboratories_steps
from napari_hemalens.workflows.micronuclei import count_micronuclei, evaluate_micronuclei_steps
from napari_hemalens.workflows.outline_files import OutlineFiles
from napari_hemalens.workflows.points import evaluate_points_steps
from napari_hemalens.workflows.quantisation import int8_card, quantise_weights_steps
from napari_hemalens.workflows.report import report, report_steps
from napari_hemalens.workflows.results_folder import ResultsFolder
from napari_hemalens.workflows.robustness import evaluate_robustness_steps
from napari_hemalens.workflows.segmentation import (
    evaluate_segmentation_steps,
    segment,
    segment_files_steps,
    segment_steps,
)
from napari_hemalens.workflows.suggestions import GivenCells, SuggestedCells, suggest_cells_steps
from napari_hemalens.workflows.weights import (
    add_weights_steps,
    available_weights_steps,
    export_weights_steps,
    look_up_weights_steps,
    remove_weights,
    write_catalogue,
)
from napari_hemalens.workflows.work import Work, open_work

__all__ = [
    "Batch",
    "CellSelection",
    "ClassifiedBatch",
    "Collected",
    "Converted",
    "ExplainedBatch",
    "FieldSeries",
    "GivenCells",
    "Groups",
    "NewWeights",
    "OutlineFiles",
    "PointSelection",
    "ResultsFolder",
    "SuggestedCells",
    "Work",
    "add_weights_steps",
    "agreement",
    "as_slide",
    "available_weights_steps",
    "classify",
    "classify_files_steps",
    "classify_steps",
    "collect_steps",
    "convert_annotations",
    "count_micronuclei",
    "default_training",
    "detect",
    "detect_files_steps",
    "detect_steps",
    "evaluate_classification_steps",
    "evaluate_detection_steps",
    "evaluate_heatmaps_steps",
    "evaluate_known_cells_steps",
    "evaluate_laboratories_steps",
    "evaluate_micronuclei_steps",
    "evaluate_points_steps",
    "evaluate_robustness_steps",
    "evaluate_segmentation_steps",
    "explain",
    "explain_files_steps",
    "explain_steps",
    "export_weights_steps",
    "int8_card",
    "look_up_weights_steps",
    "open_work",
    "prepare_cells_steps",
    "quantise_weights_steps",
    "remove_weights",
    "report",
    "report_steps",
    "segment",
    "segment_files_steps",
    "segment_steps",
    "suggest_cells_steps",
    "train_classification_steps",
    "train_detection_steps",
    "tune_detection_steps",
    "write_catalogue",
    "write_results",
]
