"""Detect, count and classify blood and bone-marrow cells: in napari, scripts and a shell.

Nothing is loaded before it is used: importing this package loads neither torch nor napari.
"""

import lazy_loader

from napari_hemalens._version import __version__

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "records.classified": ["Classified"],
        "records.detections": ["Detections", "pooled_differential"],
        "records.differential": ["Differential"],
        "errors": ["HemaLensError"],
        "records.explained": ["Explained"],
        "gui.layers": ["as_layers"],
        "config.options": [
            "ClassificationRecipe",
            "DetectionRecipe",
            "ExplanationRecipe",
            "SegmentationRecipe",
        ],
        "segmentation.labels": ["relabel_pieces"],
        "segmentation.record": ["Segmentation"],
        "reports.detections": ["differential_text"],
        "config.training": ["DetectionTraining"],
        "workflows": [
            *("classify", "classify_steps", "detect", "detect_steps"),
            *("explain", "explain_steps", "segment", "segment_steps"),
        ],
    },
)

__all__ = [
    "ClassificationRecipe",
    "Classified",
    "DetectionRecipe",
    "DetectionTraining",
    "Detections",
    "Differential",
    "Explained",
    "ExplanationRecipe",
    "HemaLensError",
    "Segmentation",
    "SegmentationRecipe",
    "__version__",
    "as_layers",
    "classify",
    "classify_steps",
    "detect",
    "detect_steps",
    "differential_text",
    "explain",
    "explain_steps",
    "pooled_differential",
    "relabel_pieces",
    "segment",
    "segment_steps",
]
