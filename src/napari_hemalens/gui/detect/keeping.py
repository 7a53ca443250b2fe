"""What Detect keeps in a project while a person works, and shows again when the project is opened. No Qt."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.gui.detect.display import BoxFilter
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.results import Results
from napari_hemalens.gui.keeping import FindImage, ResultsKeeper, Snapshot
from napari_hemalens.gui.kept_layers import kept_image, placed
from napari_hemalens.gui.layers import placement_of
from napari_hemalens.gui.unsaved import SavedStates
from napari_hemalens.workflows.cards import changed_weights
from napari_hemalens.workflows.detected_work import KIND, DetectedWork, KeptBoxes, PastStep, write_detected
from napari_hemalens.workflows.kept_images import KeptImage
from napari_hemalens.workflows.work import Work

_OF_RESULTS = ("score_threshold", "tissue", "tissue_prior", "unsure", "next_class")


class DetectionKeeper(ResultsKeeper[Results, Field, DetectionRecipe]):
    """The work of Detect in one viewer.

    Parameters
    ----------
    results : Results
        Fields and cells.
    saved : SavedStates
        Which of them are in files.

    Attributes
    ----------
    options : DetectionRecipe
        What is filled in in the dock.
    """

    kind = KIND

    def __init__(self, results: Results, saved: SavedStates[Field]) -> None:
        super().__init__(results, saved, DetectionRecipe())
        results.changed.connect(self.changed.emit)

    def snapshot(self) -> Snapshot:
        """Return the work as it is now."""
        results = self._results
        score = results.score_threshold
        images = tuple(KeptBoxes(_origin(f), f.name, f.cells, f.frame, f.hidden, score) for f in results.fields)
        past = tuple(PastStep(*step) for step in results.past)
        work = DetectedWork(images, self._choices(), past)
        return Snapshot(partial(write_detected, work=work), partial(self._saved.keep, dict(self._saved.now)))

    def clashes(self, work: Work) -> int:
        """Return how many cells a person corrected of images that a project keeps, too."""
        kept = {(each.image.file or each.image.name, each.frame) for each in work.detected}
        ours = ((_origin(f), f) for f in self._results.fields)
        return sum(f.cells.n_corrections for origin, f in ours if (origin.file or origin.name, f.frame) in kept)

    def take(self, work: Work, find: FindImage) -> Sequence[str]:
        """Show the work of a project; return a sentence where its weights are others now."""
        results, choices = self._results, work.detect.choices
        if not choices:
            return ()
        fields = [_field(each, find) for each in work.detected]
        shown = [f for f, each in zip(fields, work.detected, strict=True) if f.path is not None and not each.hidden]
        for name in _OF_RESULTS:
            setattr(results, name, choices[name])
        results.choose_small_cells(choices.get("small_cells", results.small_cells))  # before 0.2, nobody chose
        results.choose_display(BoxFilter(**choices["display"]))
        results.show_kept(fields, [(step.tissue, step.tissue_prior, step.cells) for step in work.detect.past])
        for f in shown:
            results.opened.emit(f)
        self._saved.keep({f: f.cells for f in fields})
        self._take_options(choices["options"])
        return changed_weights(each.reviewed.cells.provenance for each in work.detected)

    def release(self) -> None:
        """Let go of all cells, which are kept where they are."""
        self._results.let_go()

    def _choices(self) -> dict[str, Any]:
        results, display = self._results, self._results.display
        return {
            "options": self._said_options,
            **{name: getattr(results, name) for name in _OF_RESULTS},
            "small_cells": results.small_cells,
            "display": {name: getattr(display, name) for name in ("only", "smallest_um", "largest_um")},
        }


def _origin(f: Field) -> KeptImage:
    """Return where the image of a field is; of one whose layer was removed, where it was."""
    if f.image is not None and f.path is None:
        f.origin = kept_image(f.image)
    elif f.origin is None and f.path is not None:
        f.origin = KeptImage(f.name, f.cells.cells.image_shape, file=str(f.path.resolve()))
    return f.origin or KeptImage(f.name, f.cells.cells.image_shape)


def _field(each: KeptBoxes, find: FindImage) -> Field:
    """Return the field of an image of a project."""
    image = each.image
    if image.file and not image.layer:
        path = Path(image.file)
        return Field(each.title, each.reviewed, path=path, frame=each.frame, hidden=True, origin=image)
    layer = find(image)
    place = placed(image.layer, 2) if layer is None else placement_of(layer)
    return Field(
        each.title, each.reviewed, layer, frame=each.frame, placement=place, origin=replace(image, source=None)
    )
