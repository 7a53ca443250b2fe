"""Cells that somebody annotated, in place of a detection: they are shown, counted and corrected like cells found."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

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


def annotation_steps(file: Path, classes: Mapping[str, str] | None = None, *, alone: bool = True) -> DetectSteps:
    """Return what 'finds' in an image the cells that a file of annotations holds for it.

    The score of all is 1: whatever it was, somebody has kept them. An image is known by the name of its file or layer,
    with or without suffix; where it is asked for `alone`, a file of one image is of it, whatever that is called.
    Classes go by their names here (`records.synonyms`), or as `classes` says.
    """

    def steps(image: Slide, recipe: DetectionRecipe, *, region: Region | None = None) -> Steps[Detections]:
        del recipe, region  # nothing is computed, and annotations are of whole images
        yield Progress(0, 1, f"reading {file.name}")
        fields = join_parts(read_annotations(file, classes=classes))
        (found,) = by_meaning([_of_image(fields, image, file, alone=alone)])
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


def _of_image(fields: Sequence[Detections], image: Slide, file: Path, *, alone: bool) -> Detections:
    name, wanted = PurePath(image.name), called(image.name)
    known = [PurePath(f.provenance.image) for f in fields]
    same = [field for field in fields if called(field.provenance.image) & wanted]
    if alone and len(fields) == 1:  # an image that was renamed
        same = list(fields)
    # One that names no frame is of any; one of another frame than that on screen is of that.
    for frame in (image.frame, ""):
        for field in same:
            if field.provenance.frame == frame:
                return field
    if same:
        frames = ", ".join(field.provenance.frame for field in same[:_NAMED])
        raise AnnotationError(f"{file.name} has cells of other frames of {name.name!r}: {frames}; go to one of them.")
    listed = ", ".join(path.name for path in known[:_NAMED]) + (" …" if len(known) > _NAMED else "")
    raise AnnotationError(f"{file.name} has no cells of {name.name!r}; name the layer as one of: {listed}.")
