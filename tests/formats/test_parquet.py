"""Cells as Parquet: read back here, and by pandas."""

import json

import pandas as pd
import pyarrow.parquet
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import parquet
from napari_hemalens.formats.csv import cells_rows


def test_corrections_are_read_back(corrected_field, assert_corrected, tmp_path):
    parquet.write([corrected_field], tmp_path / "cells.parquet")
    assert_corrected(parquet.read(tmp_path)[0])


def test_pandas_reads_the_table_with_its_types(corrected_field, tmp_path):
    parquet.write([corrected_field], tmp_path / "cells.parquet")
    found = pd.read_parquet(tmp_path / "cells.parquet")
    assert list(found.columns) == list(cells_rows([corrected_field])[0])
    assert found["class"].tolist() == corrected_field.class_names.tolist()
    assert found["cell"].dtype == "int64"
    assert found["box_width_um"].dtype == "float64"
    assert found["box_width_um"].isna().all()  # no pixel size
    about = json.loads(pyarrow.parquet.read_schema(tmp_path / "cells.parquet").metadata[b"hemalens"])
    assert about["images"][0]["weights"] == "w"


def test_a_table_of_something_else_is_refused(tmp_path):
    pd.DataFrame({"image": ["a"], "price": [3]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(AnnotationError, match=r"b\.parquet is not a table of cells: it lacks the column 'class'"):
        parquet.read(tmp_path / "b.parquet")
