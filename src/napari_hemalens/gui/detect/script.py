"""What was clicked, as Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari.layers import Image

from napari_hemalens._version import __version__
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.gui.axes import axes_of
from napari_hemalens.gui.layers import pixel_size_um
from napari_hemalens.workflows.images import Frame, Region

_HEAD = '''"""Find cells as in the HemaLens widget (napari-hemalens {version}).

Corrections made by hand are not part of this script; Save... writes them.
"""
'''
_PLUGIN = "napari-hemalens"
_CONSOLE = """
viewer = napari.current_viewer()  # not all images come from files: run this in napari's console
"""
_BODY = """
recipe = hemalens.DetectionRecipe({options})
fields = [
{calls}
]
count = hemalens.pooled_differential(fields, tissue=recipe.tissue, unsure=recipe.unsure)
print(hemalens.differential_text(count))
"""


@dataclass(frozen=True, slots=True)
class ScriptedImage:
    """One image of a run.

    Attributes
    ----------
    source : Image or Path
        The layer, or the file.
    regions : tuple of Region
        Where to look; empty: everywhere.
    frame : Frame
        Which frame, for an image with several; of a file, the recipe says it.
    """

    source: Image | Path
    regions: tuple[Region, ...] = ()
    frame: Frame = ()


def as_python(asked: Sequence[ScriptedImage], recipe: DetectionRecipe) -> str:
    """Return a script that finds the same cells; options left at their default are left out."""
    options = recipe.model_dump(exclude_defaults=True)
    listed = ", ".join(f"{name}={value!r}" for name, value in options.items())
    sized = len(asked) > 1 and recipe.pixel_size_um is None  # each image has its own, then
    calls = [f"    {call}," for one in asked for call in _calls(one, sized)]
    body = _BODY.format(options=listed, calls="\n".join(calls))
    return _HEAD.format(version=__version__) + _imports(asked) + body


def _calls(asked: ScriptedImage, sized: bool) -> list[str]:
    size = pixel_size_um(asked.source) if sized and isinstance(asked.source, Image) else None
    extra = "" if size is None else f", pixel_size_um={size:.6g}"
    if isinstance(asked.source, Image) and _in_viewer(asked):
        extra += f", axes={axes_of(asked.source)!r}"  # an array cannot say it
    if asked.frame and isinstance(asked.source, Image):
        extra += f", frame={asked.frame}"
    regions = [f", region={region}" for region in asked.regions] or [""]
    return [f"hemalens.detect({_image(asked)}, recipe{extra}{region})" for region in regions]


def _image(asked: ScriptedImage) -> str:
    if _in_viewer(asked):
        return f"viewer.layers[{asked.source.name!r}].data"
    sample = _sample(asked)
    return f"{sample}()[0][0]" if sample else repr(_path(asked))


def _in_viewer(asked: ScriptedImage) -> bool:
    """Return whether the pixels have to come from the viewer."""
    # A file with several frames too: it may count its axes in another way than the layer.
    return (bool(asked.frame) and isinstance(asked.source, Image)) or (_path(asked) is None and not _sample(asked))


def _path(asked: ScriptedImage) -> str | None:
    return str(asked.source) if isinstance(asked.source, Path) else asked.source.source.path


def _sample(asked: ScriptedImage) -> str:
    """Return the function that makes one of our own samples, or nothing."""
    made = None if isinstance(asked.source, Path) else asked.source.source.sample
    return made[1] if made is not None and made[0] == _PLUGIN else ""


def _imports(asked: Sequence[ScriptedImage]) -> str:
    """Return the imports, and where pixels that are in no file come from."""
    samples = sorted({_sample(one) for one in asked} - {""})
    unsaved = any(_in_viewer(one) for one in asked)
    lines = ["", "import napari"] if unsaved else [""]
    lines.append("import napari_hemalens as hemalens")
    if samples:
        lines.append(f"from napari_hemalens.gui.sample_data import {', '.join(samples)}")
    return "\n".join(lines) + "\n" + (_CONSOLE if unsaved else "")
