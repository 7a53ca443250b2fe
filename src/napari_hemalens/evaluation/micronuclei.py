"""Evaluation of micronucleus counts against manual counts."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import named_cells
from napari_hemalens.formats.tables import read_rows
from napari_hemalens.progress import Progress, Steps, counted
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.segmentation import micronuclei
from napari_hemalens.slides.open import open_image

_MANY = 3  # micronuclei from which on a nucleus is one of 'three or more'
_NAMES = ("0", "1", "2", "3+")


@dataclass(frozen=True, slots=True)
class CountReport:
    """Figures of the counts on one part of one data set.

    Attributes
    ----------
    data, part : str
        What it was measured on.
    images, nuclei, micronucleated : int
        How many there are; micronucleated: of those nuclei that truly have a micronucleus.
    exact, error : float
        Of the micronucleated, their class given: share whose count is right, and mean absolute error.
    exact_of_ones, error_of_ones : float
        The same where each of them is taken to have one, as without counting.
    sensitivity, precision : float
        Of bodies as a sign of their own, no class given: share of the micronucleated at which one is found, and share
        of the nuclei with a body that are micronucleated.
    confusion : tuple of tuple of int
        Nuclei by true (rows) and reported count 0, 1, 2, 3 or more, the class given.
    """

    data: str
    part: str
    images: int
    nuclei: int
    micronucleated: int
    exact: float
    error: float
    exact_of_ones: float
    error_of_ones: float
    sensitivity: float
    precision: float
    confusion: tuple[tuple[int, ...], ...]

    def text(self) -> str:
        """Return the figures as a text."""
        rows = [
            f"| {name} | " + " | ".join(map(str, row)) + " |" for name, row in zip(_NAMES, self.confusion, strict=True)
        ]
        return "\n".join(
            [
                f"{self.data} ({self.part}): {counted(self.images, 'image')}, {self.nuclei:,} nuclei, "
                f"{self.micronucleated:,} of them with micronuclei",
                "",
                "| of these, class given | exact count | mean absolute error |",
                "|---|---:|---:|",
                f"| counted | {self.exact:.3f} | {self.error:.3f} |",
                f"| each taken to have one | {self.exact_of_ones:.3f} | {self.error_of_ones:.3f} |",
                "",
                "| true, reported: | " + " | ".join(_NAMES) + " |",
                "|---|---:|---:|---:|---:|",
                *rows,
                "",
                f"By bodies alone, no class given: sensitivity {self.sensitivity:.3f}, precision {self.precision:.3f}.",
            ]
        )

    def write(self, out: Path) -> None:
        """Write `report.json` and `report.md` to a folder."""
        with writing(out / "report.json") as file:
            file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        with writing(out / "report.md") as file:
            file.write_text(self.text() + "\n", encoding="utf-8")


def evaluate_steps(data: Path, *, split: str, out: Path | None) -> Steps[CountReport]:
    """Measure the counts; see `workflows.evaluate_micronuclei_steps`."""
    fields = named_cells.read(data, split=split)
    known = true_counts(data / f"{split}.csv")
    true, seen = [], []
    for i, field in enumerate(fields):
        nuclei = CellMap.from_labels(field.label_image())
        with open_image(field.image) as slide:
            counts = micronuclei.find_micronuclei(slide, nuclei).counts
        named = np.isin(nuclei.ids, field.ids)  # outlines that the table leaves out are nuclei all the same
        seen.append(counts[named])
        true.append(np.array([known[field.image.stem, n] for n in nuclei.ids[named].tolist()], dtype=np.int64))
        yield Progress(i + 1, len(fields), field.image.name)
    report = measure_counts(
        np.concatenate(true), np.concatenate(seen), data=data.resolve().name, part=split, images=len(fields)
    )
    if out is not None:
        report.write(out)
    return report


def true_counts(table: Path) -> dict[tuple[str, int], int]:
    """Return the micronuclei of each nucleus, by the stem of its image and its number.

    Raises
    ------
    AnnotationError
        If the table has no whole numbers in columns `nucleus` (or `cell`) and `micronuclei`.
    """
    rows = read_rows(table, ("image", "micronuclei"), "micronuclei", optional=("nucleus", "cell"))
    try:
        return {
            (Path(row["image"]).stem, int(row.get("nucleus") or row["cell"])): int(row["micronuclei"]) for row in rows
        }
    except (KeyError, ValueError) as error:
        raise AnnotationError(
            f"{table} has to give a whole number of micronuclei for each nucleus, in a column micronuclei: {error}."
        ) from error


def measure_counts(
    true: NDArray[np.int64], seen: NDArray[np.int64], *, data: str, part: str, images: int
) -> CountReport:
    """Return the figures of counts seen (N,) against true ones (N,); a share of nothing is not a number."""
    has = true > 0
    reported = np.where(has, np.maximum(seen, 1), 0)
    confusion = np.zeros((_MANY + 1, _MANY + 1), dtype=np.int64)
    np.add.at(confusion, (np.minimum(true, _MANY), np.minimum(reported, _MANY)), 1)
    return CountReport(
        data,
        part,
        images,
        nuclei=len(true),
        micronucleated=int(has.sum()),
        exact=_mean((reported == true)[has]),
        error=_mean(np.abs(reported - true)[has]),
        exact_of_ones=_mean((true == 1)[has]),
        error_of_ones=_mean((true - 1)[has]),
        sensitivity=_mean((seen > 0)[has]),
        precision=_mean(has[seen > 0]),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def _mean(values: NDArray[np.bool_] | NDArray[np.int64]) -> float:
    return float(values.mean()) if len(values) else float("nan")
