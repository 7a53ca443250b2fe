"""Rendered cells with known classes, in the layout of `formats.named_cells`: images, label images and tables."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.rendering.files import save
from napari_hemalens.rendering.lymphoblasts import render_lymphoblasts
from napari_hemalens.rendering.micronucleus_assay import render_assay


def make_assay(
    out: Path, *, shape: tuple[int, int] = (1000, 1000), seed: int = 7, pixel_size_um: float = 0.35
) -> tuple[Path, ...]:
    """Write one field of the micronucleus assay in two stains; return the files.

    `truth.csv` lists the nuclei with their micronuclei, `cells.csv` the cells with their class, both once per stain:
    the two images show the same field, and their label images are the same.
    """
    field = render_assay(shape, pixel_size_um=pixel_size_um, seed=seed)
    images: dict[str, NDArray[Any]] = {"fluorescence": field.fluorescence(seed), "giemsa": field.giemsa(seed)}
    labels = {"nuclei": field.nuclei, "cells": field.cells, "micronuclei": field.micronuclei}
    written = []
    for name, image in images.items():
        for folder, pixels in {"images": image, **labels}.items():
            written.append(out / folder / f"{name}.tif")
            save(pixels, written[-1], pixel_size_um)
    tables: dict[str, Sequence[Mapping[str, int | str]]] = {
        "truth.csv": list(field.rows()),
        "cells.csv": _number_cells(field.cell_classes),
    }
    for file, table in tables.items():
        written.append(out / file)
        _write_table(({"image": name, **row} for name in images for row in table), written[-1])
    return tuple(written)


def make_lymphoblasts(
    out: Path, *, shape: tuple[int, int] = (1200, 1200), seed: int = 3, pixel_size_um: float = 0.11
) -> tuple[Path, ...]:
    """Write one field of a smear with lymphoblasts; return the files."""
    field = render_lymphoblasts(shape, pixel_size_um=pixel_size_um, seed=seed)
    image, labels, table = out / "images" / "smear.tif", out / "cells" / "smear.tif", out / "truth.csv"
    save(field.image, image, pixel_size_um)
    save(field.labels, labels, pixel_size_um)
    _write_table(({"image": "smear", **row} for row in _number_cells(field.class_names.tolist())), table)
    return image, labels, table


def _number_cells(classes: Sequence[str]) -> list[dict[str, int | str]]:
    return [{"cell": number, "class": name} for number, name in enumerate(classes, 1)]


def _write_table(rows: Iterable[Mapping[str, object]], path: Path) -> None:
    rows = list(rows)
    with writing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
