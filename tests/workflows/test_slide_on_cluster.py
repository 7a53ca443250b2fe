"""A slide by tiles gives the cells of one process, after a stop, too: here without workers, call by call."""

from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections
from napari_hemalens.workflows.batch import start_batch
from napari_hemalens.workflows.detection import detect_steps
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity

pytest.importorskip("distributed")

from napari_hemalens.cluster.crew import Call
from napari_hemalens.workflows.same_run import SameRun
from napari_hemalens.workflows.slide_calls import SlideJob, find_in_tiles, name_cells
from napari_hemalens.workflows.slide_on_cluster import SlideErrand


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Dark squares, so many that 16 tiles are needed."""
    pixels = np.random.default_rng(0).integers(215, 235, (420, 540, 3), dtype=np.uint8)
    for number, (y, x) in enumerate((y, x) for y in range(10, 380, 47) for x in range(10, 500, 47)):
        side = 20 + 7 * number % 23
        pixels[y : y + side, x : x + side] = (120, 60 + number % 80, 140)
    iio.imwrite(tmp_path / "a.png", pixels)
    return tmp_path / "a.png"


@pytest.fixture
def errand(image: Path, untrained: DetectorCard, tmp_path: Path) -> SlideErrand:
    recipe = DetectionRecipe(
        weights=str(untrained.file), pixel_size_um=0.15, device="cpu", tile=160, overlap=32, runtime="torch"
    )
    run = RunIdentity("detect", recipe.model_dump(mode="json"), {})
    batch = start_batch([image], ResultsFolder(tmp_path / "out"), run, endings=(), tables=())
    batch.take_over(0, [image])
    said: list[tuple[float, str]] = []
    return SlideErrand(SlideJob(SameRun.of(untrained.file), image, recipe), batch, 0, lambda *each: said.append(each))


def calls_of(errand: SlideErrand, cells: list[Detections]) -> Iterator[Call]:
    """Yield each call after it was computed here."""
    steps = errand.errand()
    try:
        while True:
            for call in next(steps):
                call.take(call.function(*call.arguments))
                yield call
    except StopIteration as end:
        cells.append(end.value["cells"])
    finally:
        steps.close()


def assert_same(one: Detections, other: Detections) -> None:
    for name in ("boxes", "scores", "classes"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.names, one.image_shape, one.provenance) == (other.names, other.image_shape, other.provenance)


def test_tiles_that_are_found_apart_give_the_cells_of_one_process(errand: SlideErrand, image: Path) -> None:
    cells: list[Detections] = []
    calls = list(calls_of(errand, cells))
    assert sum(call.function is find_in_tiles for call in calls) == 16
    at_once = finish(detect_steps(image, errand.job.recipe))
    assert len(at_once) > 20
    assert_same(cells[0], at_once)


def test_a_slide_that_was_stopped_looks_at_no_tile_twice(errand: SlideErrand) -> None:
    whole: list[Detections] = []
    list(calls_of(errand, whole))
    errand.delete_tiles()
    stopped = calls_of(errand, [])
    before = [next(stopped) for _ in range(8)]
    stopped.close()
    cells: list[Detections] = []
    after = list(calls_of(errand, cells))
    tiles = [call for call in (*before, *after) if call.function is find_in_tiles]
    assert len({call.what for call in tiles}) == len(tiles) == 16
    assert_same(cells[0], whole[0])


def test_a_small_image_is_one_call(errand: SlideErrand) -> None:
    recipe = errand.job.recipe.model_copy(update={"tile": 640})
    small = SlideErrand(SlideJob(errand.job.same, errand.job.path, recipe), errand.batch, 0, errand.note)
    cells: list[Detections] = []
    assert len(list(calls_of(small, cells))) == 1
    assert_same(cells[0], finish(detect_steps(errand.job.path, recipe)))


@pytest.mark.slow
def test_cells_are_named_as_in_one_process(errand: SlideErrand, sample_data: Path, tmp_path: Path) -> None:
    smear = tmp_path / "smear.png"
    iio.imwrite(smear, tifffile.imread(sample_data / "marrow_smear.tif")[900:1420, 1200:1820])
    recipe = DetectionRecipe(pixel_size_um=0.15, device="cpu", tile=192, overlap=64, runtime="torch")
    same = SameRun.of(recipe.weights, "nucleated-cells")
    named = SlideErrand(SlideJob(same, smear, recipe), errand.batch, 0, errand.note)
    cells: list[Detections] = []
    calls = list(calls_of(named, cells))
    assert sum(call.function is name_cells for call in calls) >= 1
    at_once = finish(detect_steps(smear, recipe))
    assert_same(cells[0], at_once)
    assert cells[0].naming is not None
    assert at_once.naming is not None
    assert cells[0].naming.asked.any()
    np.testing.assert_array_equal(cells[0].naming.probabilities, at_once.naming.probabilities)
    np.testing.assert_array_equal(cells[0].naming.novelty, at_once.naming.novelty)
