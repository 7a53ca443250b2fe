"""What a worker does for the cells of a large image, without a cluster."""

from pathlib import Path

import pytest
from tests.workflows.wide_image import CELLS, classified, naming_recipe

from napari_hemalens.errors import ClusterError, ImageError
from napari_hemalens.models.cards import ClassifierCard

pytest.importorskip("distributed")

from napari_hemalens.workflows import block_calls
from napari_hemalens.workflows.block_calls import BlockJob, look, prepare, put_together
from napari_hemalens.workflows.same_run import SameRun


@pytest.fixture
def job(untrained_classifier: ClassifierCard, tmp_path: Path) -> BlockJob:
    recipe = naming_recipe(untrained_classifier)
    asked = classified(tmp_path, recipe)
    return BlockJob(SameRun.of(recipe.weights), asked.only(0), tmp_path / "blocks", asked.batch.keys[0])


def test_an_image_of_few_blocks_is_one_call(job: BlockJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_calls, "_MANY", 18)
    answer = prepare(job)
    assert answer is not None
    parts, unpictured = answer
    assert (len(parts["cells"]), unpictured) == (CELLS, {})
    assert not job.folder.exists()


def test_weights_and_image_are_opened_once(job: BlockJob) -> None:
    assert job.blocks() is None
    assert prepare(job) is None
    assert job.blocks() == 2
    assert job.networks() is job.networks()
    assert job.opened() is job.opened()


def test_a_block_that_was_damaged_is_a_sentence(job: BlockJob) -> None:
    prepare(job)
    assert look(job, 0) + look(job, 1) == CELLS
    job.file(0).write_bytes(b"no record")
    with pytest.raises(ImageError, match="is damaged: delete it, and give the same command"):
        put_together(job)


def test_a_worker_with_other_packages_is_refused(job: BlockJob, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(job)
    monkeypatch.setattr(block_calls, "_versions", lambda _: {"torch": "0.1"})
    with pytest.raises(ClusterError, match=r"A worker computes by torch 0\.1"):
        look(job, 0)


def test_cells_that_are_gone_are_a_sentence(job: BlockJob) -> None:
    with pytest.raises(ImageError, match=r"The cells of .*wide\.tif are gone from .*blocks: begin anew"):
        look(job, 0)
