"""What the tests of classification share: an image, messages, and the sample assay after a run."""

import csv
from pathlib import Path

import pytest
from napari.layers import Layer

from napari_hemalens.gui import sample_data

ASSAY = Path(__file__).parents[3] / "sample_data" / "micronucleus_assay"
STAIN = "fluorescence"
RESULT = "nuclei: micronucleus"


@pytest.fixture
def said(classifying):
    sentences = []
    classifying.message_sent.connect(sentences.append)
    yield sentences
    assert not any("\n" in sentence for sentence in sentences)  # one line under the button


@pytest.fixture
def image(viewer):
    return viewer.layers["smear"]


@pytest.fixture
def truth():
    """Rows of the rendered nuclei of the fluorescence image, as texts."""
    with (ASSAY / "truth.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["image"] == STAIN]


@pytest.fixture
def add_assay(viewer):
    """What adds an image of the assay, its nuclei and its cells, and returns the first two."""

    def add(stain=STAIN, suffix=""):
        sample = {"fluorescence": sample_data.assay_fluorescence, "giemsa": sample_data.assay_giemsa}[stain]
        image, nuclei, cells, _ = (Layer.create(*layer) for layer in sample())
        for layer, name in ((image, stain), (nuclei, "nuclei"), (cells, "cells")):
            layer.name = f"{name}{suffix}"
            viewer.add_layer(layer)
        return image, nuclei

    return add


@pytest.fixture
def scored(classifying, viewer, runner, question, add_assay):
    """The assay after a run that says of every nucleus that it has a micronucleus."""
    classifying.start_run(*add_assay(), question)
    runner.run()
    return classifying


@pytest.fixture
def corrected(scored, viewer, truth):
    """The same, every nucleus given its true class by a person."""
    layer = viewer.layers[RESULT]
    table = layer.features.copy()
    table["corrected"] = ["micronucleus" if row["has_micronucleus"] == "1" else "none" for row in truth]
    layer.features = table
    return scored


@pytest.fixture
def two(scored, viewer, runner, question, add_assay):
    """Two images of one task, the second with all nuclei called 'none' by a person but the first."""
    scored.start_run(*add_assay(suffix=" 2"), question)
    runner.run()
    layer = viewer.layers["nuclei 2: micronucleus"]
    table = layer.features.copy()
    table["corrected"] = ["micronucleus", *["none"] * (len(table) - 1)]
    layer.features = table
    return scored
