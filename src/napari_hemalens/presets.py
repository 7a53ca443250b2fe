"""Training recipes by name."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from napari_hemalens.errors import RecipeError
from napari_hemalens.recipes import DetectionTraining, NetworkRecipe

DETECTION: Mapping[str, DetectionTraining] = {
    # The packed weights began so: hours on two cores, minutes on a GPU.
    "marrow-laptop": DetectionTraining(network=NetworkRecipe(size="laptop")),
    # And went on so, with larger and more varied mosaics. For cells of your own too: it starts from what the packed
    # weights know.
    "marrow-laptop-wide": DetectionTraining(
        network=NetworkRecipe(size="laptop"),
        start="marrow-frcnn",
        side=512,
        batch=2,
        epochs=2.1,
        learning_rate=0.01,
        warmup_steps=100,
        decay_from=0.35,
        mosaic=0.7,
        zoom=1.5,
        stain=0.3,
        light=0.3,
    ),
    "marrow-full": DetectionTraining(
        network=NetworkRecipe(backbone="resnet50", start="imagenet"),
        side=384,
        warm_up_epochs=0,
        epochs=40,
        workers=8,
    ),
    # Wang et al. 2021: 30,000 iterations of two images of 800 x 800 on 609 fields, no warm-up, no
    # mosaics.
    "wang-2021": DetectionTraining(
        network=NetworkRecipe(network="faster_rcnn", backbone="resnet50", start="imagenet"),
        side=800,
        batch=2,
        epochs=99,
        learning_rate=0.0025,
        warm_up_epochs=0,
        mosaic=0,
    ),
    # To see that training works on a machine and a data set; its weights are of no use.
    "smoke": DetectionTraining(
        network=NetworkRecipe(size="laptop"),
        side=128,
        batch=2,
        warm_up_epochs=0,
        epochs=1,
        workers=0,
        precision="32-true",
    ),
}


def training_recipe(name_or_file: str, options: Sequence[str] = ()) -> DetectionTraining:
    """Return a recipe by name or from a TOML file, changed by `option=value` texts.

    `network.size=full` reaches inside.

    Raises
    ------
    RecipeError
        If there is no such recipe, or an option is unknown or out of range.
    """
    if name_or_file in DETECTION:
        recipe = DETECTION[name_or_file]
    elif Path(name_or_file).suffix == ".toml":
        recipe = DetectionTraining.from_toml(name_or_file)
    else:
        raise RecipeError(f"No recipe {name_or_file!r}. Known: {', '.join(DETECTION)}, or a .toml file.")
    chosen = recipe.model_dump()
    for option in options:
        name, _, value = option.partition("=")
        *into, last = name.split(".")
        place = chosen
        for part in into:
            place = place.get(part, {})
        place[last] = _value(value)
    return DetectionTraining.of(**chosen)


def _value(text: str) -> object:
    """Return a number where the text is one, else the text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
