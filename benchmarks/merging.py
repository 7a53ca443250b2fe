"""Merging alone: which of the boxes that tiles report twice is kept.

    python benchmarks/merging.py CONTENDER BOXES

is a lane of `race.py`. The boxes are those of the rendered marrow smear, field beside field: each cell is reported by
as many tiles as see it, a little displaced, and now and then as another class.
"""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lane import serve
from napari_hemalens.formats import coco
from napari_hemalens.slides.stitch import suppress

TRUTH = Path(__file__).parents[1] / "sample_data" / "truth.json"
TWICE = 192 / 576  # share of cells that two tiles see along one axis: overlap over stride
JITTER = 1.5  # pixels by which tiles place a corner differently, standard deviation
CONFUSED = 0.05  # share of reports with another class
IOU = 0.5
CLASSES = 12

Boxes = NDArray[np.float32]


def reports(count: int) -> tuple[Boxes, NDArray[np.float32], NDArray[np.int64]]:
    """Return `count` boxes as y0, x0, y1, x1, their scores and classes, at the density of a marrow smear."""
    rng = np.random.default_rng(0)
    field = next(f for f in coco.read(TRUTH) if "marrow" in f.provenance.image)
    height, width = field.image_shape
    side = math.ceil(math.sqrt(count / len(field)))
    y, x = (part.reshape(-1, 1) for part in np.mgrid[:side, :side])
    offsets = np.concatenate([y * height, x * width] * 2, axis=1)  # (fields, 4)
    boxes = (offsets[:, None] + field.boxes).reshape(-1, 4)
    classes = np.tile(field.classes, side * side)
    seen = (1 + (rng.random((2, len(boxes))) < TWICE)).prod(axis=0)
    boxes, classes = (np.repeat(part, seen, axis=0)[:count] for part in (boxes, classes))
    other = rng.integers(0, CLASSES, count)
    classes = np.where(rng.random(count) < CONFUSED, other, classes)
    boxes = boxes + rng.normal(0, JITTER, boxes.shape)
    return boxes.astype(np.float32), rng.uniform(0.5, 1, count).astype(np.float32), classes


def ours(count: int) -> Callable[[], int]:
    """HemaLens."""
    boxes, scores, classes = reports(count)
    return lambda: len(suppress(boxes, scores, classes, iou=IOU))


def sahi(count: int, kind: str) -> Callable[[], int]:
    """SAHI's suppression or merging of arrays, class by class; its lists of objects are made after it."""
    from sahi.postprocess import combine  # noqa: PLC0415 -- its memory is no other contender's

    boxes, scores, classes = reports(count)
    predictions = np.column_stack([boxes[:, [1, 0, 3, 2]], scores, classes])
    merge = getattr(combine, f"batched_{kind}")
    return lambda: len(merge(predictions, "IOU", IOU))


def torchvision(count: int) -> Callable[[], int]:
    """`torchvision.ops.batched_nms`, on the processor."""
    import torch  # noqa: PLC0415
    from torchvision.ops import batched_nms  # noqa: PLC0415

    boxes, scores, classes = map(torch.from_numpy, reports(count))
    boxes = boxes[:, [1, 0, 3, 2]].contiguous()
    return lambda: len(batched_nms(boxes, scores, classes, IOU))


CONTENDERS: dict[str, Callable[[int], Callable[[], int]]] = {
    "hemalens": ours,
    "sahi nms": lambda count: sahi(count, "nms"),
    "sahi greedy nmm": lambda count: sahi(count, "greedy_nmm"),
    "torchvision": torchvision,
}


def main() -> None:
    """Warm up on a thousand boxes, then run when asked."""
    name, count = sys.argv[1:]
    run, warmup = CONTENDERS[name](int(count)), CONTENDERS[name](1000)
    serve(lambda: {"kept": run()}, warmup)


if __name__ == "__main__":
    main()
