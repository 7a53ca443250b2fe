"""Boxes that change are drawn by the program that drew them before.

At each change of a mesh vispy gives it a function for its colours that says what the one before said, and for which the
program of the mesh is put together, compiled and linked anew. Of napari's boxes there are two, the boxes themselves and
their highlight: half of the time that a picture after a change takes (vispy 0.17, software OpenGL).
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

_MESHES = "vispy.visuals.mesh"


def keep_mesh_programs() -> None:
    """Let meshes whose colours are passed on as they are share one function that does so, once vispy draws meshes."""
    visual = getattr(sys.modules.get(_MESHES), "MeshVisual", None)
    build = getattr(visual, "_build_color_transform", None)
    if visual is not None and build is not None and not hasattr(build, "__wrapped__"):
        visual._build_color_transform = _kept(build)


def _kept(build: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    passing: list[Any] = []

    @wraps(build)
    def transform(mesh: Any, colours: Any) -> Any:
        if colours.ndim == 2 and colours.shape[1] == 1:  # values, whose limits and colours are of this mesh
            return build(mesh, colours)
        if not passing:
            passing.append(build(mesh, colours))
        return passing[0]

    return transform
