from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

import napari_hemalens
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.inference.detection import detect_steps
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.progress import finish
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.axes import from_array

WHOLE = DetectionRecipe(tile=4096, skip_background=False)
TILED = DetectionRecipe(tile=256, overlap=96, skip_background=False)


def blobs(shape: tuple[int, int], *, side: int = 48, step: int = 61, seed: int = 0) -> NDArray[np.uint8]:
    """Dark squares on a bright field, away from its edge, some of them on every seam."""
    image = np.full((*shape, 3), 230, dtype=np.uint8)
    rng = np.random.default_rng(seed)
    for y in range(8, shape[0] - side - 10, step):
        for x in range(8, shape[1] - side - 10, step):
            dy, dx = rng.integers(8, size=2)
            image[y + dy : y + dy + side, x + dx : x + dx + side] = 60
    return image


def found(
    image: NDArray[np.uint8],
    card: DetectorCard,
    network: torch.nn.Module,
    recipe: DetectionRecipe,
    size: float | None = None,
    **rest: object,
) -> Detections:
    return finish(
        detect_steps(
            from_array(image), NetworkDetector(network, card), recipe, provenance=Provenance(pixel_size_um=size), **rest
        )
    )


def test_tiles_find_the_same_cells_as_the_whole_image(finder: torch.nn.Module, card: DetectorCard) -> None:
    image = blobs((700, 900))
    whole, tiled = found(image, card, finder, WHOLE), found(image, card, finder, TILED)
    assert len(whole) > 100
    assert {tuple(b) for b in whole.boxes.tolist()} == {tuple(b) for b in tiled.boxes.tolist()}


@pytest.mark.parametrize("size", [0.06, 0.15, 0.3])
def test_boxes_are_in_pixels_of_the_image_whatever_its_scale(
    finder: torch.nn.Module, card: DetectorCard, size: float
) -> None:
    side = round(7.2 / size)
    image = blobs((600, 640), side=side, step=side + 20)
    cells = found(image, card, finder, TILED, size)
    truth = found(image, card, finder, WHOLE)  # no pixel size: taken as that of the weights
    assert len(cells) == len(truth) > 10
    np.testing.assert_allclose(
        np.sort(cells.boxes, axis=0), np.sort(truth.boxes, axis=0), atol=max(1.5, 1.5 * 0.15 / size)
    )


def test_the_network_sees_the_image_at_the_pixel_size_of_its_weights(
    finder: torch.nn.Module, card: DetectorCard
) -> None:
    found(blobs((300, 400)), card, finder, WHOLE, 0.3)
    assert finder.batches == [(1, 3, 600, 800)]


def test_a_region_is_all_that_is_looked_at(finder: torch.nn.Module, card: DetectorCard) -> None:
    image = blobs((500, 500))
    cells = found(image, card, finder, WHOLE, region=(100, 200, 300, 450))
    assert len(cells) > 3
    assert (cells.boxes >= [100, 200, 100, 200]).all()
    assert (cells.boxes <= [300, 450, 300, 450]).all()
    assert cells.image_shape == (500, 500)
    assert finder.batches == [(1, 3, 200, 250)]


def test_a_region_outside_the_image_is_refused(finder: torch.nn.Module, card: DetectorCard) -> None:
    with pytest.raises(ImageError, match="lies outside the image, which is 300 x 400 pixels"):
        found(blobs((300, 400)), card, finder, WHOLE, region=(300, 0, 350, 50))


def test_empty_tiles_are_passed_over(finder: torch.nn.Module, card: DetectorCard) -> None:
    image = np.full((800, 800, 3), 230, dtype=np.uint8)
    image[100:148, 100:148] = 60
    cells = found(image, card, finder, TILED.model_copy(update={"skip_background": True, "batch": 1}))
    assert len(cells) == 1
    assert len(finder.batches) == 1


def test_boxes_end_at_the_edge_of_the_image(finder: torch.nn.Module, card: DetectorCard) -> None:
    class Beyond(type(finder)):  # type: ignore[misc]
        def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
            boxes = torch.tensor([[-20.0, -10, 50, 60]])
            return [{"boxes": boxes, "labels": torch.tensor([1]), "scores": torch.tensor([0.9])}]

    cells = found(blobs((300, 400)), card, Beyond(), WHOLE)
    assert cells.boxes.tolist() == [[0, 0, 60, 50]]


