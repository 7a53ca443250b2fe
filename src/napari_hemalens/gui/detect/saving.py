"""Results into a folder, as they are on screen."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import HemaLensError, ImageError
from napari_hemalens.gui.copying import Copied, copy_steps
from napari_hemalens.gui.detect.edited_fields import EditedFields
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.layers import slide_opener
from napari_hemalens.gui.unsaved import SAVED
from napari_hemalens.records.detections import Detections
from napari_hemalens.workflows import write_results
from napari_hemalens.workflows.detection import files_of_results
from napari_hemalens.workflows.images import Slide, open_image
from napari_hemalens.workflows.ome_zarr import ImageCopy, names_of_copies, split_formats


@dataclass(frozen=True, slots=True, eq=False)
class DetectedCells:
    """Several results that are saved together, as they are at one moment.

    Attributes
    ----------
    fields : tuple of Detections
        One an image.
    images : tuple of callable
        Each opens its image, or raises ImageError where that has left the viewer.
    recipe : DetectionRecipe
        How cells were found, and are counted.
    failed : mapping of str to str
        Images that could not be looked at, with the reason of each.
    """

    fields: tuple[Detections, ...]
    images: tuple[Callable[[], Slide], ...]
    recipe: DetectionRecipe
    failed: Mapping[str, str]

    @classmethod
    def from_results(cls, results: EditedFields, recipe: DetectionRecipe, failed: Mapping[str, str]) -> Self:
        """Return results as they are on screen; to be called in the thread of the window."""
        return cls(results.detections(), tuple(map(_image_opener, results.fields)), recipe, failed)

    @property
    def copies(self) -> list[ImageCopy]:
        """The images with their cells."""
        return [ImageCopy(image, cells) for image, cells in zip(self.images, self.fields, strict=True)]


def save_steps(found: DetectedCells, folder: Path, formats: Sequence[str]) -> Generator[str, None, None]:
    """Write cells in some formats, the counts and how they came about; yields sentences, what was done at the end."""
    try:
        in_tables, in_zarr = split_formats(formats)
        written = write_results(found.fields, found.recipe, folder, formats=in_tables, failed=found.failed)
    except (HemaLensError, OSError) as error:
        yield f"Nothing could be saved in {folder}: {error}"
        return
    names = f"{', '.join(path.name for path in written)} in {folder}."
    if in_zarr and in_tables:
        yield f"{SAVED} {names}"  # also where the copies are stopped
    copied = (yield from copy_steps(found.copies, folder)) if in_zarr else Copied()
    kept = in_tables or not copied.failed  # else corrections are in no file
    yield f"{SAVED if kept else 'Written:'} {names} {copied.words}".rstrip()


def files_of_detected(found: DetectedCells, folder: Path, formats: Sequence[str]) -> tuple[Path, ...]:
    """Return the files and folders that `save_steps` writes.

    Raises
    ------
    AnnotationError
        If a format needs a package that is not installed.
    """
    in_tables, in_zarr = split_formats(formats)
    copies = names_of_copies(found.fields) if in_zarr else ()
    return tuple(folder / name for name in (*files_of_results(in_tables), *copies))


def _image_opener(f: Field) -> Callable[[], Slide]:
    """Return what opens the image of a field, in any thread: its layer, else its file."""
    if f.image is not None:
        return slide_opener(f.image, f.frame)
    return partial(_gone, f.name) if f.path is None else partial(open_image, f.path, frame=f.frame)


def _gone(name: str) -> Slide:
    raise ImageError(f"The layer of {name} was removed: to copy its pixels, open it and run again.")
