"""Workers that are processes: the results of one process, whoever dies on the way."""

import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from tests.conftest import write_untrained, write_untrained_detector
from tests.workflows.shared_work import KINDS, SharedWork, until_one_is_done, wait_for_workers, written
from tests.workflows.wide_image import naming_recipe, write_wide

from napari_hemalens import workflows
from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.options import ClassificationRecipe, DetectionRecipe, ExplanationRecipe
from napari_hemalens.errors import ClusterError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.workflows import cell_blocks

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

Detect = Callable[..., Steps[Any]]

SURE = 0.45
"""Score of the surest of what untrained weights find: hundreds of cells, where all 10,000 take long to be written."""

LOCAL = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": ":0"}


@pytest.fixture(scope="module")
def workers() -> Iterator[Any]:
    """Two processes."""
    with distributed.LocalCluster(n_workers=2, **LOCAL) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A slide of 16 tiles, and two fields of one."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("images")
    files = [folder / name for name in ("slide.png", "a.png", "b.png")]
    for file, shape in zip(files, ((420, 540, 3), (96, 128, 3), (96, 128, 3)), strict=True):
        iio.imwrite(file, rng.integers(80, 255, shape, dtype=np.uint8))
    return files


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> DetectionRecipe:
    """Tiles by untrained weights."""
    card = write_untrained_detector(tmp_path_factory.mktemp("weights"))
    known = {"weights": str(card.file), "pixel_size_um": 0.15, "device": "cpu", "runtime": "torch"}
    return DetectionRecipe(**known, tile=160, overlap=32, score_threshold=SURE)


