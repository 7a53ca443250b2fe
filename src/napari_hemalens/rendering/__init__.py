"""Stained smears drawn by a model of dye and light, with the exact place of every cell."""

from napari_hemalens.rendering.fields import render_field

__all__ = ["render_field"]
