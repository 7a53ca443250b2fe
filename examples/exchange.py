"""Hand the cells of a smear to other programs: AnnData, Parquet, QuPath and OME-Zarr, each opened again.

    python examples/exchange.py [IMAGE]

Needs `pip install "napari-hemalens[exchange]"`; the results lie in `cells_for_others`.
"""

import json
import sys
from pathlib import Path

import anndata
import pyarrow.parquet
import zarr

import napari_hemalens as hemalens
from napari_hemalens.formats import export
from napari_hemalens.progress import finish
from napari_hemalens.slides.open import open_image
from napari_hemalens.workflows.ome_zarr import write_ome_zarr_steps

SAMPLE = Path(__file__).parents[1] / "sample_data" / "blood_smear.tif"
image = sys.argv[1] if len(sys.argv) > 1 else SAMPLE

cells = hemalens.detect(image, tissue="blood")
h5ad, parquet, geojson = export([cells], "cells_for_others", ["h5ad", "parquet", "geojson"])

# scanpy and squidpy start here: classes in obs, measurements in X, x and y in obsm["spatial"].
found = anndata.read_h5ad(h5ad)
print(f"AnnData: {found.n_obs} cells, {', '.join(found.var_names)}")
diameters = found.to_df()["box_diameter_um"].astype(float)
print(diameters.groupby(found.obs["class"], observed=True).median().round(1).to_string())

# One row a cell, with types; where it comes from is in the metadata.
table = pyarrow.parquet.read_table(parquet)
about = json.loads(table.schema.metadata[b"hemalens"])
print(f"Parquet: {table.num_rows} rows, {table.num_columns} columns, weights {about['images'][0]['weights']}")

# QuPath: drop the file on the open image.
(file,) = geojson.glob("*.geojson")
first = json.loads(file.read_text(encoding="utf-8"))["features"][0]
print(f"QuPath: {first['properties']['objectType']} {first['id']} is {first['properties']['classification']['name']}")

# OME-Zarr: the image with its cells in one folder, for napari and web viewers.
with open_image(image) as slide:
    target = finish(write_ome_zarr_steps(slide, cells, Path("cells_for_others/smear.ome.zarr")))
group = zarr.open_group(target, mode="r")
print(f"OME-Zarr: {group['0'].shape} pixels, {group['tables/cells/obs/cell'].shape[0]} cells")