@pytest.fixture(scope="module")
def alone(images: list[Path], recipe: DetectionRecipe, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process writes of the images."""
    folder = tmp_path_factory.mktemp("alone")
    finish(workflows.detect_files_steps(images, recipe, folder))
    return written(folder)


@pytest.fixture
def detect(images: list[Path], recipe: DetectionRecipe, tmp_path: Path) -> Detect:
    """Detect into a folder, on a cluster."""

    def run(out: str, cluster: Any, files: Sequence[Path] = images) -> Steps[Any]:
        at = ClusterRecipe(scheduler=cluster.scheduler_address)
        return workflows.detect_files_steps(files, recipe, tmp_path / out, cluster=at)

    return run


def until_tile(steps: Steps[Any], tile: int) -> Progress:
    """Run until so many tiles of the slide are found."""
    return next(step for step in steps if f"tile {tile} of 16" in step.message)


def test_detection_writes_what_one_process_writes(
    detect: Detect, alone: dict[str, bytes], workers: Any, tmp_path: Path
) -> None:
    batch = finish(detect("shared", workers))
    assert (len(batch.fields), batch.failed) == (3, {})
    assert written(tmp_path / "shared") == alone
    assert not list((tmp_path / "shared").rglob("*.tiles"))


def test_a_worker_that_is_killed_costs_no_cell(
    detect: Detect, alone: dict[str, bytes], workers: Any, tmp_path: Path
) -> None:
    steps = detect("shared", workers)
    until_tile(steps, 3)
    with distributed.Client(workers, set_as_default=False) as client:
        pids = client.run(os.getpid)
        os.kill(next(iter(pids.values())), signal.SIGKILL)
    done = [step.share for step in steps if "drawn" not in step.message]
    assert done == sorted(done)  # what was found stays found
    assert written(tmp_path / "shared") == alone


def test_a_scheduler_that_goes_away_leaves_what_was_found(
    detect: Detect, alone: dict[str, bytes], workers: Any, tmp_path: Path
) -> None:
    with distributed.LocalCluster(n_workers=1, processes=False, **LOCAL) as gone:
        steps = detect("shared", gone)
        until_tile(steps, 5)
        gone.close()
        with pytest.raises(ClusterError, match="the same command goes on from there"):
            finish(steps)
    tiles = [step.message for step in detect("shared", workers) if "tile" in step.message]
    assert int(tiles[0].partition("tile ")[2].split()[0]) > 5
    finish(detect("shared", workers))
    assert written(tmp_path / "shared") == alone


def test_a_stop_leaves_tiles_that_are_not_looked_at_again(detect: Detect, workers: Any, tmp_path: Path) -> None:
    steps = detect("shared", workers)
    until_tile(steps, 5)
    steps.close()
    assert list((tmp_path / "shared" / "records" / "slide.tiles").iterdir())
    again = until_tile(detect("shared", workers), 7)
    assert again.done < again.total == 3


def test_an_image_that_cannot_be_read_does_not_end_the_rest(
    detect: Detect, images: list[Path], workers: Any, tmp_path: Path
) -> None:
    no_picture = tmp_path / "none.png"
    no_picture.write_bytes(b"no picture")
    batch = finish(detect("shared", workers, [images[1], no_picture, images[2]]))
    assert (len(batch.fields), list(batch.failed)) == (2, [str(no_picture)])


def test_classes_are_those_of_one_process(
    untrained_classifier: ClassifierCard, workers: Any, micronuclei: Path, tmp_path: Path
) -> None:
    files = sorted((micronuclei / "images").glob("val*.tif"))
    labels = workflows.OutlineFiles([micronuclei / "nuclei" / file.name for file in files])
    recipe = ClassificationRecipe(weights=str(untrained_classifier.file), device="cpu", runtime="torch")
    for out, cluster in (("alone", None), ("shared", ClusterRecipe(scheduler=workers.scheduler_address))):
        batch = finish(workflows.classify_files_steps(files, recipe, tmp_path / out, outlines=labels, cluster=cluster))
        assert (len(batch.fields), batch.failed) == (2, {})
    assert written(tmp_path / "shared") == written(tmp_path / "alone")


def test_heatmaps_are_those_of_one_process(
    untrained_classifier: ClassifierCard, workers: Any, micronuclei: Path, tmp_path: Path
) -> None:
    files = sorted((micronuclei / "images").glob("val*.tif"))
    labels = [micronuclei / "nuclei" / file.name for file in files]
    recipe = ExplanationRecipe(weights=str(untrained_classifier.file), device="cpu", runtime="torch", method="grad-cam")
    for out, cluster in (("alone", None), ("shared", ClusterRecipe(scheduler=workers.scheduler_address))):
        batch = finish(workflows.explain_files_steps(files, recipe, tmp_path / out, labels=labels, cluster=cluster))
        assert (len(batch.fields), batch.failed) == (2, {})
    assert written(tmp_path / "shared") == written(tmp_path / "alone")
    assert sorted(path.name for path in (tmp_path / "shared").glob("*.png")) == [
        "val4.grad-cam.png",
        "val5.grad-cam.png",
    ]


def test_a_killed_worker_costs_a_large_image_no_cell(
    untrained_classifier: ClassifierCard, workers: Any, tmp_path: Path
) -> None:
    image, labels = write_wide(tmp_path)
    recipe, given = naming_recipe(untrained_classifier), workflows.OutlineFiles([labels])

    def classify(out: str, cluster: ClusterRecipe | None) -> Steps[Any]:
        return workflows.classify_files_steps([image], recipe, tmp_path / out, outlines=given, cluster=cluster)

    steps = classify("shared", ClusterRecipe(scheduler=workers.scheduler_address))
    next(step for step in steps if "block 1 of 2" in step.message)
    with distributed.Client(workers, set_as_default=False) as client:
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
    finish(steps)
    finish(classify("alone", None))
    assert written(tmp_path / "shared") == written(tmp_path / "alone")
    assert not list((tmp_path / "shared" / "records").glob("*.blocks"))


@pytest.fixture(scope="module", params=KINDS, ids=" by ".join)
def work(request: pytest.FixtureRequest, micronuclei: Path, tmp_path_factory: pytest.TempPathFactory) -> SharedWork:
    """Six fields, or an image of 17 blocks, to classify or explain."""
    folder, crop = tmp_path_factory.mktemp("work"), CropRecipe(side=64, light="fluorescence")
    card = write_untrained(folder, "untrained", "micronucleus", network="resnet18", crop=crop)
    return SharedWork.of(request.param, card, micronuclei, folder)


@pytest.fixture(scope="module")
def threads() -> Iterator[Any]:
    """Two workers that are threads of this process, where nothing is loaded anew."""
    with distributed.LocalCluster(n_workers=2, processes=False, **LOCAL) as cluster:
        yield cluster


@pytest.fixture
def calls_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each call be of one block, so that many wait."""
    monkeypatch.setattr(cell_blocks, "_CELLS", 1)


@pytest.mark.usefixtures("calls_of_a_block")
def test_a_stop_frees_the_workers_and_costs_nothing_found(work: SharedWork, threads: Any) -> None:
    steps = work.steps("stopped", threads)
    until_one_is_done(steps)
    steps.close()
    wait_for_workers(threads)
    kept, before = work.kept("stopped"), work.looked(threads)
    assert 0 < kept < work.total
    finish(work.steps("stopped", threads))
    assert work.looked(threads) - before == work.total - kept
    assert work.written("stopped") == work.alone


@pytest.mark.usefixtures("calls_of_a_block")
def test_a_lost_scheduler_costs_no_cell_that_was_looked_at(work: SharedWork, threads: Any) -> None:
    with distributed.LocalCluster(n_workers=1, processes=False, **LOCAL) as gone:
        steps = work.steps("lost", gone)
        until_one_is_done(steps)
        gone.close()
        with pytest.raises(ClusterError, match=r"went away.*the same command goes on from there"):
            finish(steps)
    kept, before = work.kept("lost"), work.looked(threads)
    assert kept > 0
    finish(work.steps("lost", threads))
    assert work.looked(threads) - before <= work.total - kept  # the worker may have ended one more
    assert work.written("lost") == work.alone


@pytest.mark.usefixtures("calls_of_a_block")
def test_what_fails_every_time_is_told_of_in_one_sentence(work: SharedWork, threads: Any) -> None:
    steps, erred = work.steps("failing", threads, retries=1), work.looked(threads, "erred")
    next(steps)
    work.obstacle("failing").mkdir(parents=True)
    batch = finish(steps)
    assert work.looked(threads, "erred") - erred == 2
    ((image, said),) = batch.failed.items()
    assert re.fullmatch(rf"Cannot look at {image}: [^\n]*{work.piece} of {image}, tried 2 times\)\.", said)
    wait_for_workers(threads)
    work.obstacle("failing").rmdir()
    kept, before = work.kept("failing"), work.looked(threads)
    finish(work.steps("failing", threads))
    assert work.looked(threads) - before == work.total - kept
    assert work.written("failing") == work.alone
