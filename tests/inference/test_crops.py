"""Crops show the cell that they are said to show, wherever it lies."""

import numpy as np
import pytest
import torch

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.errors import ImageError
from napari_hemalens.inference.crops import crop_width, crops
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array

PLAIN = CropRecipe(side=32, width=2)


def shade(number):
    return 10 * number % 190


def scene(shape=(300, 400), spots=((40, 50), (150, 200), (295, 396)), side=8):
    """A grey image in which every cell is a square of its own shade, and its labels."""
    image, labels = np.full((*shape, 3), 200, np.uint8), np.zeros(shape, np.int32)
    for number, (y, x) in enumerate(spots, start=1):
        window = np.s_[max(0, y - side) : y + side, max(0, x - side) : x + side]
        image[window], labels[window] = shade(number), number
    return image, labels


def cut(image, labels, recipe=PLAIN, width=32.0, batch=2):
    """Return the crops in the order of the cells, and how many came at once."""
    cells = CellMap.from_labels(labels)
    parts = list(crops(from_array(image), cells, recipe, width=width, batch=batch))
    order = np.argsort(np.concatenate([which for which, _ in parts]))
    return torch.cat([pixels for _, pixels in parts])[torch.from_numpy(order)], [len(which) for which, _ in parts]


def test_each_cell_lies_in_the_middle_of_its_crop():
    pixels, _ = cut(*scene())
    assert pixels.shape == (3, 3, 32, 32)
    assert pixels.dtype == torch.uint8
    for number, crop in enumerate(pixels[:2], start=1):
        assert (crop[:, 9:23, 9:23] == 10 * number).all()
        assert (crop[:, :7] == 200).all()


def test_a_crop_at_scale_one_is_the_image():
    image, labels = scene()
    pixels, _ = cut(image, labels)
    torch.testing.assert_close(pixels[1], torch.from_numpy(image[134:166, 184:216]).permute(2, 0, 1))


def test_beyond_the_edge_lies_empty_glass():
    pixels, _ = cut(*scene())
    assert (pixels[2][:, -8:] == 200).all()


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_crops_do_not_depend_on_how_many_are_cut_at_once(batch):
    spots = [(y, x) for y in range(30, 1500, 210) for x in range(30, 2600, 330)]
    image, labels = scene((1600, 2700), spots)
    labels[labels > 0] += 70_000
    pixels, sizes = cut(image, labels, batch=batch)
    assert max(sizes) <= batch
    assert sum(sizes) == len(spots)
    shades = [int(crop[0, 16, 16]) for crop in pixels]
    assert shades == [shade(n) for n in range(1, len(spots) + 1)]


def test_masks_tell_the_cell_from_its_neighbours():
    image, labels = scene(spots=((40, 50), (40, 70)))
    pixels, _ = cut(image, labels, PLAIN.model_copy(update={"neighbours": "masks"}))
    own, others = pixels[0, 3] > 0, pixels[0, 4] > 0
    assert pixels.shape[1] == 5
    assert own[8:24, 8:24].all()
    assert own.sum() == 16 * 16
    assert others[8:24, 28:].all()
    assert not (own & others).any()


def test_dimmed_neighbours_are_halfway_to_the_background():
    image, labels = scene(spots=((40, 50), (40, 70)))
    seen, dimmed = (cut(image, labels, PLAIN.model_copy(update={"neighbours": n}))[0][0] for n in ("seen", "dimmed"))
    assert seen[0, 16, 30] == 20
    assert dimmed[0, 16, 30] == (20 + 200) // 2
    assert dimmed[0, 16, 16] == seen[0, 16, 16] == 10


def test_dim_things_keep_their_shades_in_fluorescence():
    image, labels = np.full((200, 200), 800, np.uint16), np.zeros((200, 200), np.int32)
    image[80:120, 80:120], labels[80:120, 80:120] = 9000, 1
    image[100:110, 130:140] = 1000  # a micronucleus of 2 % of the nucleus
    recipe = CropRecipe(side=80, width=2, light="fluorescence")
    pixels, _ = cut(image, labels, recipe, width=80.0)
    assert pixels.shape == (1, 3, 80, 80)
    assert (pixels[:, 0] == pixels[:, 2]).all()
    assert pixels[0, 0, 45, 75] == pytest.approx(255 * (200 / 8200) ** 0.5, abs=2)
    assert pixels[0, 0, 2, 2] == 0


