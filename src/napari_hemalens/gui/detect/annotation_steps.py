"""Cells that somebody annotated, in place of a detection: they are shown, counted and corrected like cells found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TypeAlias

import numpy as np

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.gui.detect.jobs import DetectSteps
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.taxonomy import ICSH
from napari_hemalens.workflows.annotations import SIZE_GUESSED, by_meaning, called, join_parts, read_annotations
from napari_hemalens.workflows.images import Region, Slide

_NAMED = 5  # images that a message lists


_Read: TypeAlias = tuple[Path, Detections]
"""The cells of an image, and the file that they are from."""


def annotation_steps(
    files: Sequence[Path], classes: Mapping[str, str] | None = None, *, alone: bool = True
) -> DetectSteps:
    """Return what 'finds' in an image the cells that files of annotations hold for it.

    The score of all is 1: whatever it was, somebody has kept them. An image is known by the name of its file or layer,
    with or without suffix; where it is asked for `alone`, annotations of one image are of it, whatever that is called.
    Classes go by their names here (`records.synonyms`), or as `classes` says. The files are read once, for all images.
    """
    have = f"{files[0].name} has" if len(files) == 1 else f"The {len(files):,} files have"
    read: list[_Read] = []

    def steps(image: Slide, recipe: DetectionRecipe, *, region: Region | None = None) -> Steps[Detections]:
        del recipe, region  # nothing is computed, and annotations are of whole images
        if not read:
            yield Progress(0, 1, f"reading {files[0].name if len(files) == 1 else f'{len(files):,} files'}")
            read.extend(_read_apart(files, classes))
        file, of_image = _of_image(read, image, have, alone=alone)
        (found,) = by_meaning([of_image])
        high, wide = found.boxes[:, 2:].max(axis=0, initial=0)
        if high > image.shape[0] + 1 or wide > image.shape[1] + 1:
            raise AnnotationError(
                f"{file.name} has cells at y {high:.0f}, x {wide:.0f}; the image has {image.shape[0]} x "
                f"{image.shape[1]} px: it is of another image, or of another size of it."
            )
        # Who names cells by ICSH's classes could have named any of them: none there is 0, and not 'not recognised'.
        by_icsh = set(found.names) <= set(ICSH.classes)
        return replace(
            found,
            recognised=ICSH.classes if by_icsh else found.names,
            scores=np.ones_like(found.scores),
            image_shape=(image.shape[0], image.shape[1]),
            provenance=Provenance(
                image=image.name,
                pixel_size_um=image.pixel_size_um,
                notes=(*_notes(found), *_guessed_frame(found, image, file)),
                frame=image.frame,
            ),
        )

    return steps


def _notes(found: Detections) -> tuple[str, ...]:
    """Return what the file says of its cells; the size of the image is that of the layer, and no guess."""
    return tuple(note for note in found.provenance.notes if note != SIZE_GUESSED)


def _guessed_frame(found: Detections, image: Slide, file: Path) -> Iterator[str]:
    if image.frame and not found.provenance.frame:
        yield f"{file.name} does not say of which frame its cells are: they were taken as of {image.frame}."


def _of_image(read: Sequence[_Read], image: Slide, have: str, *, alone: bool) -> _Read:
    name, wanted = PurePath(image.name), called(image.name)
    same = [each for each in read if called(each[1].provenance.image) & wanted]
    if alone and len(read) == 1:  # an image that was renamed
        same = list(read)
    # One that names no frame is of any; one of another frame than that on screen is of that.
    for frame in (image.frame, ""):
        for file, field in same:
            if field.provenance.frame == frame:
                return file, field
    if same:
        frames = ", ".join(field.provenance.frame for _, field in same[:_NAMED])
        raise AnnotationError(f"{have} cells of other frames of {name.name!r}: {frames}; go to one of them.")
    known = [PurePath(field.provenance.image).name for _, field in read]
    listed = ", ".join(known[:_NAMED]) + (" …" if len(known) > _NAMED else "")
    raise AnnotationError(f"{have} no cells of {name.name!r}; name the layer as one of: {listed}.")


def _read_apart(files: Sequence[Path], classes: Mapping[str, str] | None) -> list[_Read]:
    """Return what files hold, image by image.

    Raises
    ------
    AnnotationError
        If one cannot be read, or two hold cells of the same image: nobody knows which are meant.
    """
    read = [(file, field) for file in files for field in join_parts(read_annotations(file, classes=classes))]
    first: dict[str, Path] = {}
    for file, field in read:
        other = first.setdefault(field.provenance.title, file)
        if other != file:
            raise AnnotationError(
                f"Both {other.name} and {file.name} hold cells of {PurePath(field.provenance.title).name!r}: open one."
            )
    return read
