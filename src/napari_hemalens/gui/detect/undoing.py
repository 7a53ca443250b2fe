"""Undo and redo in Detect: what it returns to, and how much of that a project keeps. No Qt."""

from collections.abc import Sequence
from typing import TypeAlias

from napari.layers import Layer

from napari_hemalens.gui.detect.field import Field
from napari_hemalens.records.differential import Tissue
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.history import History

State: TypeAlias = tuple[Tissue, bool, tuple[tuple[Field, ReviewedBoxes], ...]]
"""What undo returns to: tissue, whether it shifts the odds, and the cells of each field."""

Past: TypeAlias = tuple[Tissue, bool, tuple[ReviewedBoxes, ...]]
"""The same of fields that are known."""


class BoxHistory(History[State]):
    """The states of all fields that a person can go back to, and forth again."""

    def let_go(self, image: Layer) -> None:
        """Keep an image no longer that a person removed; its cells come back without it."""
        for _, _, cells in (*self._past, *self._future):
            for f, _ in cells:
                if f.image is image:
                    f.image = None

    def past_of(self, fields: Sequence[Field]) -> tuple[Past, ...]:
        """Return the states that undo returns to, back to where there were other fields."""
        found: list[Past] = []
        for tissue, prior, cells in reversed(self.past):
            if [f for f, _ in cells] != [*fields]:
                break
            found.append((tissue, prior, tuple(each for _, each in cells)))
        return tuple(reversed(found))

    def begin_with(self, fields: Sequence[Field], past: Sequence[Past], others: Sequence[Field]) -> None:
        """Begin anew with the past of some fields, beside which others are as they are now."""
        beside = tuple((f, f.cells) for f in others)
        self.begin((tissue, prior, (*zip(fields, cells, strict=True), *beside)) for tissue, prior, cells in past)
