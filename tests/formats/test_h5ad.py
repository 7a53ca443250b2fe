"""Cells as AnnData: read back here, and by anndata."""

import json
from dataclasses import replace

import anndata
import numpy as np
import pandas as pd
import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import h5ad
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.palette import colour_of

NAMES = ("blast", "lymphocyte", "monocyte")


def test_corrections_are_read_back(corrected_field, assert_corrected, tmp_path):
    h5ad.write([corrected_field], tmp_path / "cells.h5ad")
    assert_corrected(h5ad.read(tmp_path)[0])


@pytest.fixture
def named():
    """Two cells, of which the classifier was asked about the first."""
    probabilities = np.array([[0.7, 0.2, 0.1], [np.nan] * 3], np.float32)
    return Detections.from_arrays(
        [[5, 10, 20, 30], [30, 40, 50, 60]],
        [0.9, 0.5],
        [0, 1],
        names=NAMES,
        image_shape=(60, 90),
        provenance=Provenance(image="a.png", pixel_size_um=0.5, weights="w", sha256="ab"),
        naming=Naming(NAMES, probabilities, np.array([0.5, np.nan], np.float32)),
    )


def test_anndata_reads_classes_places_and_measurements(named, tmp_path):
    h5ad.write([named], tmp_path / "cells.h5ad")
    found = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert found.obs_names.tolist() == ["a.png#1", "a.png#2"]
    assert found.obs["class"].tolist() == ["blast", "lymphocyte"]
    assert found.var_names.tolist() == ["box_height_um", "box_width_um", "box_diameter_um"]
    np.testing.assert_allclose(found.X[:, :2], [[7.5, 10], [10, 10]])
    np.testing.assert_allclose(found.obsm["spatial"], [[20, 12.5], [50, 40]])  # x, y
    assert found.uns["class_colors"].tolist() == [colour_of(name) for name in found.obs["class"].cat.categories]
    assert json.loads(found.uns["hemalens"])["images"][0]["sha256"] == "ab"


def test_probabilities_have_the_names_of_their_classes(named, tmp_path):
    h5ad.write([named], tmp_path / "cells.h5ad")
    found = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert found.uns["probabilities_names"].tolist() == list(NAMES)
    np.testing.assert_allclose(found.obsm["probabilities"][0], [0.7, 0.2, 0.1], atol=1e-6)
    assert np.isnan(found.obsm["probabilities"][1]).all()


def test_probabilities_of_some_images_alone_are_left_out(named, tmp_path):
    h5ad.write([named, replace(named, naming=None)], tmp_path / "cells.h5ad")
    assert "probabilities" not in anndata.read_h5ad(tmp_path / "cells.h5ad").obsm


def test_certainty_and_novelty_are_read_back(named, tmp_path):
    h5ad.write([named], tmp_path / "cells.h5ad")
    (again,) = h5ad.read(tmp_path / "cells.h5ad")
    np.testing.assert_allclose(again.certainty, named.certainty, atol=1e-4)
    np.testing.assert_allclose(again.novelty, named.novelty, atol=1e-4)


def test_cells_of_another_kind_are_refused(tmp_path):
    genes = anndata.AnnData(np.zeros((2, 3)))
    genes.obs.index, genes.var.index = pd.Index([*"ab"], dtype=object), pd.Index([*"xyz"], dtype=object)
    genes.write_h5ad(tmp_path / "genes.h5ad")
    with pytest.raises(AnnotationError, match=r"genes\.h5ad is not a table of cells: it lacks the column 'image'"):
        h5ad.read(tmp_path / "genes.h5ad")
