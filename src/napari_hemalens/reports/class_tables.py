"""Tables of classified cells in several formats, each the same cells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import FORMATS, h5ad, parquet
from napari_hemalens.formats.h5ad import CellsTable
from napari_hemalens.formats.provenance import provenance_text
from napari_hemalens.records.classified import Classified
from napari_hemalens.reports.classes import cells_rows, measured_names, table_columns, write_cells

EMBEDDING = "X_embedding"
"""Name of the embedding in `obsm`, where scanpy looks for one."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassTable:
    """Classified cells of several images, with what is known of them besides.

    Attributes
    ----------
    results : sequence of Classified
        One per image, all with the same classes; corrected already.
    cells, micronuclei : sequence of (N,) int64, or None
        As in `classes.cells_rows`.
    """

    results: Sequence[Classified]
    cells: Sequence[NDArray[np.int64] | None] | None = None
    micronuclei: Sequence[NDArray[np.int64] | None] | None = None

    def write(self, out: Path, formats: Sequence[str]) -> tuple[Path, ...]:
        """Write the cells in formats of `CLASS_FORMATS` into a folder; returns the files.

        Raises
        ------
        AnnotationError
            If a format is not known or its package is not there, or the images have different classes.
        """
        targets = tuple(out / FORMATS[name].target for name in check_class_formats(formats))
        for name, target in zip(formats, targets, strict=True):
            CLASS_FORMATS[name](self, target)
        return targets

    @property
    def columns(self) -> list[str]:
        """The columns of the table."""
        return table_columns(self.results, belongs_to=bool(self.cells), micronuclei=bool(self.micronuclei))

    def to_annotated(self) -> CellsTable:
        """Return the cells as AnnData holds them; an embedding is there where all images have one."""
        results = self.results
        classes = results[0].names if results else ()
        arrays = {"probabilities": _stacked([each.probabilities for each in results])}
        embeddings = [each.embeddings for each in results if each.embeddings is not None]
        if embeddings and len(embeddings) == len(results):
            arrays[EMBEDDING] = _stacked(embeddings)
        return CellsTable(
            cells_rows(results, cells=self.cells, micronuclei=self.micronuclei),
            tuple(name for name in self.columns if not name.startswith("p_")),
            measured_names(results),
            _stacked([each.centres + 0.5 for each in results]).reshape(-1, 2),
            provenance_text(results),
            arrays,
            {"probabilities": classes},
        )


def check_class_formats(formats: Sequence[str], *, beside: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the names of formats unchanged; `beside` are those that the caller takes, too, and has taken out.

    Raises
    ------
    AnnotationError
        If one is not for classified cells, or needs a package that is not installed.
    """
    for name in formats:
        if name not in CLASS_FORMATS:
            known = ", ".join((*CLASS_FORMATS, *beside))
            raise AnnotationError(f"No format {name!r} of classified cells. Known: {known}.")
        if hint := FORMATS[name].install_hint:
            raise AnnotationError(hint)
    return tuple(formats)


def _write_csv(table: ClassTable, path: Path) -> None:
    write_cells(table.results, path, cells=table.cells, micronuclei=table.micronuclei)


def _write_parquet(table: ClassTable, path: Path) -> None:
    rows = cells_rows(table.results, cells=table.cells, micronuclei=table.micronuclei)
    parquet.write_table(rows, table.columns, path, about=provenance_text(table.results))


def _write_h5ad(table: ClassTable, path: Path) -> None:
    h5ad.write_table(table.to_annotated(), path)


CLASS_FORMATS: Mapping[str, Callable[[ClassTable, Path], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "h5ad": _write_h5ad,
}
"""What writes classified cells, by name of the format."""


def _stacked(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(arrays) if arrays else np.empty((0, 0))
