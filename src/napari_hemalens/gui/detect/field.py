"""One image, or one frame of it, with its detected cells."""

from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Layer
from numpy.typing import NDArray

from napari_hemalens.gui.detect.drawing import Drawing
from napari_hemalens.gui.detect.matching import matched
from napari_hemalens.gui.detect.shown import joined
from napari_hemalens.gui.frames import Framed
from napari_hemalens.gui.image_names import has_file_name
from napari_hemalens.gui.layers import placement_of
from napari_hemalens.gui.running import Stop, nothing
from napari_hemalens.records.detections import Detections
from napari_hemalens.review.boxes import ReviewedBoxes, ShownBoxes
from napari_hemalens.workflows.images import Frame
from napari_hemalens.workflows.kept_images import KeptImage


@dataclass(eq=False, slots=True)
class Field:
    """One image, its cells, and where they are shown.

    Attributes
    ----------
    name : str
        The image.
    cells : ReviewedBoxes
        Its cells; replaced with every change.
    image : Image or None
        The layer of its pixels; None once a person has deleted it, or while a field of a folder is not shown.
    path : Path or None
        The file, for a field of a folder.
    frame : Frame
        Which frame: where the sliders of the image stood; for a file as a person said it.
    placement : mapping
        What puts a layer over the image.
    drawing : Drawing or None
        The layer of its cells; of the nucleated ones alone where there are many.
    small : Drawing or None
        The points of its red cells and platelets, where there are many cells.
    hidden : bool
        Whether it is counted without being shown, as the fields of a folder are but for one.
    origin : KeptImage or None
        Where the image is, as a project keeps it.
    layer_name : str
        What its layer is called, or was when it was removed; empty where there was none.
    is_file : bool
        Whether it is known by a file: renaming its layer leaves its cells what they are.
    following, behind : bool
        Whether the layer is being drawn, and whether the cells have changed since that began.
    """

    name: str
    cells: ReviewedBoxes = field(default_factory=lambda: ReviewedBoxes.from_run(Detections.empty((), (0, 0))))
    image: Image | None = None
    path: Path | None = None
    frame: Frame = ()
    placement: Mapping[str, Any] = field(default_factory=dict)
    drawing: Drawing | None = None
    small: Drawing | None = None
    hidden: bool = False
    origin: KeptImage | None = None
    layer_name: str = ""
    is_file: bool = False
    following: bool = False
    behind: bool = False
    stop_drawing: Stop = field(default=nothing, repr=False)

    @property
    def drawings(self) -> tuple[Drawing, ...]:
        """Where its cells are shown: one layer, two, or none yet."""
        return tuple(each for each in (self.drawing, self.small) if each is not None)

    @property
    def place(self) -> Mapping[str, Any]:
        """What puts a layer over its image as that lies now: a person may have given it another pixel size."""
        return self.placement if self.image is None else placement_of(self.image)

    def __post_init__(self) -> None:
        if self.image is not None:
            self.layer_name, self.is_file = self.image.name, has_file_name(self.image)
        self.is_file = self.is_file or self.path is not None

    def follow_name(self) -> bool:
        """Go by the name that a person has given the layer meanwhile; return whether it is another one."""
        if self.image is None or self.path is not None or self.image.name == self.layer_name:
            return False
        known = self.name.startswith(self.layer_name)
        self.name = self.image.name + (self.name.removeprefix(self.layer_name) if known else "")
        self.layer_name = self.image.name
        return True

    def renamed(self, cells: Detections) -> Detections:
        """Return cells of it as of the image that is called what it is called now."""
        if self.is_file or not self.layer_name:
            return cells
        return replace(cells, provenance=replace(cells.provenance, image=self.layer_name))

    @property
    def header(self) -> Detections:
        """What a layer says of the cells that it shows: all but the cells themselves."""
        return self.renamed(self.cells.cells.take(np.zeros(0, dtype=np.int64)))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of its cells."""
        return tuple(each.layer for each in self.drawings)

    @property
    def shown(self) -> ShownBoxes:
        """What these show together, in their order."""
        return joined([each.shown for each in self.drawings])

    @property
    def chosen(self) -> list[int]:
        """Which boxes a person has selected, as places in `shown`."""
        places: list[int] = []
        start = 0
        for each in self.drawings:
            count = len(each.shown.rows)
            places += [start + int(i) for i in sorted(each.layer.selected_data) if i < count]
            start += count
        return places

    @property
    def selected(self) -> list[int]:
        """Which cells a person has selected, as rows of `cells`."""
        return [int(row) for row in self.shown.rows[self.chosen]]

    def choose(self, places: Collection[int]) -> None:
        """Select boxes, by their places in `shown`, and no others."""
        start = 0
        for each in self.drawings:
            end = start + len(each.shown.rows)
            wanted = {int(place) - start for place in places if start <= place < end}
            if {*each.layer.selected_data} != wanted:
                each.layer.selected_data = wanted
                each.layer.refresh(data_displayed=False, extent=False, thumbnail=False)
            start = end

    def choose_again(self, boxes: NDArray[np.float32]) -> None:
        """Select boxes (N, 4) that were selected before, where a cell of another class has gone to another layer."""
        if len(boxes) > len(self.chosen):
            places, _ = matched(self.shown.boxes, boxes)
            with ExitStack() as writing:
                for each in self.drawings:
                    writing.enter_context(each.writing())
                self.choose(places.tolist())

    def first_of(self, drawing: Drawing) -> int:
        """Return which of all boxes in `shown` is the first of a layer."""
        before = self.drawings[: self.drawings.index(drawing)]
        return sum(len(each.shown.rows) for each in before)

    @property
    def seen(self) -> bool:
        """Whether its pixels are on screen, and its cells as far as they are drawn."""
        shown = not self.hidden and self.image is not None and self.image.visible
        return shown and all(layer.visible for layer in self.layers)

    @property
    def framed(self) -> Framed:
        """The layers of the cells, and the frame that they are of."""
        return Framed(self.layers, self.image, self.frame)

    def named(self, name: str | None) -> ReviewedBoxes:
        """Return the cells, those that are selected given a class, or (None) with theirs confirmed."""
        rows = np.array(self.selected, dtype=np.int64)
        names = self.cells.cells.class_names[rows] if name is None else [name] * len(rows)
        return self.cells.with_classes(rows, names) if len(rows) else self.cells

    def is_of_same_image(self, other: "Field") -> bool:
        """Return whether another field is of the same image, or frame of it."""
        same = (self.image is not None and self.image is other.image) or (
            self.path is not None and self.path == other.path
        )
        return same and self.frame == other.frame
