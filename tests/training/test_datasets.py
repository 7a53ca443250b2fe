from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import torch

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.errors import ImageError, TrainingError
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.slide import Slide
from napari_hemalens.training.datasets import Draws, TrainingFields, crop, padded_crop, targets, visible, window

NAMES = ("lymphocyte", "erythrocyte")
PLAIN = DetectionTraining(network=NetworkRecipe(pixel_size_um=0.1), side=96, zoom=1, mosaic=0)


def field(folder: Path, name: str = "a.png", pixel_size_um: float | None = 0.1) -> Detections:
    """A white field of 200 x 160 px with one black lymphocyte at y 40-80, x 60-90."""
    image = np.full((200, 160, 3), 255, dtype=np.uint8)
    image[40:80, 60:90] = 0
    iio.imwrite(folder / name, image)
    return Detections.from_arrays(
        [[40, 60, 80, 90]],
        [1],
        [0],
        names=NAMES,
        image_shape=(200, 160),
        provenance=Provenance(image=str(folder / name), pixel_size_um=pixel_size_um),
    )


def extent(pixels: torch.Tensor) -> list[int]:
    y, x = np.nonzero(pixels.float().mean(dim=0).numpy() < 128)
    return [x.min(), y.min(), x.max() + 1, y.max() + 1]


@pytest.mark.parametrize("zoom", [1.0, 1.5])
@pytest.mark.parametrize("pixel_size", [0.1, 0.05, 0.2])
def test_boxes_follow_the_pixels_into_a_window_of_any_scale(tmp_path: Path, zoom: float, pixel_size: float) -> None:
    torch.manual_seed(1)
    recipe = PLAIN.model_copy(update={"zoom": zoom})
    cell = field(tmp_path, pixel_size_um=pixel_size)
    boxes, _ = targets(cell, NAMES)
    pixels, to_window = window(cell, (128, 128), recipe, boxes[0])
    np.testing.assert_allclose(to_window(boxes)[0].numpy(), extent(pixels), atol=1.6)


def test_a_field_of_smaller_pixels_is_shrunk_to_the_scale_of_the_network(tmp_path: Path) -> None:
    cell = field(tmp_path, pixel_size_um=0.05)
    boxes, _ = targets(cell, NAMES)
    _, to_window = window(cell, (64, 64), PLAIN, boxes[0])
    x0, y0, x1, y1 = to_window(boxes)[0].tolist()
    assert (x1 - x0, y1 - y0) == pytest.approx((15, 20), abs=0.5)


def test_a_field_too_small_for_a_training_image_joins_a_mosaic(tmp_path: Path) -> None:
    fields = [field(tmp_path, f"{i}.png") for i in range(6)]  # 160 px wide at the scale of the network
    for side, mosaic in ((208, False), (256, True)):
        images = TrainingFields(fields, NAMES, PLAIN.model_copy(update={"mosaic": 0.0, "side": side}))
        most = max(len(images[(i % 6, i)][1]["labels"]) for i in range(10))
        assert (most > 1) == mosaic


def test_a_mosaic_shows_four_cells_of_four_fields(tmp_path: Path) -> None:
    fields = [field(tmp_path, f"{i}.png") for i in range(6)]
    crowded = TrainingFields(fields, NAMES, PLAIN.model_copy(update={"mosaic": 1.0, "side": 256}))
    counts = [len(crowded[(i % 6, i)][1]["labels"]) for i in range(10)]
    assert np.mean(counts) > 3.2
    assert max(counts) == 4


def test_a_draw_fixes_every_random_choice(tmp_path: Path) -> None:
    images = TrainingFields([field(tmp_path)], NAMES, DetectionTraining(side=96))
    before = torch.get_rng_state()
    first, again, other = images[(0, 7)], images[(0, 7)], images[(0, 8)]
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], other[0])
    assert torch.equal(before, torch.get_rng_state())


def test_cells_of_other_classes_are_not_asked_for(tmp_path: Path) -> None:
    assert targets(field(tmp_path), ("erythrocyte",))[1].tolist() == []
    assert targets(field(tmp_path), ("erythrocyte", "lymphocyte"))[1].tolist() == [2]


def test_a_cell_mostly_outside_the_window_is_not_asked_for() -> None:
    boxes = torch.tensor([[-70.0, 0, 30, 50], [-30, 0, 70, 50]])  # 30 % and 70 % of each lie inside
    kept, labels = visible(boxes, torch.tensor([1, 2]), (100, 100))
    assert kept.tolist() == [[0, 0, 70, 50]]
    assert labels.tolist() == [2]


def test_beyond_its_edge_an_image_is_as_bright_as_its_background() -> None:
    image = torch.full((3, 40, 40), 220, dtype=torch.uint8)
    image[:, :10] = 30
    crop = padded_crop(image, (-5, 30, 15, 50))
    assert crop.shape == (3, 20, 20)
    assert crop[:, 0, 0].tolist() == [220] * 3
    assert crop[:, 6, 5].tolist() == [30] * 3


def test_a_resumed_epoch_goes_on_where_it_was() -> None:
    whole = list(Draws(50, seed=3, epoch=2))
    assert list(Draws(50, seed=3, epoch=2, start=20)) == whole[20:]
    assert list(Draws(50, seed=3, epoch=3)) != whole
    assert sorted(i for i, _ in whole) == list(range(50))


def test_a_missing_training_image_is_named(tmp_path: Path) -> None:
    cell = field(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(ImageError, match=r"Cannot read the training image .*a\.png"):
        TrainingFields([cell], NAMES, PLAIN)[(0, 0)]


def test_no_image_to_train_on_is_an_error() -> None:
    with pytest.raises(TrainingError, match="No annotated image"):
        TrainingFields([], NAMES, PLAIN)


def test_of_a_slide_the_window_alone_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    np.save(tmp_path / "a.npy", pixels)
    asked: list[tuple[int, ...]] = []
    read = Slide.read

    def watched(slide: Slide, *rectangle: int) -> np.ndarray:
        asked.append(rectangle)
        return read(slide, *rectangle)

    monkeypatch.setattr(Slide, "read", watched)
    part = f"{tmp_path / 'a.npy'} [Y=10-90,X=20-120]"
    np.testing.assert_array_equal(crop(part, (5, 6, 40, 50)).permute(1, 2, 0).numpy(), pixels[15:50, 26:70])
    assert asked == [(5, 6, 40, 50)]
    beyond = crop(part, (-10, 90, 30, 130))
    np.testing.assert_array_equal(beyond[:, 10:, :10].permute(1, 2, 0).numpy(), pixels[10:40, 110:120])
    assert beyond.shape == (3, 40, 40)
    assert crop(part, (200, 200, 210, 220)).shape == (3, 10, 20)
