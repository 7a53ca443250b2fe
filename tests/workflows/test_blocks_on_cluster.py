"""An image by blocks gives the cells of one process, after a stop, too: here without workers, call by call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from tests.workflows.wide_image import CELLS, classified, naming_recipe, write_wide

from napari_hemalens import workflows
from napari_hemalens.config.options import ClassificationRecipe, ExplanationRecipe, SegmentationRecipe
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.records.classified import Classified
from napari_hemalens.workflows.batch import start_batch
from napari_hemalens.workflows.classified_images import ClassifiedImages
from napari_hemalens.workflows.explained_images import ExplainedImages
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity

pytest.importorskip("distributed")

from napari_hemalens.cluster.crew import Call
from napari_hemalens.workflows.block_calls import BlockJob, look
from napari_hemalens.workflows.blocks_on_cluster import BlocksErrand
from napari_hemalens.workflows.same_run import SameRun


@pytest.fixture
def recipe(untrained_classifier: ClassifierCard) -> ClassificationRecipe:
    return naming_recipe(untrained_classifier)


@pytest.fixture
def errand(recipe: ClassificationRecipe, tmp_path: Path) -> BlocksErrand:
    return errand_of(classified(tmp_path, recipe), recipe.weights)


def errand_of(asked: ClassifiedImages | ExplainedImages, weights: str | None) -> BlocksErrand:
    batch = asked.batch
    job = BlockJob(SameRun.of(weights), asked.only(0), batch.out / "blocks", batch.keys[0])
    return BlocksErrand(job, batch, lambda *_: None)


METHODS = ("grad-cam", "grad-cam-middle")


def calls_of(errand: BlocksErrand, answers: list[Any]) -> Iterator[Call]:
    """Yield each call after it was computed here."""
    steps = errand.errand()
    try:
        while True:
            for call in next(steps):
                call.take(call.function(*call.arguments))
                yield call
    except StopIteration as end:
        answers.append(end.value)
    finally:
        steps.close()


def assert_same(one: Classified, other: Classified) -> None:
    for name in ("ids", "probabilities", "classes", "centres", "areas", "embeddings"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert one.measurements is not None
    assert other.measurements is not None
    assert one.measurements.names == other.measurements.names
    np.testing.assert_array_equal(one.measurements.values, other.measurements.values)
    assert (one.names, one.image_shape) == (other.names, other.image_shape)
    assert one.provenance.pixel_size_um == other.provenance.pixel_size_um
    assert one.provenance.recipe | {"relabel": None} == other.provenance.recipe | {"relabel": None}


def test_cells_named_in_blocks_are_those_of_one_process(
    errand: BlocksErrand, recipe: ClassificationRecipe, tmp_path: Path
) -> None:
    answers: list[Any] = []
    calls = list(calls_of(errand, answers))
    assert [call.function for call in calls].count(look) == 2  # 17 blocks, of 64 cells or more a call
    labels = tifffile.imread(tmp_path / "wide.labels.tif")
    alone = workflows.classify(tmp_path / "wide.tif", labels, recipe)
    assert len(alone) == CELLS
    assert_same(answers[0]["cells"], alone)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out" / "wide.labels.tif"), labels)


def test_an_image_that_was_stopped_looks_at_no_block_twice(errand: BlocksErrand) -> None:
    whole: list[Any] = []
    list(calls_of(errand, whole))
    errand.job.delete()
    stopped = calls_of(errand, [])
    before = [next(stopped) for _ in range(2)]  # the cells, and the first block
    stopped.close()
    answers: list[Any] = []
    after = list(calls_of(errand, answers))
    assert [call.what.partition(" of ")[0] for call in (*before, *after)] == [
        "the cells",
        "block 1",
        "block 2",
        "all blocks",
    ]
    assert_same(answers[0]["cells"], whole[0]["cells"])


def test_heatmaps_of_blocks_meet_without_a_seam(untrained_classifier: ClassifierCard, tmp_path: Path) -> None:
    image, labels = write_wide(tmp_path)
    known = {"device": "cpu", "runtime": "torch", "pixel_size_um": 0.5}
    first, second = (
        ExplanationRecipe.from_options(weights=str(untrained_classifier.file), method=method, **known)
        for method in METHODS
    )
    run = RunIdentity("explain", {}, {})
    batch = start_batch([image], ResultsFolder(tmp_path / "out"), run, endings=(), tables=())
    asked = ExplainedImages([first, second], SegmentationRecipe(), [labels], batch)
    batch.take_over(0, asked.inputs(0))
    answers: list[Any] = []
    list(calls_of(errand_of(asked, first.weights), answers))
    alone = tmp_path / "alone"
    (field,) = finish(workflows.explain_files_steps([image], first, alone, labels=[labels], methods=METHODS)).fields
    np.testing.assert_array_equal(answers[0]["cells"].probabilities, field.probabilities)
    for method in METHODS:
        one, other = (tifffile.imread(folder / f"wide.{method}.tif") for folder in (tmp_path / "out", alone))
        np.testing.assert_array_equal(one, other)
        assert other[:, 1024 * 8 - 4 : 1024 * 8 + 4].any()
        assert (tmp_path / "out" / f"wide.{method}.png").read_bytes() == (alone / f"wide.{method}.png").read_bytes()
