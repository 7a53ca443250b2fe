"""All commands together, a module a subject."""

from napari_hemalens.cli import (
    agreement,
    annotations,
    classification,
    collecting,
    detection,
    experiment,
    explain,
    heatmaps,
    points,
    preparing,
    project,
    rendering,
    report,
    robustness,
    segmentation,
    suggestions,
    weights,
)
from napari_hemalens.cli.app import app

__all__ = [
    "agreement",
    "annotations",
    "app",
    "classification",
    "collecting",
    "detection",
    "experiment",
    "explain",
    "heatmaps",
    "points",
    "preparing",
    "project",
    "rendering",
    "report",
    "robustness",
    "segmentation",
    "suggestions",
    "weights",
]
