"""What was clicked, as Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari.layers import Image

from napari_hemalens._version import __version__
from napari_hemalens.gui.layers import pixel_size_um
from napari_hemalens.gui.review import Region
from napari_hemalens.recipes import DetectionRecipe

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
count = hemalens.pooled_differential(fields, tissue=recipe.tissue)
print(hemalens.differential_text(count))
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One image of a run.

    Attributes
    ----------
    source : Image or Path
        The layer, or the file.
    regions : tuple of Region
        Where to look; empty: everywhere.
    frame : tuple of int
        Which frame, for an image with several.
    """

    source: Image | Path
    regions: tuple[Region, ...] = ()
    frame: tuple[int, ...] = ()


def as_python(asked: Sequence[Asked], recipe: DetectionRecipe) -> str:
    """Return a script that finds the same cells; options left at their default are left out."""
    options = recipe.model_dump(exclude_defaults=True)
    listed = ", ".join(f"{name}={value!r}" for name, value in options.items())
    sized = len(asked) > 1 and recipe.pixel_size_um is None  # each image has its own, then
    calls = [f"    {call}," for one in asked for call in _calls(one, sized)]
    body = _BODY.format(options=listed, calls="\n".join(calls))
    return _HEAD.format(version=__version__) + _imports([one.source for one in asked]) + body


def _calls(asked: Asked, sized: bool) -> list[str]:
    size = pixel_size_um(asked.source) if sized and isinstance(asked.source, Image) else None
    extra = "" if size is None else f", pixel_size_um={size:.6g}"
    if asked.frame:
        extra += f", frame={asked.frame}"
    regions = [f", region={region}" for region in asked.regions] or [""]
    return [f"hemalens.detect({_image(asked.source)}, recipe{extra}{region})" for region in regions]


def _image(source: Image | Path) -> str:
    path, sample = _path(source), _sample(source)
    if path is not None:
        return repr(path)
    return f"{sample}()[0][0]" if sample else f"viewer.layers[{source.name!r}].data"


def _path(source: Image | Path) -> str | None:
    return str(source) if isinstance(source, Path) else source.source.path


def _sample(source: Image | Path) -> str:
    """Return the function that makes one of our own samples, or nothing."""
    made = None if isinstance(source, Path) else source.source.sample
    return made[1] if made is not None and made[0] == _PLUGIN else ""


def _imports(sources: Sequence[Image | Path]) -> str:
    """Return the imports, and where pixels that are in no file come from."""
    samples = sorted({_sample(source) for source in sources} - {""})
    unsaved = any(_path(source) is None and not _sample(source) for source in sources)
    lines = ["", "import napari"] if unsaved else [""]
    lines.append("import napari_hemalens as hemalens")
    if samples:
        lines.append(f"from napari_hemalens.gui.sample_data import {', '.join(samples)}")
    return "\n".join(lines) + "\n" + (_CONSOLE if unsaved else "")
