"""What a worker does for a slide, without a cluster."""

from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import ClusterError, ImageError
from napari_hemalens.inference.tile_plan import plan_tiles
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.records.detections import Detections, Provenance

pytest.importorskip("distributed")

from napari_hemalens.workflows.same_run import SameRun
from napari_hemalens.workflows.slide_calls import SlideJob, find_in_tiles, look_first, name_cells


@pytest.fixture
def job(untrained: DetectorCard, tmp_path: Path) -> SlideJob:
    pixels = np.random.default_rng(0).integers(80, 255, (420, 540, 3), dtype=np.uint8)
    iio.imwrite(tmp_path / "a.png", pixels)
    recipe = DetectionRecipe(
        weights=str(untrained.file), pixel_size_um=0.15, device="cpu", tile=160, overlap=32, runtime="torch"
    )
    return SlideJob(SameRun.of(untrained.file), tmp_path / "a.png", recipe)


def test_the_first_look_finds_the_cells_of_a_small_image_only(job: SlideJob) -> None:
    small = replace(job, recipe=job.recipe.model_copy(update={"tile": 640}))
    origin = look_first(job)
    assert isinstance(look_first(small), Detections)
    assert isinstance(origin, Provenance)
    assert (origin.image, origin.pixel_size_um, origin.pixel_size_source) == (str(job.path), 0.15, "given")


def test_a_slide_and_its_weights_are_opened_once(job: SlideJob) -> None:
    assert job.slide() is job.slide()
    assert job.finder() is job.finder()
    iio.imwrite(job.path, np.full((300, 300, 3), 200, np.uint8))
    assert job.slide().shape == (300, 300)


def test_tiles_are_answered_in_the_order_asked(job: SlideJob) -> None:
    origin = look_first(job)
    assert isinstance(origin, Provenance)
    plan = plan_tiles(job.slide(), job.finder().detector.card, job.recipe, pixel_size_um=0.15)
    some = replace(plan, tiles=plan.tiles[::-5])
    assert [raw.tile for raw in find_in_tiles(job, some, origin)] == list(some.tiles)


def test_a_worker_that_computes_by_other_packages_is_refused(job: SlideJob) -> None:
    other = Provenance(versions={"torch": "0.1"})
    plan = plan_tiles(job.slide(), job.finder().detector.card, job.recipe)
    with pytest.raises(ClusterError, match=r"A worker computes by torch .*, another one by 0\.1"):
        find_in_tiles(job, replace(plan, tiles=plan.tiles[:1]), other)


def test_cells_without_a_classifier_are_not_named(job: SlideJob) -> None:
    origin = Provenance(versions=job.finder().runtime.versions)
    with pytest.raises(ImageError, match="have no classifier"):
        name_cells(job, np.arange(1), np.array([[0.0, 0.0, 50.0, 50.0]]), origin)


def test_an_image_that_is_not_there_is_a_sentence(job: SlideJob, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"Cannot read .*gone\.png: there is no such file"):
        look_first(replace(job, path=tmp_path / "gone.png"))
