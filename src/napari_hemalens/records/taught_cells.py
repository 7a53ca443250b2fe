"""The cells of a project, whatever they come from: boxes, labels, a folder of images, or crops."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

CellSource: TypeAlias = Literal["box", "label", "image", "crop"]
"""What a cell was given as: a box, a number in a label image, an image file of its own, a crop of its own."""

_ID_BYTES = 8
_GRID = 4  # parts of a pixel to which a box is rounded before it becomes an id


@dataclass(frozen=True, slots=True)
class TaughtImage:
    """An image with cells.

    Attributes
    ----------
    name : str
        Path of the file, or name of the layer.
    fingerprint : str
        Of its content: the same wherever the file lies (`slides.fingerprint`).
    shape : (int, int)
        Height and width in level-0 pixels.
    pixel_size_um : float or None
        Micrometres a level-0 pixel; None where that is not known.
    """

    name: str
    fingerprint: str
    shape: tuple[int, int]
    pixel_size_um: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TaughtCells:
    """N cells of some images.

    Attributes
    ----------
    images : tuple of TaughtImage
        The images.
    image_index : (N,) int64
        The image of each cell: index into `images`.
    boxes : (N, 4) float32
        y0, x0, y1, x1 in level-0 pixels of its image; the far edge is excluded.
    numbers : (N,) int64
        Number in the label image, or row in what the cell was taken from.
    sources : (N,) str
        What each cell was given as: 'box', 'label', 'image' or 'crop'.
    """

    images: tuple[TaughtImage, ...]
    image_index: NDArray[np.int64]
    boxes: NDArray[np.float32]
    numbers: NDArray[np.int64]
    sources: NDArray[np.str_]

    @classmethod
    def of_image(
        cls, image: TaughtImage, boxes: NDArray[np.float32], numbers: NDArray[np.int64], source: CellSource
    ) -> Self:
        """Return the cells of one image."""
        corners = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
        index, sources = np.zeros(len(corners), dtype=np.int64), np.full(len(corners), source, dtype="<U5")
        return cls((image,), index, corners, numbers.astype(np.int64), sources)

    @classmethod
    def join(cls, parts: Sequence["TaughtCells"]) -> "TaughtCells":
        """Return the cells of several records as one, in their order; an image given twice stays one image."""
        images: dict[str, TaughtImage] = {}
        for part in parts:
            images |= {image.fingerprint: image for image in part.images if image.fingerprint not in images}
        place = {fingerprint: index for index, fingerprint in enumerate(images)}
        where = [np.array([place[image.fingerprint] for image in part.images], dtype=np.int64) for part in parts]
        none = cls.empty()
        return cls(
            tuple(images.values()),
            np.concatenate([none.image_index, *(at[p.image_index] for at, p in zip(where, parts, strict=True))]),
            np.concatenate([none.boxes, *(part.boxes for part in parts)]),
            np.concatenate([none.numbers, *(part.numbers for part in parts)]),
            np.concatenate([none.sources, *(part.sources for part in parts)]),
        )

    @classmethod
    def empty(cls) -> Self:
        """Return a record without cells."""
        none = np.zeros(0, dtype=np.int64)
        return cls((), none, np.zeros((0, 4), dtype=np.float32), none, np.zeros(0, dtype="<U5"))

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def centres(self) -> NDArray[np.float32]:
        """Centre of each box as y, x: (N, 2)."""
        return ((self.boxes[:, :2] + self.boxes[:, 2:]) / 2).astype(np.float32)

    @property
    def areas(self) -> NDArray[np.float32]:
        """Areas (N,) of the boxes, in pixels."""
        area: NDArray[np.float32] = (self.boxes[:, 2:] - self.boxes[:, :2]).prod(axis=1)
        return area

    @property
    def diameters_um(self) -> NDArray[np.float32]:
        """Mean side (N,) of each box in micrometres, or in pixels where no image has a pixel size."""
        sizes = [image.pixel_size_um for image in self.images]
        known = np.array([np.nan if size is None else size for size in sizes], dtype=np.float32)
        scale = np.ones(len(sizes), dtype=np.float32) if np.isnan(known).all() else known
        mean: NDArray[np.float32] = (self.boxes[:, 2:] - self.boxes[:, :2]).mean(axis=1)
        return mean * scale[self.image_index] if len(self) else mean

    @property
    def ids(self) -> NDArray[np.str_]:
        """Names (N,) of the cells, of 16 hexadecimal digits, made of the content of their image and of their box."""
        corners = np.rint(self.boxes * _GRID).astype("<i4")
        begun = {
            at: hashlib.blake2b(self.images[at].fingerprint.encode(), digest_size=_ID_BYTES)
            for at in np.unique(self.image_index).tolist()
        }
        found = []
        for at, corner in zip(self.image_index.tolist(), corners, strict=True):
            digest = begun[at].copy()
            digest.update(corner.tobytes())
            found.append(digest.hexdigest())
        return np.array(found, dtype="<U16")

    def take(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Return the cells selected by a mask or an index; all images stay."""
        parts = {f.name: getattr(self, f.name)[keep] for f in fields(self) if f.name != "images"}
        return replace(self, **parts)
