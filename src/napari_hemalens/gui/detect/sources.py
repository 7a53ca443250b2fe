"""What a person wants looked at, layers and files, as fields and as the jobs of a run. No Qt."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

from napari.components import ViewerModel
from napari.layers import Image

from napari_hemalens.gui.axes import frame_named, frame_of, frame_title
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.jobs import Job
from napari_hemalens.gui.layers import Where, placement_of, regions_of, slide_opener
from napari_hemalens.workflows.images import Frame, Slide, open_image

Source: TypeAlias = Image | Path
"""An image to be analysed: a layer, or a file of a folder."""


def frame_asked(viewer: ViewerModel | None, source: Source, asked: str | None) -> Frame:
    """Return which frame of an image is meant: the one that is asked for, else the one on screen.

    Raises
    ------
    ImageError
        If the image has no such frame.
    """
    if isinstance(source, Path):
        return asked or ()
    if asked:
        return frame_named(source, asked)
    return () if viewer is None else frame_of(source, viewer.dims.point)


def new_field(source: Source, frame: Frame) -> Field:
    """Return an image that was not looked at yet, without cells."""
    if isinstance(source, Path):
        return Field(source.name, path=source, frame=frame, hidden=True)
    title = frame_title(source, frame)
    name = f"{source.name} [{title}]" if title else source.name
    return Field(name, image=source, frame=frame, placement=placement_of(source))


def job_of(f: Field, source: Source, where: Where, *, sized: bool) -> Job:
    """Return what is to be done for a field, with the pixel size of its layer where `sized`.

    Raises
    ------
    ImageError
        If the region is not inside the image.
    """
    if isinstance(source, Path):
        pixels: Callable[[], Slide] = partial(open_image, source, frame=f.frame)
    else:
        pixels = slide_opener(source, f.frame, sized=sized)
    return Job(lambda: f.name, pixels, regions_of(source, where))
