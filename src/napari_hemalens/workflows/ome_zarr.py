"""An image as OME-Zarr with what was found in it: labels of outlined cells, and a table of them."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import zarr
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.extras import install_hint, require_packages
from napari_hemalens.formats import h5ad
from napari_hemalens.formats.csv import NEEDED
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.formats.h5ad import CellsTable
from napari_hemalens.formats.image_names import is_zarr
from napari_hemalens.formats.naming import file_stems, short_names
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.palette import colour_of
from napari_hemalens.reports.class_tables import ClassTable
from napari_hemalens.slides.ome_zarr_labels import StoredLabels, read_labels
from napari_hemalens.slides.ome_zarr_writing import CELLS, write_image_steps, write_labels_steps
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.failures import DAMAGE, sentence_of

__all__ = [
    "ENDING",
    "OME_ZARR",
    "ImageCopy",
    "StoredLabels",
    "boxes_in",
    "copy_images_steps",
    "missing_package",
    "names_of_copies",
    "read_labels",
    "split_formats",
    "write_ome_zarr_steps",
]

OME_ZARR = "ome-zarr"
"""Name of the format."""

ENDING = ".ome.zarr"
"""Of the folder of an image."""

_REGION = f"labels/{CELLS}"  # what a table of labelled cells is of
_WHAT = "The format ome-zarr"


@dataclass(frozen=True, slots=True, eq=False)
class ImageCopy:
    """An image that is to be copied with its cells.

    Attributes
    ----------
    open : callable
        Makes the slide; raises ImageError where it is not there any more.
    cells : Detections or Classified
        Its cells.
    labels : (H, W) int or None
        The outlines of classified cells.
    """

    open: Callable[[], Slide]
    cells: Detections | Classified
    labels: NDArray[Any] | None = None


def missing_package() -> str:
    """Return what to install for OME-Zarr, in a sentence; empty where nothing is missing."""
    return install_hint(_WHAT, h5ad.PACKAGES, "exchange")


def split_formats(formats: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Return the formats that are tables of all images, and whether OME-Zarr is asked for.

    Raises
    ------
    AnnotationError
        If it is, and its package is not installed.
    """
    asked = OME_ZARR in formats
    if asked:
        require_packages(_WHAT, h5ad.PACKAGES, "exchange")
    return tuple(name for name in formats if name != OME_ZARR), asked


def write_ome_zarr_steps(
    slide: Slide, cells: Detections | Classified, target: Path, *, labels: NDArray[Any] | None = None
) -> Steps[Path]:
    """Write an image with its cells to a folder that appears whole or not at all; yields after every tile.

    Parameters
    ----------
    slide : Slide
        The image; all of its pixels are copied, as they are stored.
    cells : Detections or Classified
        Its cells: a table, `tables/cells`, as AnnData. Their pixel size becomes that of the image, which may state
        none.
    target : Path
        The folder, `*.ome.zarr`; one that is there is replaced.
    labels : (H, W) int, optional
        The outlines of classified cells: `labels/cells`, with class and colour of each.
    """
    size = cells.provenance.pixel_size_um or slide.pixel_size_um
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".") as temporary:
        made = Path(temporary) / target.name
        root = zarr.open_group(made, mode="w", zarr_format=2)
        yield from write_image_steps(replace(slide, pixel_size_um=size), root)
        if labels is not None and isinstance(cells, Classified):
            names = dict(zip(cells.ids.tolist(), cells.class_names.tolist(), strict=True))
            yield from write_labels_steps(
                labels,
                root,
                properties=[{"label-value": number, "class": name} for number, name in names.items()],
                colours={number: (*bytes.fromhex(colour_of(name)[1:]), 255) for number, name in names.items()},
                pixel_size_um=size,
            )
        _write_table(root, cells, labelled=labels is not None)
        if target.exists():
            shutil.rmtree(target)
        made.rename(target)
    return target


def names_of_copies(cells: Sequence[Detections | Classified]) -> tuple[str, ...]:
    """Return the folder of each image that `copy_images_steps` writes."""
    return tuple(f"{stem}{ENDING}" for stem in file_stems([each.provenance.title for each in cells]))


def copy_images_steps(images: Sequence[ImageCopy], out: Path) -> Steps[Mapping[str, str]]:
    """Write each image with its cells to `<stem>.ome.zarr` in a folder; yields after every tile.

    Returns the images that could not be written, with the reason of each; they leave nothing behind.
    """
    cells = [each.cells for each in images]
    failed: dict[str, str] = {}
    targets = [out / name for name in names_of_copies(cells)]
    for done, (image, name, target) in enumerate(zip(images, short_names(cells), targets, strict=True)):
        try:
            with image.open() as slide:
                for step in write_ome_zarr_steps(slide, image.cells, target, labels=image.labels):
                    yield Progress(done, len(images), f"{name}: {step.message}")
        except DAMAGE as error:
            failed[name] = sentence_of(error, name, "Cannot copy")
    return failed


def boxes_in(path: str | Path) -> tuple[Detections, ...]:
    """Return the cells by box that a folder of OME-Zarr holds in a table; none where it holds none.

    Raises
    ------
    AnnotationError
        If there is a table, and anndata is not installed, or the table is damaged.
    """
    place = Path(path)
    table = place / "tables" / CELLS
    if not is_zarr(table):
        return ()
    require_packages("The table of cells", h5ad.PACKAGES, "exchange")
    from anndata.io import read_elem  # noqa: PLC0415 -- of an extra

    with decoding(f"Cannot read the cells in {place}", AnnotationError):
        found = read_elem(zarr.open_group(table, mode="r"))
        if not {*NEEDED} <= {*found.obs.columns}:  # of labels, or of another program
            return ()
        fields = h5ad.fields_of(found, place)
    return tuple(replace(each, provenance=replace(each.provenance, image=str(place))) for each in fields)


def _write_table(root: zarr.Group, cells: Detections | Classified, *, labelled: bool) -> None:
    """Write the cells as AnnData; where they have labels, it says which row is of which label, as SpatialData does."""
    import pandas as pd  # noqa: PLC0415 -- of an extra
    from anndata.io import write_elem  # noqa: PLC0415

    table = _table_of(cells).to_anndata()
    tables = root.create_group("tables")
    if labelled:
        regions = pd.Index([_REGION], dtype=object)
        table.obs["region"] = pd.Categorical.from_codes([0] * table.n_obs, categories=regions)
    write_elem(tables, CELLS, table)
    tables.attrs["tables"] = [CELLS]
    if labelled:
        kind = {"type": "ngff:regions_table", "region": _REGION, "region_key": "region", "instance_key": "cell"}
        tables[CELLS].attrs.update(kind)


def _table_of(cells: Detections | Classified) -> CellsTable:
    return h5ad.detected_table([cells]) if isinstance(cells, Detections) else ClassTable([cells]).to_annotated()
