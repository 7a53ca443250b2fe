"""Evaluation of a segmentation against manual outlines.

Two layouts of a folder are known. With `masks/`, each mask says what its pixels are (0 background, 1 cytoplasm,
2 nucleus), and pixels are compared. Label images in `nuclei/`, `labels/` or `cells/`, listed by a table, say which
nucleus a pixel belongs to, and nuclei are compared (see `formats.named_cells`).
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import named_cells
from napari_hemalens.formats.images import IMAGE_SUFFIXES
from napari_hemalens.formats.tables import read_table
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.segmentation.record import Segmentation
from napari_hemalens.segmentation.segment import segment_steps
from napari_hemalens.slides.open import open_image

Compared = Literal["pixels", "nuclei"]
Figures = Mapping[str, float]

IOU = 0.5
"""Intersection over union from which on a nucleus counts as found."""

_ABOUT = {
    "pixels": "Dice: 2 * shared / (found + true) pixels of an image, the mean over images; bad: share of the images in "
    "which the Dice of the cell is below 0.8.",
    "nuclei": f"AP50: matched / (matched + missed + wrong) at IoU >= {IOU}, each nucleus matched once; IoU: mean of "
    "those matched. All images are taken together.",
}


@dataclass(frozen=True, slots=True)
class Outlines:
    """Where an image is, the file with its truth, and the group that it is reported in."""

    image: Path
    truth: Path
    group: str


@dataclass(frozen=True, slots=True)
class SegmentationReport:
    """Figures of a segmentation on one part of one data set.

    Attributes
    ----------
    data, part : str
        What it was measured on.
    compared : str
        'pixels' or 'nuclei'.
    recipe : mapping
        Options of the segmentation.
    overall : mapping of str to float
        Figures of all images.
    groups : mapping of str to mapping
        The same for the images of each group: a source where the data name one, else an image.
    images : mapping of str to mapping
        What was measured in each image.
    """

    data: str
    part: str
    compared: Compared
    recipe: Mapping[str, Any]
    overall: Figures
    groups: Mapping[str, Figures]
    images: Mapping[str, Figures]

    def text(self) -> str:
        """Return the figures as a table for a terminal."""
        rows = self._rows()
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join([first.ljust(wide[0]), *(cell.rjust(w) for cell, w in zip(rest, wide[1:], strict=True))])
            for first, *rest in rows
        ]
        return "\n".join([f"{self.data} ({self.part})", *lines, "", _ABOUT[self.compared]])

    def markdown(self) -> str:
        """Return the figures as a table for a page."""
        head, *rows = ("| " + " | ".join(row) + " |" for row in self._rows())
        return "\n".join([head, "|---" + "|---:" * len(self.overall) + "|", *rows, "", _ABOUT[self.compared], ""])

    def write(self, out: Path) -> None:
        """Write `report.json` and `report.md` to a folder."""
        with writing(out / "report.json") as file:
            file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        with writing(out / "report.md") as file:
            file.write_text(f"# {self.data} ({self.part})\n\n{self.markdown()}", encoding="utf-8")

    def _rows(self) -> list[list[str]]:
        named = [*self.groups.items(), ("all", self.overall)] if len(self.groups) > 1 else [("all", self.overall)]
        return [["", *self.overall], *([name, *map(_shown, figures.values())] for name, figures in named)]


def evaluate_steps(
    data: Path, recipe: SegmentationRecipe, *, split: str, leave_out: int | None, out: Path | None
) -> Steps[SegmentationReport]:
    """Measure a segmentation; see `workflows.evaluate_segmentation_steps`."""
    compared, outlines = outlines_in(data, split)
    kept = [item for i, item in enumerate(outlines) if leave_out is None or i % leave_out]
    if not kept:
        raise AnnotationError(f"No image with a truth in {data}.")
    measure = pixel_figures if compared == "pixels" else nuclei_counts
    images: dict[str, Figures] = {}
    for i, item in enumerate(kept):
        with open_image(item.image, pixel_size_um=recipe.pixel_size_um) as slide:
            found = finish(segment_steps(slide, recipe))
        images[item.image.stem] = measure(found, _read(item.truth, found.labels.shape))
        yield Progress(i + 1, len(kept), item.image.name)
    groups: dict[str, list[Figures]] = defaultdict(list)
    for item in kept:
        groups[item.group].append(images[item.image.stem])
    pooled = pool_pixels if compared == "pixels" else pool_nuclei
    part = split if compared == "nuclei" else "all images"
    report = SegmentationReport(
        data=data.resolve().name,
        part=part if leave_out is None else f"{part} less 1 in {leave_out}",
        compared=compared,
        recipe=recipe.model_dump(mode="json"),
        overall=pooled(list(images.values())),
        groups={name: pooled(rows) for name, rows in sorted(groups.items())},
        images=images,
    )
    if out is not None:
        report.write(out)
    return report


def outlines_in(data: Path, split: str) -> tuple[Compared, list[Outlines]]:
    """Return what a folder lets compare, and its images by name; `split` counts where nuclei are."""
    if not (data / "masks").is_dir():
        fields = named_cells.read(data, split=split)
        return "nuclei", [Outlines(field.image, field.labels, field.image.stem) for field in fields if field.labels]
    sources = _sources(data / "labels.csv")
    masks = {file.stem: file for file in (data / "masks").iterdir() if file.suffix.lower() in IMAGE_SUFFIXES}
    images = sorted(file for file in (data / "images").glob("*") if file.stem in masks)
    return "pixels", [Outlines(file, masks[file.stem], sources.get(file.stem, "")) for file in images]


def pixel_figures(found: Segmentation, mask: NDArray[Any]) -> Figures:
    """Return the Dice of nucleus and of cell."""
    values = np.unique(mask)
    if not set(values.tolist()) <= {0, 1, 2}:
        raise AnnotationError(
            f"A mask holds {', '.join(map(str, values[:6]))}; known: 0 background, 1 cytoplasm, 2 nucleus."
        )
    nuclei = found.labels if found.nuclei is None else found.nuclei
    return {"nucleus": dice(nuclei > 0, mask == 2), "cell": dice(found.labels > 0, mask > 0)}


def nuclei_counts(found: Segmentation, truth: NDArray[Any]) -> Figures:
    """Return how many nuclei there are, how many were found and matched, and the sum of the IoU of the matched."""
    nuclei = found.labels if found.nuclei is None else found.nuclei
    overlaps = match_ids(nuclei, truth)
    true, seen = (len(np.setdiff1d(labels, 0)) for labels in (truth, nuclei))
    return {"nuclei": true, "found": seen, "matched": len(overlaps), "IoU": float(overlaps.sum())}


def pool_pixels(images: Sequence[Figures]) -> Figures:
    """Return the figures of several images: means of the Dice."""
    nucleus, cell = (np.array([image[name] for image in images]) for name in ("nucleus", "cell"))
    means = {"nucleus Dice": float(nucleus.mean()), "cell Dice": float(cell.mean())}
    return {"images": len(images), **means, "bad": float((cell < 0.8).mean())}


def pool_nuclei(images: Sequence[Figures]) -> Figures:
    """Return the figures of several images, their nuclei together; a share of nothing is 0."""
    true, seen, hit, overlap = (sum(image[name] for image in images) for name in ("nuclei", "found", "matched", "IoU"))
    return {
        "nuclei": true,
        "found": seen,
        "matched": hit,
        "AP50": hit / max(1, true + seen - hit),
        "precision": hit / max(1, seen),
        "recall": hit / max(1, true),
        "F1": 2 * hit / max(1, true + seen),
        "IoU": overlap / max(1, hit),
    }


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return twice what two masks share over what both hold; 1 where both are empty."""
    both = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / both if both else 1.0


