"""Stained smears rendered by a model of dye and light, with the exact position of every cell."""

from napari_hemalens.rendering.fields import render_field

__all__ = ["render_field"]