def test_a_cell_between_two_classes_is_counted_though_neither_is_sure(card: DetectorCard) -> None:
    class Undecided(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.anchor = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
            boxes = torch.tensor([[40.0, 40, 90, 90]]).repeat(2, 1)
            return [{"boxes": boxes, "labels": torch.tensor([1, 2]), "scores": torch.tensor([0.3, 0.25])}]

    both = card.model_copy(update={"classes": ("myelocyte", "promyelocyte", "platelet"), "score_threshold": 0.5})
    assert found(blobs((200, 200)), both, Undecided(), WHOLE.model_copy(update={"score_threshold": 0.5})).scores > 0.54
    apart = WHOLE.model_copy(update={"score_threshold": 0.5, "one_class_per_cell": False})
    assert len(found(blobs((200, 200)), both, Undecided(), apart)) == 0


def test_cells_below_the_score_threshold_are_left_out(finder: torch.nn.Module, card: DetectorCard) -> None:
    image = blobs((300, 400))
    assert len(found(image, card, finder, WHOLE.model_copy(update={"score_threshold": 0.9}))) == 0
    assert len(found(image, replace_score(card, 0.9), finder, WHOLE)) == 0


def replace_score(card: DetectorCard, score: float) -> DetectorCard:
    return card.model_copy(update={"score_threshold": score})


def test_partial_results_grow_tile_by_tile(
    finder: torch.nn.Module, card: DetectorCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_hemalens.inference.detection._PREVIEW_S", -1)
    steps = detect_steps(from_array(blobs((700, 900))), NetworkDetector(finder, card), TILED, provenance=Provenance())
    seen = [(p.done, p.total, len(p.partial)) for p in steps]
    assert [done for done, _, _ in seen] == sorted({done for done, _, _ in seen})
    assert seen[-1][0] == seen[-1][1]
    assert [n for _, _, n in seen] == sorted(n for _, _, n in seen)
    assert seen[0][2] < seen[-1][2]


def test_a_stopped_run_leaves_nothing_open(finder: torch.nn.Module, card: DetectorCard) -> None:
    steps = detect_steps(from_array(blobs((700, 900))), NetworkDetector(finder, card), TILED, provenance=Provenance())
    next(steps)
    steps.close()
    with pytest.raises(StopIteration):
        next(steps)


def test_a_pyramid_is_read_at_the_level_that_fits(finder: torch.nn.Module, card: DetectorCard) -> None:
    fine = blobs((1200, 1200), side=96, step=130)
    slide = from_array([fine, fine[::2, ::2], fine[::4, ::4]])
    read = []

    class Spy(type(slide.levels[0])):  # type: ignore[misc]
        def __getitem__(self, region: tuple[slice, slice], /) -> NDArray[np.uint8]:
            read.append(self.shape[0])
            return super().__getitem__(region)  # type: ignore[no-any-return]

    levels = tuple(Spy(p.source, p.axes, p.colour, p.frame) for p in slide.levels)
    steps = detect_steps(
        replace(slide, levels=levels), NetworkDetector(finder, card), WHOLE, provenance=Provenance(pixel_size_um=0.05)
    )
    assert len(finish(steps)) > 50
    assert set(read) == {600}  # 0.05 to 0.15 um is a third: the level of a half is the coarsest that is fine enough


def test_half_precision_finds_the_same_cells(sample_data: Path) -> None:
    pixels = iio.imread(sample_data / "marrow_smear.tif")[:320, :320]
    options = {"pixel_size_um": 0.15, "runtime": "torch"}
    single, half = (napari_hemalens.detect(pixels, precision=p, **options) for p in ("single", "half"))
    assert len(single) == len(half) > 15
    one, other = (cells.take(np.lexsort(cells.boxes.round().T)) for cells in (single, half))
    assert one.class_names.tolist() == other.class_names.tolist()
    assert 0 < np.abs(one.boxes - other.boxes).max() < 0.4  # pixels
    np.testing.assert_allclose(one.scores, other.scores, atol=0.02)