def match_ids(found: NDArray[Any], truth: NDArray[Any], *, iou: float = IOU) -> NDArray[np.float64]:
    """Return the intersection over union of the pairs of ids that match, the best first; an id matches once."""
    areas = [dict(zip(*np.unique(labels, return_counts=True), strict=True)) for labels in (found, truth)]
    both = (found != 0) & (truth != 0)
    pairs, shared = np.unique(np.stack([found[both], truth[both]]), axis=1, return_counts=True)
    union = [areas[0][one] + areas[1][other] - common for (one, other), common in zip(pairs.T, shared, strict=True)]
    overlap = shared / np.array(union, dtype=np.float64)
    taken: tuple[set[int], set[int]] = (set(), set())
    hits = []
    for k in np.argsort(-overlap, kind="stable"):
        one, other = pairs[:, k].tolist()
        if overlap[k] >= iou and one not in taken[0] and other not in taken[1]:
            taken[0].add(one)
            taken[1].add(other)
            hits.append(overlap[k])
    return np.array(hits, dtype=np.float64)


def _sources(table: Path) -> dict[str, str]:
    """Return the source of each image, where a table names one."""
    if not table.is_file():
        return {}
    return {row.get("image", ""): row.get("source", "") for row in read_table(table)[1]}


def _read(file: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    truth: NDArray[Any] = iio.imread(file)
    if truth.shape != shape:
        raise AnnotationError(f"{file} has {truth.shape} values; its image has {shape}.")
    return truth


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"
