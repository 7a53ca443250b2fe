"""Results are read back as they were counted, also where their images are gone."""

from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance, pooled_differential
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.taxonomy import ICSH, MARROW_12
from napari_hemalens.reports.assay import summary
from napari_hemalens.reports.classes import write_cells, write_summary
from napari_hemalens.reports.design import Sample
from napari_hemalens.reports.detections import write_run
from napari_hemalens.reports.stored_results import StoredAssay, StoredSmear, read_stored
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.workflows import write_results

NAMES = ("myelocyte", "myelocyte", "erythroblast", "lymphocyte", "erythrocyte")


def detected(image: str, notes: tuple[str, ...] = ()) -> Detections:
    classes = np.array([ICSH.classes.index(name) for name in NAMES])
    novelty = np.array([0.1, 2.0, 0.1, 0.1, np.nan], np.float32)
    return Detections.from_arrays(
        [[0, 10 * k, 9, 10 * k + 8] for k in range(5)],
        [0.9, 0.8, 0.7, 0.6, 0.5],
        classes,
        names=ICSH.classes,
        recognised=MARROW_12.classes,
        image_shape=(60, 80),
        naming=Naming.from_certainty(
            ICSH.classes, classes, np.array([0.9, 0.4, 0.8, 0.7, np.nan], np.float32), novelty
        ),
        provenance=Provenance(image=image, pixel_size_um=0.2, weights="w", sha256="ab", notes=notes),
    )


def classified(image: str, given: int) -> Classified:
    found = Classified(
        np.array([1, 2, 5, 7]),
        np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]], np.float32),
        np.array([0, 1, 0, 1]),
        ("micronucleus", "none"),
        np.array([[9.5, 9.5], [9.5, 30.5], [30.5, 9.5], [30.5, 30.5]]),
        np.array([100, 110, 120, 130]),
        (60, 80),
        Provenance(image=image, pixel_size_um=0.2, weights="w"),
    )
    return found.with_corrections([-1, given, -1, -1])


def test_a_differential_comes_back_as_it_was_counted(tmp_path: Path) -> None:
    note = "Out of focus: granulocytes are then named erythroblasts; take the image again."
    seen = ReviewedBoxes.from_run(detected("gone/a.tif", (note,))).with_classes(np.array([3]), ["plasma_cell"])
    fields = [seen.current(0), detected("gone/b.tif")]
    write_results(fields, DetectionRecipe(), tmp_path)
    stored = read_stored(tmp_path)
    assert isinstance(stored, StoredSmear)
    told = pooled_differential(fields)
    for part in ("rows", "beside", "unsure", "tissue", "nucleated", "notes"):
        assert getattr(stored.differential, part) == getattr(told, part), part
    assert [row.given for row in stored.differential.rows if row.name == "plasma_cell"] == [1]
    assert [(image.name, image.path) for image in stored.images] == [("a.tif", None), ("b.tif", None)]
    assert stored.fields["b.tif"].unsure.sum() == 1


def test_classes_that_nobody_knows_are_named(tmp_path: Path) -> None:
    strange = Detections.from_arrays(
        [[0, 0, 9, 9]], [1], [0], names=("blobocyte",), image_shape=(20, 20), provenance=Provenance(image="a.tif")
    )
    write_results([strange], DetectionRecipe(tissue="blood"), tmp_path)
    stored = read_stored(tmp_path)
    assert isinstance(stored, StoredSmear)
    assert (stored.differential.unknown, stored.differential.tissue) == ({"blobocyte": 1}, "blood")


def test_an_assay_comes_back_with_cells_design_and_comparison(tmp_path: Path) -> None:
    results = [classified("a.tif", 0), classified("b.tif", 1)]
    cells = [np.array([1, 1, 2, 0]), np.array([3, 3, 4, 4])]
    design = {"a.tif": Sample("A", "control"), "b.tif": Sample("A", "10uM")}
    counted = summary(results, cells=cells, design=design)
    compared = counted.compare("control", "10uM")
    write_cells(results, tmp_path / "cells.csv", cells=cells)
    write_summary(counted, tmp_path / "summary.csv", compared)
    write_run(results, {"task": "micronucleus", "compare": ["control", "10uM"]}, tmp_path / "run.json")
    stored = read_stored(tmp_path)
    assert isinstance(stored, StoredAssay)
    assert stored.summary == counted
    assert stored.comparison == compared.sentence
    assert stored.results["a.tif"].correction_kinds.tolist() == results[0].correction_kinds.tolist()
    assert stored.results["a.tif"].centres == pytest.approx(results[0].centres)


def test_whole_images_come_back_as_fields(tmp_path: Path) -> None:
    results = [classified("a.tif", 0), classified("b.tif", 1)]
    counted = summary(results, of_fields=True)
    write_cells(results, tmp_path / "cells.csv")
    write_summary(counted, tmp_path / "summary.csv")
    write_run(results, {"task": "field"}, tmp_path / "run.json")
    stored = read_stored(tmp_path)
    assert isinstance(stored, StoredAssay)
    assert stored.summary == counted


def test_results_without_a_cell_are_read(tmp_path: Path) -> None:
    write_cells([classified("a.tif", 0).with_corrections([-1] * 4)], tmp_path / "cells.csv")
    lines = (tmp_path / "cells.csv").read_text().splitlines()
    (tmp_path / "cells.csv").write_text(lines[0] + "\n")
    write_run([], {"task": "micronucleus"}, tmp_path / "run.json")
    stored = read_stored(tmp_path)
    assert isinstance(stored, StoredAssay)
    assert (stored.summary, stored.comparison) == (None, "")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="holds no results of HemaLens"):
        read_stored(tmp_path)
