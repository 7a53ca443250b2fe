"""Training recipes by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe, NetworkRecipe, RefinementRecipe
from napari_hemalens.config.recipe import Recipe, change_recipe, changed_options, read_options
from napari_hemalens.config.training import ClassifierTraining, DetectionTraining
from napari_hemalens.errors import RecipeError

R = TypeVar("R", bound=Recipe)

_LITE = NetworkRecipe(network="faster_rcnn_cascade", backbone="efficientnet_lite0", size="laptop")
_FURTHER = DetectionTraining(
    network=_LITE,
    start="marrow-lite",
    batch=8,
    epochs=10,
    optimizer="adamw",
    learning_rate=3e-4,
    weight_decay=0.02,
    warmup_steps=50,
    decay_from=0.3,
    average=0.998,
    pretraining_epochs=0,
    zoom=1.5,
    stain=0.3,
    light=0.3,
    clip_norm=5.0,
    workers=0,
)

DETECTION: Mapping[str, DetectionTraining] = {
    # Your own cells: starts from the packed detector.
    "fine-tune": _FURTHER.model_copy(update={"least_steps": 150, "average": 0.98}),
    # The packed detector: a cascade box head on a pyramid over EfficientNet-Lite0, from an ImageNet start. Eight hours
    # of two cores, minutes on a GPU.
    "marrow-lite": _FURTHER.model_copy(
        update={
            "network": _LITE.model_copy(update={"start": "imagenet"}),
            "start": None,
            "epochs": 8.0,
            "learning_rate": 6e-4,
            "warmup_steps": 300,
        }
    ),
    # The packed detector for blurred or overexposed fields, which silently ruin a count (docs/results/robustness.md).
    "marrow-robust": _FURTHER.model_copy(
        update={"epochs": 2.0, "learning_rate": 4e-4, "decay_from": 0.1, "blur": 3.5, "glare": 0.4}
    ),
    # The packed detector with agents that show where they look but move nothing, since moving boxes gains nothing
    # (docs/results/box-refinement.md). Half an epoch is enough: agents see dozens of boxes per image.
    "marrow-attention": DetectionTraining(
        network=NetworkRecipe(
            network="faster_rcnn_attention",
            backbone="efficientnet_lite0",
            size="laptop",
            refinement=RefinementRecipe(moves="nothing", reward=0, imitation=1),
        ),
        start="marrow-lite",
        learn="refinement",
        optimizer="adamw",
        learning_rate=1e-3,
        epochs=0.5,
        warmup_steps=50,
        decay_from=0.3,
        workers=0,
    ),
    # The same pyramid on a ResNet-18, from scratch: a plain baseline.
    "marrow-laptop": DetectionTraining(network=NetworkRecipe(size="laptop")),
    # Nuclei in biopsy sections, stained with haematoxylin and eosin, at the scale of a 40x objective: a few large,
    # crowded images, of which an epoch sees one window each. Hence many epochs, no mosaics, and no extra worker
    # processes. Use fewer epochs with more images.
    "histology": DetectionTraining(
        network=_LITE.model_copy(update={"pixel_size_um": 0.25}),
        start="marrow-lite",
        side=256,
        batch=4,
        epochs=400,
        learning_rate=0.01,
        warmup_steps=50,
        pretraining_epochs=0,
        decay_from=0.35,
        mosaic=0,
        zoom=1.2,
        stain=0.3,
        light=0.3,
        workers=0,
    ),
    "marrow-full": DetectionTraining(
        network=NetworkRecipe(backbone="resnet50", start="imagenet"),
        side=384,
        pretraining_epochs=0,
        epochs=40,
        workers=8,
    ),
    # Wang et al. 2021: 30,000 iterations of two images of 800 x 800 on 609 fields, no warm-up, no mosaics.
    "wang-2021": DetectionTraining(
        network=NetworkRecipe(network="faster_rcnn", backbone="resnet50", start="imagenet"),
        side=800,
        batch=2,
        epochs=99,
        learning_rate=0.0025,
        pretraining_epochs=0,
        mosaic=0,
    ),
    # A quick check that training works on a machine and a data set; its weights are useless.
    "smoke": DetectionTraining(
        network=NetworkRecipe(size="laptop"),
        side=128,
        batch=2,
        pretraining_epochs=0,
        epochs=1,
        workers=0,
        precision="32-true",
    ),
}


# What names detected cells: several laboratories in every batch, from ImageNet.
_NUCLEATED = ClassifierTraining(
    network=ClassifierRecipe(network="efficientnet_lite0", start="imagenet", white_ground=True),
    crop=CropRecipe(side=128, width=20.0, unit="um"),
    epochs=8,
    optimizer="adamw",
    learning_rate=1e-3,
    weight_decay=0.02,
    warmup_steps=100,
    decay_from=0.2,
    average=0.99,
    clip_norm=5.0,
    keep="last",
    zoom=1.35,
    light=0.3,
    stain=0.4,
    dyes=0.25,
    colour=0.35,
    resolution=0.3,
    smoothing=0.05,
    novelty_scale=1.11,  # docs/results/laboratories.md
)

CLASSIFICATION: Mapping[str, ClassifierTraining] = {
    # The packed weights of the tasks: minutes on two cores. AlexNet with attention needs batch normalisation and a high
    # learning rate to learn from scratch, and outlines of micronuclei to learn from few images
    # (docs/results/classification.md).
    "micronucleus": ClassifierTraining(
        network=ClassifierRecipe(batch_norm=True),
        crop=CropRecipe(side=191, width=2.5, light="fluorescence", neighbours="masks"),
        epochs=30,
        learning_rate=0.05,
        warmup_steps=60,
        weight_decay=5e-4,
        decay_from=0.2,
        point=0.2,
    ),
    # Surroundings, stain and sharpness would reveal which public data set a cell is from: all three are removed.
    "all": ClassifierTraining(
        network=ClassifierRecipe(network="eca_vgg16_half", batch_norm=True),
        crop=CropRecipe(side=48, width=1.5, neighbours="hidden", detail=32, stain="reference"),
        epochs=6,
        learning_rate=0.05,
        warmup_steps=100,
        weight_decay=5e-4,
        decay_from=0.3,
        loss="cross_entropy",
        zoom=1.25,
        light=0.15,
    ),
    "leukocyte": ClassifierTraining(
        network=ClassifierRecipe(network="eca_vgg16_half", batch_norm=True),
        crop=CropRecipe(side=72, width=1.4, neighbours="hidden"),
        epochs=12,
        learning_rate=0.05,
        warmup_steps=60,
        weight_decay=5e-4,
        decay_from=0.2,
        loss="cross_entropy",
        keep="last",
        zoom=1.25,
        light=0.3,
    ),
    "nucleated": _NUCLEATED,
    # Classes of one's own, of as few cells as a person corrected: passed over more often, as by "fine-tune".
    "own": _NUCLEATED.model_copy(update={"least_steps": 150}),
    # Whole fields: each image is one crop with normalised stain. The last epoch is kept, so that no choice depends on
    # the validation fields.
    "field": ClassifierTraining(
        network=ClassifierRecipe(network="residual_channel_attention", batch_norm=True),
        crop=CropRecipe(side=160, width=1.0, unit="field", stain="reference"),
        batch=16,
        epochs=24,
        learning_rate=0.05,
        warmup_steps=60,
        weight_decay=5e-4,
        decay_from=0.3,
        loss="cross_entropy",
        keep="last",
        zoom=1.25,
        light=0.3,
        precision="32-true",
    ),
    # Wei et al. 2022: ImageNet start, 60 epochs, a tenth of the rate every 20 epochs, focal loss.
    "wei-2022": ClassifierTraining(
        network=ClassifierRecipe(start="imagenet_or_scratch"),
        crop=CropRecipe(side=224, width=2.5, light="fluorescence"),
        warmup_steps=0,
        decay_every=20,
        decay_from=1,
        workers=4,
    ),
    # Ullah et al. 2021: from scratch at a low, constant rate, turned by 45 degrees at most. Its 50 epochs are of four
    # copies of a healthy cell and two of a blast, 2.67 times as many as cells.
    "ullah-2021": ClassifierTraining(
        network=ClassifierRecipe(network="eca_vgg16", standard_colours=True),
        crop=CropRecipe(side=224, width=1.5),
        batch=16,
        epochs=133,
        learning_rate=0.0001,
        warmup_steps=0,
        decay_from=1,
        loss="cross_entropy",
        turn=45,
        zoom=1,
        shift=0,
        workers=4,
    ),
    # A quick check that training works on a machine and a data set; its weights are useless.
    "smoke": ClassifierTraining(
        network=ClassifierRecipe(network="resnet18"),
        crop=CropRecipe(side=64),
        batch=8,
        epochs=1,
        warmup_steps=0,
        workers=0,
        precision="32-true",
    ),
}


def training_recipe(name_or_file: str, options: Sequence[str] = (), *, presets: Mapping[str, R]) -> R:
    """Return a recipe by name or from a TOML file, with changes such as `epochs=5`.

    `network.size=full` changes an option of the network. A file with `recipe = "NAME"` changes that recipe; what
    another file leaves out has its default.

    Parameters
    ----------
    name_or_file : str
        A key of `presets`, or a `.toml` file.
    options : sequence of str
        Changes, as `option=value`.
    presets : mapping of str to recipe
        `DETECTION` or `CLASSIFICATION`.

    Raises
    ------
    RecipeError
        If there is no such recipe, or an option is unknown or out of range.
    """
    if Path(name_or_file).suffix != ".toml":
        return change_recipe(_preset(name_or_file, presets, " or a .toml file"), options)
    given = read_options(name_or_file)
    start = given.pop("recipe", None)
    kind = type(next(iter(presets.values())))
    known = {} if start is None else _preset(start, presets).model_dump()
    return change_recipe(kind.from_options(**changed_options(known, given)), options)


def _preset(name: object, presets: Mapping[str, R], or_else: str = "") -> R:
    if not isinstance(name, str) or name not in presets:
        raise RecipeError(f"No recipe {name!r}. Known: {', '.join(presets)}{or_else and ',' + or_else}.")
    return presets[name]
