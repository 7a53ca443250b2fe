"""Parquet: the table of cells with types, and where it comes from, https://parquet.apache.org."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_hemalens.atomic import writing
from napari_hemalens.extras import require_packages
from napari_hemalens.formats.csv import NEEDED, cells_rows, drafts_of_rows, table_columns
from napari_hemalens.formats.draft import finish_drafts
from napari_hemalens.formats.provenance import KEY, image_drafts, provenance_text
from napari_hemalens.formats.tables import TEXTS, TableRow, check_columns
from napari_hemalens.records.detections import Detections

PACKAGES = ("pyarrow",)


def holds(path: Path, split: str | None = None) -> bool:
    """Whether `read` would find a file there."""
    return split is None and _file(path).suffix.lower() == ".parquet" and _file(path).is_file()


def read(path: Path, *, split: str | None = None) -> tuple[Detections, ...]:
    """Read the cells of a file, or of the `cells.parquet` of a folder: one record per image.

    The columns are those of `csv.read_cells`; `split` is none that such files have.
    """
    del split
    require_packages("Parquet", PACKAGES, "exchange")
    import pyarrow.parquet  # noqa: PLC0415 -- of an extra

    file = _file(path)
    table = pyarrow.parquet.read_table(file)
    check_columns(file, table.column_names, NEEDED, "cells")
    about = (table.schema.metadata or {}).get(KEY.encode())
    drafts = {} if about is None else image_drafts(file, about)
    rows = (
        TableRow(table.column_names, ["" if value is None else str(value) for value in row.values()], line)
        for line, row in enumerate(table.to_pylist(), start=1)
    )
    return finish_drafts(list(drafts_of_rows(file, rows, drafts).values()))


def write(fields: Sequence[Detections], path: Path) -> None:
    """Write the rows of `csv.cells_rows`; images without cells are kept, too."""
    write_table(cells_rows(fields), table_columns(), path, about=provenance_text(fields))


def write_table(rows: Sequence[Mapping[str, Any]], columns: Iterable[str], path: Path, *, about: str) -> None:
    """Write a table of any cells.

    Parameters
    ----------
    rows : sequence of mapping
        The cells, by column; what is not known is None.
    columns : iterable of str
        The columns in their order.
    path : Path
        The file.
    about : str
        Where the cells come from, see `provenance.provenance_text`; kept in the metadata under 'hemalens'.
    """
    require_packages("Parquet", PACKAGES, "exchange")
    import pyarrow as pa  # noqa: PLC0415 -- of an extra
    import pyarrow.parquet  # noqa: PLC0415

    arrays = {}
    for name in columns:
        values = [row.get(name) for row in rows]
        whole = any(value is not None for value in values) and all(isinstance(v, int) for v in values if v is not None)
        arrays[name] = pa.array(values, pa.string() if name in TEXTS else pa.int64() if whole else pa.float64())
    table = pa.table(arrays).replace_schema_metadata({KEY: about})
    with writing(path) as temporary:
        pyarrow.parquet.write_table(table, temporary)


def _file(path: Path) -> Path:
    return path / "cells.parquet" if path.is_dir() else path
