"""Classified cells in every format are the same cells."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest

from napari_hemalens import extras
from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.records.measurements import Measurements
from napari_hemalens.reports.class_tables import CLASS_FORMATS, ClassTable, check_class_formats


def classified(image, names=("normal", "blast"), *, embedded=True):
    return Classified(
        ids=np.array([3, 8]),
        probabilities=np.array([[0.9, 0.1], [0.2, 0.8]], np.float32),
        classes=np.array([0, 1]),
        names=names,
        centres=np.array([[10.0, 20.0], [30.0, 40.0]]),
        areas=np.array([100, 50]),
        image_shape=(60, 90),
        provenance=Provenance(image=image, pixel_size_um=0.5, weights="w", sha256="ab"),
        measurements=Measurements(("area_um2", "eccentricity"), np.array([[25.0, 0.5], [12.5, np.nan]])),
        embeddings=np.arange(6, dtype=np.float32).reshape(2, 3) if embedded else None,
    )


@pytest.fixture
def table():
    corrected = classified("/d/a.tif").with_corrections([1, -1])
    return ClassTable([corrected, classified("/d/b.tif")], micronuclei=[np.array([0, 0]), np.array([0, 0])])


def test_every_format_has_the_same_cells(table, tmp_path):
    assert [path.name for path in table.write(tmp_path, list(CLASS_FORMATS))] == [
        *("cells.csv", "cells.parquet", "cells.h5ad")
    ]
    text, typed = pd.read_csv(tmp_path / "cells.csv"), pd.read_parquet(tmp_path / "cells.parquet")
    assert list(text.columns) == list(typed.columns)
    assert text["class"].tolist() == typed["class"].tolist() == ["blast", "blast", "normal", "blast"]
    np.testing.assert_allclose(text["area_um2"], typed["area_um2"])
    assert text["eccentricity"].isna().tolist() == typed["eccentricity"].isna().tolist() == [False, True] * 2
    found = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert found.obs["class"].tolist() == text["class"].tolist()
    assert found.obs["corrected"].tolist() == ["class", "", "", ""]


def test_anndata_has_embedding_probabilities_and_places(table, tmp_path):
    table.write(tmp_path, ["h5ad"])
    found = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert found.obs_names.tolist() == ["a.tif#3", "a.tif#8", "b.tif#3", "b.tif#8"]
    assert found.obsm["X_embedding"].shape == (4, 3)
    assert found.uns["probabilities_names"].tolist() == ["normal", "blast"]
    np.testing.assert_allclose(found.obsm["probabilities"][1], [0.2, 0.8])
    np.testing.assert_allclose(found.obsm["spatial"][0], [20.5, 10.5])  # x, y from the corner of the image
    assert found.var_names.tolist() == ["area_um2", "eccentricity"]
    assert not [name for name in found.obs if name.startswith("p_")]
    assert [each["path"] for each in json.loads(found.uns["hemalens"])["images"]] == ["/d/a.tif", "/d/b.tif"]


def test_an_embedding_of_some_images_alone_is_left_out():
    table = ClassTable([classified("a.tif"), classified("b.tif", embedded=False)])
    assert set(table.to_annotated().arrays) == {"probabilities"}


def test_formats_of_boxes_are_refused_and_missing_packages_named(monkeypatch):
    with pytest.raises(AnnotationError, match=r"No format 'voc' of classified cells\. Known: csv, parquet, h5ad"):
        check_class_formats(["csv", "voc"])
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(AnnotationError, match="The format parquet needs pyarrow"):
        check_class_formats(["parquet"])