@pytest.mark.parametrize("neighbours", ["seen", "masks"])
def test_crops_of_a_dna_stain_are_alike_in_every_colour_and_inverted(neighbours):
    grey, labels = np.full((200, 200), 30, np.uint8), np.zeros((200, 200), np.int32)
    grey[80:120, 80:120], labels[80:120, 80:120] = 200, 1
    grey[100:110, 130:140] = 60
    recipe = CropRecipe(side=80, width=2, light="fluorescence", neighbours=neighbours)
    wanted, _ = cut(grey, labels, recipe, width=80.0)
    for colour in ((0, 0, 1), (0, 1, 0), (0, 0.4, 1), (1, 0, 1)):
        image = np.rint(grey[..., None] * np.array(colour)).astype(np.uint8)
        torch.testing.assert_close(cut(image, labels, recipe, width=80.0)[0], wanted)
    torch.testing.assert_close(cut(255 - grey, labels, recipe, width=80.0)[0], wanted)


def test_a_pyramid_is_read_at_the_level_that_fits():
    image, labels = scene((1024, 1024), ((500, 500),), side=100)
    levels = [image, image[::2, ::2], image[::4, ::4]]

    class Counted:
        """Counts the pixels that are read."""

        def __init__(self, array):
            self.array, self.shape, self.dtype, self.ndim = array, array.shape, array.dtype, array.ndim
            self.read = 0

        def __getitem__(self, index):
            part = self.array[index]
            self.read += part.size
            return part

    watched = [Counted(level) for level in levels]
    slide = from_array(watched)
    before = [level.read for level in watched]
    ((_, pixels),) = crops(slide, CellMap.from_labels(labels), PLAIN, width=400.0, batch=1)
    assert [level.read > b for level, b in zip(watched, before, strict=True)] == [False, False, True]
    assert (pixels[0, :, 9:23, 9:23] == 10).all()


def test_a_width_in_diameters_is_that_of_the_median_cell():
    cells = CellMap.from_labels(scene()[1])
    assert crop_width(cells, PLAIN, None) == pytest.approx(2 * 2 * (16 * 16 / np.pi) ** 0.5, rel=0.01)


def test_a_width_in_micrometres_needs_the_pixel_size():
    recipe, cells = CropRecipe(width=20, unit="um"), CellMap.from_labels(scene()[1])
    assert crop_width(cells, recipe, 0.1) == pytest.approx(200)
    with pytest.raises(ImageError, match="pixel size of the image is not known"):
        crop_width(cells, recipe, None)


def test_hidden_surroundings_are_empty_glass_whatever_they_were():
    image, labels = scene()
    pixels, _ = cut(image, labels, PLAIN.model_copy(update={"neighbours": "hidden"}))
    image[labels == 0] = (250, 120, 30)
    others, _ = cut(image, labels, PLAIN.model_copy(update={"neighbours": "hidden"}))
    torch.testing.assert_close(others[:2], pixels[:2])  # the third lies between pixels
    assert (pixels[1][:, :7] == 255).all()
    assert (pixels[1][:, 9:23, 9:23] == shade(2)).all()


def test_a_crop_holds_no_finer_detail_than_it_is_asked_for():
    rng = np.random.default_rng(0)
    image = np.repeat(rng.integers(0, 255, (300, 400, 1), dtype=np.uint8), 3, axis=2)
    _, labels = scene()
    coarse, _ = cut(image, labels, PLAIN.model_copy(update={"detail": 16}), width=64.0)
    fine, _ = cut(image, labels, PLAIN, width=64.0)
    assert coarse.shape == fine.shape
    roughness = [np.abs(np.diff(crop[1].float().numpy(), axis=1)).mean() for crop in (coarse, fine)]
    assert roughness[0] < roughness[1] / 2


@pytest.mark.parametrize("shape", [(64, 64), (40, 64), (64, 40)])
def test_a_field_is_seen_whole_with_empty_glass_beside_it(shape):
    image = np.full((*shape, 3), 200, np.uint8)
    image[0, 0] = image[-1, -1] = 0
    whole, recipe = CellMap.whole(shape), CropRecipe(side=64, width=1.0, unit="field")
    width = crop_width(whole, recipe, None)
    assert width == 64
    ((which, pixels),) = crops(from_array(image), whole, recipe, width=width, batch=1)
    top, left = ((64 - side) // 2 for side in shape)
    expected = np.full((64, 64, 3), 200, np.uint8)
    expected[top : top + shape[0], left : left + shape[1]] = image
    np.testing.assert_array_equal(pixels[0].permute(1, 2, 0).numpy(), expected)
    assert which.tolist() == [0]
