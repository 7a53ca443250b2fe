"""Detect, count and classify blood and bone-marrow cells: in napari, scripts and a shell.

Nothing is loaded before it is used: importing this package loads neither torch nor napari.
"""

import lazy_loader

from napari_hemalens._version import __version__

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cells": ["Detections", "pooled_differential"],
        "differential": ["Differential"],
        "errors": ["HemaLensError"],
        "gui.layers": ["as_layers"],
        "recipes": ["DetectionRecipe", "DetectionTraining"],
        "tables": ["differential_text"],
        "workflows": ["detect", "detect_steps"],
    },
)

__all__ = [
    "DetectionRecipe",
    "DetectionTraining",
    "Detections",
    "Differential",
    "HemaLensError",
    "__version__",
    "as_layers",
    "detect",
    "detect_steps",
    "differential_text",
    "pooled_differential",
]
