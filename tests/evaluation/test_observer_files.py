"""What observers said is read from results, reviewed tables and annotations."""

from dataclasses import replace

import numpy as np
import pytest

from napari_hemalens.config.agreement import AgreementRecipe
from napari_hemalens.config.options import ClassificationRecipe, DetectionRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.observer_files import NETWORK, read_observer
from napari_hemalens.formats import export
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.reports.assay import summary
from napari_hemalens.reports.classes import write_cells, write_summary
from napari_hemalens.reports.detections import write_run
from napari_hemalens.review.boxes import ReviewedBoxes
from napari_hemalens.review.signing import sign_boxes
from napari_hemalens.workflows import write_results

NAMES = ("blast", "lymphocyte")
BOXES = np.array([[0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 60, 60]], dtype=np.float32)


@pytest.fixture
def corrected():
    """Three cells: one renamed by Ann, one untouched, one removed."""
    origin = Provenance(image="a.tif", weights="w", sha256="0")
    found = Detections.from_arrays(
        BOXES, [0.9, 0.8, 0.7], [0, 1, 0], names=NAMES, image_shape=(80, 80), recognised=NAMES, provenance=origin
    )
    start = ReviewedBoxes.from_run(found)
    cells = start.with_classes(np.array([0]), ["lymphocyte"]).without(np.array([2]))
    return sign_boxes(start, cells, "Ann").current(0.5)


@pytest.fixture
def classified():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]], dtype=np.float32)
    return Classified(
        ids=np.array([3, 5, 8]),
        probabilities=probabilities,
        classes=probabilities.argmax(axis=1),
        names=("micronucleus", "none"),
        centres=np.zeros((3, 2)),
        areas=np.ones(3, dtype=np.int64),
        image_shape=(10, 10),
        provenance=Provenance(image="n.tif", weights="w", sha256="0"),
    )


def test_only_what_a_person_named_in_results_is_read_and_the_rest_said(corrected, tmp_path):
    write_results([corrected], DetectionRecipe(), tmp_path / "ann")
    said = read_observer(tmp_path / "ann")
    assert said.read.observer == "Ann"
    assert sorted(said.read.images["a.tif"].classes.tolist()) == ["", "lymphocyte"]
    assert said.read.notes[0].startswith("Ann: 1 cell that nobody named")
    every = read_observer(tmp_path / "ann", "B.", AgreementRecipe(untouched=True)).read
    assert (every.observer, every.images["a.tif"].classes.tolist()) == ("B.", ["lymphocyte", "lymphocyte"])


def test_red_cells_that_nobody_named_are_read_by_nobody(corrected, tmp_path):
    names = ("blast", "erythrocyte")
    write_results([replace(corrected, names=names, recognised=names)], DetectionRecipe(), tmp_path / "ann")
    said = read_observer(tmp_path / "ann", "", AgreementRecipe(untouched=True)).read
    assert sorted(said.images["a.tif"].classes.tolist()) == ["", "erythrocyte"]  # the one that Ann named
    assert said.notes == ("Ann: 1 red cell or platelet that nobody named is left out, since nobody reads them.",)


def test_the_network_said_what_was_corrected_and_removed_too(corrected, tmp_path):
    write_results([corrected], DetectionRecipe(), tmp_path / "ann")
    network = read_observer(tmp_path / "ann").network
    cells = network.images["a.tif"]
    assert network.observer == NETWORK
    assert sorted(cells.classes.tolist()) == ["blast", "blast", "lymphocyte"]
    assert BOXES[2].tolist() in cells.boxes.tolist()


def test_results_that_nobody_corrected_are_the_network_s(corrected, tmp_path):
    write_results([replace(corrected, corrections=None)], DetectionRecipe(), tmp_path / "run")
    said = read_observer(tmp_path / "run")
    assert (said.read.observer, said.network) == (NETWORK, None)
    assert "" not in said.read.images["a.tif"].classes


def test_annotations_are_read_whole_and_called_after_their_file(corrected, tmp_path):
    export([replace(corrected, corrections=None)], tmp_path / "ben", ["coco"])
    said = read_observer(tmp_path / "ben" / "coco.json").read
    assert said.observer == "coco"
    assert len(said.images["a.tif"].classes) == 2


def test_a_table_of_corrected_boxes_bears_the_name_of_its_observer(corrected, tmp_path):
    export([corrected], tmp_path, ["csv"])
    assert read_observer(tmp_path / "cells.csv").read.observer == "Ann"


def test_classified_cells_are_read_by_their_numbers(classified, tmp_path):
    given = classified.with_corrections(np.array([1, -1, 1]), np.array(["Ann", "", "Ann"]))
    write_cells([given], tmp_path / "cells.csv")
    write_summary(summary([given]), tmp_path / "summary.csv")
    write_run([given], ClassificationRecipe().model_dump(mode="json"), tmp_path / "run.json")
    for place in (tmp_path, tmp_path / "cells.csv"):
        said = read_observer(place)
        assert said.read.observer == "Ann"
        assert said.read.images["n.tif"].classes.tolist() == ["none", "", "none"]
        assert said.network.images["n.tif"].classes.tolist() == ["micronucleus", "micronucleus", "none"]
        assert said.read.images["n.tif"].ids.tolist() == [3, 5, 8]


def test_a_table_of_numbers_and_classes_alone_is_enough(tmp_path):
    (tmp_path / "ben.csv").write_text("image,cell,class\nn.tif,3,none\nn.tif,8,micronucleus\n")
    said = read_observer(tmp_path / "ben.csv")
    assert (said.read.observer, said.network) == ("ben", None)
    assert said.read.images["n.tif"].ids.tolist() == [3, 8]
    (tmp_path / "bad.csv").write_text("image,cell,class\nn.tif,x,none\n")
    with pytest.raises(AnnotationError, match="needs a whole number"):
        read_observer(tmp_path / "bad.csv")
