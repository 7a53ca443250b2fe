from pathlib import Path

import torch

from napari_hemalens.config.networks import ClassifierRecipe
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.preprocess import normalised
from napari_hemalens.models.standard_colours import StandardColours, fit_colours
from napari_hemalens.models.storage import load_into, save_network

RECIPE = ClassifierRecipe(network="vgg16_half", input_size=32, standard_colours=True)


def crops(number: int = 70) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    dark, bright = (torch.randint(*bounds, (number, 1, 32, 32), generator=generator) for bounds in ((0, 40), (9, 250)))
    return torch.cat([dark, bright, torch.full_like(dark, 7)], dim=1).to(torch.uint8)


def colours_of(network: torch.nn.Module) -> StandardColours:
    return next(module for module in network.modules() if isinstance(module, StandardColours))


def test_channels_have_mean_0_and_deviation_1_over_the_training_crops() -> None:
    colours = StandardColours(3)
    colours.fit(crops())
    seen = colours(normalised(crops()))
    torch.testing.assert_close(seen.mean(dim=(0, 2, 3))[:2], torch.zeros(2), atol=1e-4, rtol=0)
    torch.testing.assert_close(seen.std(dim=(0, 2, 3))[:2], torch.ones(2), atol=1e-3, rtol=0)


def test_a_channel_of_one_value_is_left_as_it_is() -> None:
    colours = StandardColours(3)
    colours.fit(crops())
    torch.testing.assert_close(colours(normalised(crops()))[:, 2], normalised(crops())[:, 2])


def test_what_was_measured_is_kept_among_the_weights(tmp_path: Path) -> None:
    network = build_classifier(RECIPE, 2).eval()
    fit_colours(network, crops())
    save_network(network, tmp_path / "mine.safetensors")
    read = build_classifier(RECIPE, 2)
    load_into(read, tmp_path / "mine.safetensors")
    torch.testing.assert_close(colours_of(read).mean, colours_of(network).mean, atol=0.02, rtol=0)
    torch.testing.assert_close(colours_of(read).deviation, colours_of(network).deviation, atol=0.02, rtol=0)


def test_a_network_that_was_trained_before_keeps_the_colours_that_it_knows() -> None:
    network = build_classifier(RECIPE, 2)
    fit_colours(network, crops())
    known = colours_of(network).mean.clone()
    fit_colours(network, 255 - crops())
    torch.testing.assert_close(colours_of(network).mean, known, rtol=0, atol=0)


def test_white_ground_comes_first() -> None:
    network = build_classifier(RECIPE.model_copy(update={"white_ground": True}), 2)
    kinds = [type(layer).__name__ for layer in network.stages[0].children()][:3]
    assert kinds == ["WhiteGround", "StandardColours", "Conv2d"]
