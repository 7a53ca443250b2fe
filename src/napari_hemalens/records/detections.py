"""Cells detected in an image: the record that all parts of HemaLens exchange."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_hemalens.errors import ImageError
from napari_hemalens.progress import counted
from napari_hemalens.records.corrections import UNNAMED_KINDS, Correctable, Corrections
from napari_hemalens.records.differential import Differential, Tissue, UnsureCells, differential
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.notes import pooled_notes
from napari_hemalens.records.taxonomy import ICSH, MARROW_12, Taxonomy


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result comes from, so that it can be reproduced.

    Attributes
    ----------
    image : str
        Name or path of the image.
    pixel_size_um : float or None
        Micrometres per pixel of the image; None where it is not known.
    pixel_size_source : str
        'given', 'image' (read from the file or layer), 'estimated' (from the red cells), 'assumed' (from how large
        cells of the kind are) or 'unknown'.
    weights, sha256 : str
        The weights and the hash of their file; empty for boxes drawn by a person.
    recipe : mapping
        Options of the run, as plain values.
    versions : mapping of str to str
        Packages the run depended on.
    licences : mapping of str to str
        The licence of each file of weights, by its name; where it forbids commercial use, that is said first.
    naming : mapping of str to str
        The weights that named the nucleated cells, and the hash of their file; empty: none but `weights`.
    notes : tuple of str
        What speaks against trusting the result, a sentence each (`records.notes`).
    frame : str
        Which frame of an image that has several, as 'T=2,Z=5'; empty where it has one only.
    """

    image: str = ""
    pixel_size_um: float | None = None
    pixel_size_source: str = "unknown"
    weights: str = ""
    sha256: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    naming: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    frame: str = ""

    @property
    def title(self) -> str:
        """What is counted, in tables and on screen: the image, and of one with several frames which, `a.tif [T=2]`."""
        return f"{self.image} [{self.frame}]" if self.frame else self.image

    def depends_on(self, packages: Mapping[str, str]) -> "Provenance":
        """Return the same with further packages, and their versions, that the run depended on."""
        return replace(self, versions={**self.versions, **packages})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Detections(Correctable):
    """Cells found in one image, best first.

    Attributes
    ----------
    boxes : (N, 4) float32
        Corners as y0, x0, y1, x1 in level-0 pixels; the far edge is excluded.
    scores : (N,) float32
        Confidence in 0-1; 1 for a box drawn by a person.
    classes : (N,) int64
        Index into `names`.
    names : tuple of str
        All classes that `classes` refers to.
    image_shape : (int, int)
        Height and width of the image in level-0 pixels.
    recognised : tuple of str
        Classes that the weights can predict; others can only be assigned by a person.
    provenance : Provenance
        Where the cells come from.
    corrections : Corrections or None
        What a person changed, with the network's predictions; None: nothing.
    naming : Naming or None
        What a classifier of nucleated cells says of each; None: the classes are those of the detector.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    names: tuple[str, ...]
    image_shape: tuple[int, int]
    recognised: tuple[str, ...] = MARROW_12.classes
    provenance: Provenance = field(default_factory=Provenance)
    corrections: Corrections | None = None
    naming: Naming | None = None

    @classmethod
    def from_arrays(
        cls,
        boxes: ArrayLike,
        scores: ArrayLike,
        classes: ArrayLike,
        *,
        corrections: Corrections | None = None,
        naming: Naming | None = None,
        **rest: Any,
    ) -> Self:
        """Build a record from array-likes: checked, clipped to the image, sorted best first.

        `corrections` and `naming` are in the order of the arrays; `rest` are the remaining attributes. Boxes without
        area inside the image are dropped.
        """
        corners = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
        found = np.asarray(scores, dtype=np.float32).reshape(-1)
        index = np.asarray(classes, dtype=np.int64).reshape(-1)
        if not len(corners) == len(found) == len(index):
            raise ImageError(
                f"{len(corners)} boxes, {len(found)} scores and {len(index)} classes: each cell needs one of each."
            )
        if corrections is not None and len(corrections) != len(index):
            raise ImageError(
                f"{len(corrections)} corrections do not fit {counted(len(index), 'cell')}: one per cell, '' for none."
            )
        height, width = rest["image_shape"]
        corners = np.clip(corners, 0, np.array([height, width, height, width], dtype=np.float32))
        order = np.argsort(-found, kind="stable")
        order = order[np.all(corners[order, 2:] > corners[order, :2], axis=1)]
        return cls(
            corners[order],
            found[order],
            index[order],
            corrections=None if corrections is None else corrections.take(order),
            naming=None if naming is None else naming.take(order),
            **rest,
        )

    @classmethod
    def empty(cls, names: Sequence[str], image_shape: tuple[int, int], **rest: Any) -> Self:
        """Return a result without cells."""
        return cls.from_arrays([], [], [], names=tuple(names), image_shape=image_shape, **rest)

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def class_names(self) -> NDArray[np.str_]:
        """The class of each cell by name: shape (N,)."""
        return np.array(self.names or ("",), dtype=np.str_)[self.classes]

    @property
    def centres(self) -> NDArray[np.float32]:
        """Centre of each box as y, x: shape (N, 2)."""
        return ((self.boxes[:, :2] + self.boxes[:, 2:]) / 2).astype(np.float32)

    @property
    def areas(self) -> NDArray[np.float32]:
        """Area of each box in square pixels: shape (N,)."""
        height, width = (self.boxes[:, 2:] - self.boxes[:, :2]).T
        area: NDArray[np.float32] = height * width
        return area

    @property
    def unsure(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells that are unlike all that the classifier learned from, and that nobody has named."""
        if self.naming is None:
            return np.zeros(len(self), dtype=np.bool_)
        unsure: NDArray[np.bool_] = self.naming.unsure & ~self.named
        return unsure

    @property
    def named(self) -> NDArray[np.bool_]:
        """Mask (N,) of the cells whose class a person gave or confirmed."""
        named: NDArray[np.bool_] = ~np.isin(self.correction_kinds, UNNAMED_KINDS)
        return named

    @property
    def certainty(self) -> NDArray[np.float32]:
        """Probability (N,) of the class that each cell has, in 0-1, by the classifier; NaN where it was not asked."""
        certainty = np.full(len(self), np.nan, dtype=np.float32)
        if self.naming is None:
            return certainty
        column = {name: index for index, name in enumerate(self.naming.names)}
        columns = np.array([column.get(name, -1) for name in self.names], dtype=np.int64)[self.classes]
        known = np.flatnonzero(columns >= 0)
        certainty[known] = self.naming.posterior[known, columns[known]]
        return certainty

    @property
    def novelty(self) -> NDArray[np.float32]:
        """Distance (N,) to the cells that the classifier learned from, see `Naming`; NaN where not measured."""
        return np.full(len(self), np.nan, dtype=np.float32) if self.naming is None else self.naming.novelty

    @property
    def _corrections(self) -> Corrections:
        return self.corrections or Corrections.none(self.classes, self.scores)

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return the cells selected by a mask or an index; removed cells stay on record."""
        return replace(
            self,
            boxes=self.boxes[keep],
            scores=self.scores[keep],
            classes=self.classes[keep],
            corrections=None if self.corrections is None else self.corrections.take(keep),
            naming=None if self.naming is None else self.naming.take(keep),
        )

    def above(self, score_threshold: float) -> Self:
        """Return the cells with a score of at least `score_threshold`; the same goes for removed cells."""
        kept = self.take(self.scores >= score_threshold)
        if kept.corrections is None:
            return kept
        removed = kept.corrections.removed_scores >= score_threshold
        return replace(kept, corrections=kept.corrections.take_removed(removed))

    def to_taxonomy(self, taxonomy: Taxonomy) -> Self:
        """Return the cells in another taxonomy's classes; cells without a class there are dropped."""
        lookup = taxonomy.lookup(self.names)
        classes = lookup[self.classes]
        kept = replace(
            self,
            classes=classes,
            names=taxonomy.classes,
            recognised=taxonomy.recognised_by(self.recognised),
            corrections=None if self.corrections is None else self.corrections.map_classes(lookup),
        )
        return kept.take(classes >= 0)

    def counts(self) -> dict[str, int]:
        """Return the number of cells of each class that has any."""
        found, numbers = np.unique(self.class_names, return_counts=True)
        return {str(name): int(number) for name, number in zip(found, numbers, strict=True)}

    def differential(
        self, taxonomy: Taxonomy = ICSH, tissue: Tissue = "marrow", unsure: UnsureCells = "apart"
    ) -> Differential:
        """Return the differential count of this image."""
        return pooled_differential([self], taxonomy, tissue, unsure)


def pooled_differential(
    fields: Iterable[Detections],
    taxonomy: Taxonomy = ICSH,
    tissue: Tissue = "marrow",
    unsure: UnsureCells = "apart",
) -> Differential:
    """Return one differential over several fields, whose counts are added.

    Cells that the classifier is unsure about are counted apart, or under their likeliest class.
    """
    totals: dict[str, int] = {}
    recognised: dict[str, None] = {}
    images = []
    apart = 0
    for detections in fields:
        images.append((detections.provenance.title, detections.provenance.notes))
        recognised |= dict.fromkeys(detections.recognised)
        left_out = detections.unsure if unsure == "apart" else np.zeros(len(detections), dtype=np.bool_)
        apart += int(left_out.sum())
        for name, count in detections.take(~left_out).counts().items():
            totals[name] = totals.get(name, 0) + count
    names = [name for name, _ in images]
    counted = differential(totals, tuple(recognised), taxonomy=taxonomy, tissue=tissue, fields=names)
    return replace(counted, unsure=apart, notes=pooled_notes(images))
