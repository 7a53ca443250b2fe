"""AnnData (`.h5ad`), which scanpy and squidpy read: cells with classes, measurements, probabilities and places.

https://anndata.readthedocs.io. `X` holds the measurements, `obs` the table of cells, `obsm` what has several values a
cell, `uns` colours of the classes and where the cells come from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.extras import require_packages
from napari_hemalens.formats.csv import NEEDED, cells_rows, drafts_of_rows, table_columns
from napari_hemalens.formats.draft import finish_drafts
from napari_hemalens.formats.provenance import KEY, image_drafts, provenance_text
from napari_hemalens.formats.tables import TEXTS, TableRow, check_columns
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.measurements import BOX_MEASUREMENTS
from napari_hemalens.records.palette import colour_of

PACKAGES = ("anndata",)


@dataclass(frozen=True, slots=True, eq=False)
class CellsTable:
    """Cells of any number of images, as AnnData holds them.

    Attributes
    ----------
    rows : sequence of mapping
        The cells, by column; what is not known is None. `image`, `cell` and `class` are needed.
    columns : tuple of str
        The columns, in their order.
    measured : tuple of str
        Those that are measurements, which go into `X`.
    centres : (N, 2) float64
        Centres as y, x in level-0 pixels.
    about : str
        Where the cells come from, see `provenance.provenance_text`.
    arrays : mapping of str to (N, D) array
        What has several values a cell, by its name in `obsm`.
    names : mapping of str to sequence of str
        What the columns of an array are called, by the array's name.
    """

    rows: Sequence[Mapping[str, Any]]
    columns: tuple[str, ...]
    measured: tuple[str, ...]
    centres: NDArray[np.float64]
    about: str
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_anndata(self) -> Any:
        """Return the `anndata.AnnData`; `obsm['spatial']` is x, y in pixels, as squidpy has it.

        Raises
        ------
        AnnotationError
            If anndata is not installed.
        """
        require_packages("AnnData", PACKAGES, "exchange")
        import anndata  # noqa: PLC0415 -- of an extra
        import pandas as pd  # noqa: PLC0415

        numbers = [[row.get(name) for name in self.measured] for row in self.rows]
        values = np.array(numbers, dtype=np.float32).reshape(len(self.rows), len(self.measured))
        made = anndata.AnnData(X=values)
        kept = [name for name in self.columns if name not in self.measured]
        columns = {name: _column(name, [row.get(name) for row in self.rows]) for name in kept}
        made.obs = pd.DataFrame(columns, index=made.obs_names)
        # AnnData turns names into pandas' texts, some of which its writer does not know.
        made.obs.index = pd.Index([f"{row['image']}#{row['cell']}" for row in self.rows], dtype=object)
        made.var.index = pd.Index(list(self.measured), dtype=object)
        made.obsm["spatial"] = self.centres[:, ::-1].astype(np.float64)
        for name, array in self.arrays.items():
            made.obsm[name] = array
        for name, called in self.names.items():
            made.uns[f"{name}_names"] = np.array(called, dtype=object)
        colours = [colour_of(str(name)) for name in made.obs["class"].cat.categories]
        made.uns |= {"class_colors": np.array(colours, dtype=object), KEY: self.about}
        return made


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find a file there."""
    return split is None and _file(path).suffix.lower() == ".h5ad" and _file(path).is_file()


def read(path: Path, *, split: str | None = None) -> tuple[Detections, ...]:
    """Read the cells of a file that was written here, or of the `cells.h5ad` of a folder: one record per image."""
    del split
    require_packages("AnnData", PACKAGES, "exchange")
    import anndata  # noqa: PLC0415 -- of an extra
    from anndata._io.specs.registry import IORegistryError  # noqa: PLC0415 -- public nowhere else

    try:
        found = anndata.read_h5ad(_file(path))
    except IORegistryError as error:  # an Exception of its own, which no reader of other formats raises
        raise ValueError(f"it holds something that anndata does not know ({error})") from error
    return fields_of(found, _file(path))


def fields_of(found: Any, file: Path) -> tuple[Detections, ...]:
    """Return the cells of an `anndata.AnnData`, one record per image; `file` is for messages and beside the images."""
    table = found.obs
    check_columns(file, table.columns, NEEDED, "cells")
    about = found.uns.get(KEY)
    drafts = {} if about is None else image_drafts(file, str(about))
    values = table.astype(object).where(table.notna(), "").to_numpy()
    rows = (TableRow(table.columns, [str(value) for value in row], line) for line, row in enumerate(values, start=1))
    return finish_drafts(list(drafts_of_rows(file, rows, drafts).values()))


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write the cells; probabilities are there where a classifier named the cells of all images."""
    write_table(detected_table(fields), path)


def write_table(table: CellsTable, path: Path) -> None:
    """Write a table of any cells; a failed write leaves no file.

    Raises
    ------
    AnnotationError
        If anndata is not installed.
    """
    made = table.to_anndata()
    with writing(path) as temporary:
        made.write_h5ad(temporary, compression="gzip")


def detected_table(fields: Sequence[Detections]) -> CellsTable:
    """Return detected cells as a table: the rows of `csv.cells_rows`, and probabilities where all are known."""
    namings = [each.naming for each in fields if each.naming is not None and each.naming.asked.any()]
    same = len(namings) == len(fields) and len({naming.names for naming in namings}) == 1
    return CellsTable(
        cells_rows(fields),
        table_columns(),
        tuple(BOX_MEASUREMENTS),
        _stacked([each.centres for each in fields], 2),
        provenance_text(fields),
        {"probabilities": _stacked([each.posterior for each in namings], len(namings[0].names))} if same else {},
        {"probabilities": namings[0].names} if same else {},
    )


def _stacked(arrays: Iterable[NDArray[Any]], width: int) -> NDArray[Any]:
    return np.concatenate([np.empty((0, width)), *arrays])


def _column(name: str, values: Sequence[Any]) -> Any:
    """Return a column: texts as categories, whole numbers where all are known, else numbers with NaN."""
    import pandas as pd  # noqa: PLC0415 -- of an extra

    if name in TEXTS:
        known = [value for value in dict.fromkeys(values) if value is not None]
        place = {value: index for index, value in enumerate(known)}
        return pd.Categorical.from_codes([place.get(v, -1) for v in values], categories=pd.Index(known, dtype=object))
    whole = bool(values) and all(isinstance(value, int) for value in values)
    return np.array(values, dtype=np.int64 if whole else np.float64)


def _file(path: Path) -> Path:
    return path / "cells.h5ad" if path.is_dir() else path
