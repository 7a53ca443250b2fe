"""Any detector can be run over tiles; what it finds lies in the frame of the image, and each tile keeps its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_hemalens.config.options import DetectionRecipe, PrecisionName
from napari_hemalens.errors import DeviceError
from napari_hemalens.inference import tile_runner
from napari_hemalens.inference.detection import detect_steps
from napari_hemalens.inference.tile_plan import TilePlan, plan_tiles, read_tile
from napari_hemalens.inference.tile_runner import BatchOfTiles, run_tiles
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import Detector, NetworkDetector
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Provenance
from napari_hemalens.slides.axes import from_array
from napari_hemalens.slides.slide import Slide
from napari_hemalens.slides.tiles import Tile

TILED = DetectionRecipe(tile=256, overlap=96, skip_background=False)


@dataclass(frozen=True)
class OneStage:
    """A detector without regions, without weights and without a network: each place of its grid is a cell or not."""

    card: DetectorCard

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @property
    def precision(self) -> PrecisionName:
        return "single"

    def detect(self, images: Tensor) -> Sequence[Mapping[str, Tensor]]:
        dark = torch.nn.functional.max_pool2d(-images.mean(dim=1), self.card.stride) > 0
        found = []
        for grid in dark:
            corners = grid.nonzero()[:, [1, 0]] * float(self.card.stride)  # x, y
            boxes = torch.cat([corners, corners + self.card.stride], dim=1)
            found.append(
                {"boxes": boxes, "labels": torch.ones(len(boxes)).long(), "scores": torch.full((len(boxes),), 0.9)}
            )
        return found


def field(*spots: tuple[int, int]) -> np.ndarray:
    """A bright field, dark at squares of the coarsest grid."""
    image = np.full((700, 900, 3), 230, dtype=np.uint8)
    for y, x in spots:
        image[32 * y + 4 : 32 * y + 28, 32 * x + 4 : 32 * x + 28] = 40
    return image


def run(image: np.ndarray, detector: Detector, **options: object) -> list[BatchOfTiles]:
    slide, recipe = from_array(image), TILED.model_copy(update=options)
    return list(run_tiles(slide, plan_tiles(slide, detector.card, recipe), detector, recipe))


def test_a_detector_of_one_stage_is_run_like_any_other(card: DetectorCard) -> None:
    spots = [(0, 0), (5, 7), (7, 7), (20, 27)]
    slide = from_array(field(*spots))
    cells = finish(detect_steps(slide, OneStage(card), TILED, provenance=Provenance()))
    corners = sorted((int(y), int(x)) for y, x in cells.boxes[:, :2])
    assert corners == [(32 * y, 32 * x) for y, x in spots]
    assert set(cells.class_names) == {"lymphocyte"}


def test_a_tile_keeps_the_cells_that_it_owns_in_pixels_of_the_image(card: DetectorCard) -> None:
    slide = from_array(field((6, 6)))
    region = (64, 96, 700, 900)
    plan = plan_tiles(slide, card, TILED, region=region)
    found = [each for batch in run_tiles(slide, plan, OneStage(card), TILED) for each in batch.found]
    assert {each.tile for each in found} == set(plan.tiles)
    assert [each.boxes.tolist() for each in found if len(each.boxes)] == [[[192, 192, 224, 224]]]


def test_the_next_tile_is_read_while_the_detector_looks_at_one(
    card: DetectorCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles: list[Tile] = []
    second = Event()

    def read(slide: Slide, plan: TilePlan, tile: Tile) -> np.ndarray:
        tiles.append(tile)
        if len(tiles) > 1:
            second.set()
        return read_tile(slide, plan, tile)

    class Looking(OneStage):
        def detect(self, images: Tensor) -> Sequence[Mapping[str, Tensor]]:
            assert second.wait(10)
            return super().detect(images)

    monkeypatch.setattr(tile_runner, "read_tile", read)
    found = run(field((6, 6)), Looking(card), batch=1)
    assert len(found) == len(tiles) > 2


def test_empty_glass_is_passed_over_and_that_is_said(card: DetectorCard) -> None:
    batches = run(field((0, 0)), OneStage(card), skip_background=True, batch=1)
    assert [len(batch.found) for batch in batches] == [1] * len(batches)
    assert [batch.message for batch in batches if batch.message] == ["background passed over"] * (len(batches) - 1)


def test_too_little_gpu_memory_halves_the_batch_and_says_so(finder: torch.nn.Module, card: DetectorCard) -> None:
    class Small(type(finder)):  # type: ignore[misc]
        def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
            if len(images) > 1:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(images)  # type: ignore[no-any-return]

    image = field((1, 1), (10, 20))
    batches = run(image, NetworkDetector(Small(), card), batch=4)
    assert batches[0].message == "out of GPU memory: 1 tiles a batch now"
    assert batches[1].message == ""
    assert sum(len(each.boxes) for batch in batches for each in batch.found) >= 2


def test_a_cpu_takes_one_tile_at_a_time_unless_told_otherwise(finder: torch.nn.Module, card: DetectorCard) -> None:
    run(field(), NetworkDetector(finder, card))
    assert {batch[0] for batch in finder.batches} == {1}
    finder.batches.clear()
    run(field(), NetworkDetector(finder, card), batch=3)
    assert finder.batches[0][0] == 3


def test_too_little_memory_for_one_tile_is_one_sentence(finder: torch.nn.Module, card: DetectorCard) -> None:
    class None_(type(finder)):  # type: ignore[misc]  # noqa: N801
        def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(DeviceError, match="one tile of 256 px; lower `tile` or use the CPU"):
        run(field(), NetworkDetector(None_(), card))


def test_of_a_pyramid_empty_glass_is_read_at_low_magnification_alone(
    card: DetectorCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = field((3, 4))
    slide = from_array([image, image[::2, ::2], image[::4, ::4], image[::8, ::8]], pixel_size_um=card.pixel_size_um)
    levels: list[int] = []
    read = Slide.read

    def watched(slide: Slide, *rectangle: int, level: int = 0) -> np.ndarray:
        levels.append(level)
        return read(slide, *rectangle, level=level)

    monkeypatch.setattr(Slide, "read", watched)
    recipe = TILED.model_copy(update={"skip_background": True})
    plan = plan_tiles(slide, card, recipe, pixel_size_um=card.pixel_size_um)
    found = [each for batch in run_tiles(slide, plan, OneStage(card), recipe) for each in batch.found]
    assert sum(len(each.boxes) for each in found) == 1
    assert levels.count(2) == len(plan.tiles)
    assert 0 < levels.count(0) < len(plan.tiles)
