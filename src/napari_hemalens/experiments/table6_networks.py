"""The networks of Table 6 of Wei et al. 2022, and what they are trained by: thirteen, and five of EfficientNet-Lite0.

Wei et al., BMC Med. Inform. Decis. Mak. 22 (2022). The paper's thirteen need ImageNet's weights from a download, or
days. The other table asks the paper's questions of EfficientNet-Lite0, whose ImageNet start is packed, so that it
learns in minutes: its plain form, the paper's attention and the rival of that, both losses, and attention that outlines
teach.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.presets import CLASSIFICATION
from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.report import NetworkRow
from napari_hemalens.experiments.running import Budget

MEASURES = ("AP", "F1", "AUC")


def _row(label: str, network: str, *paper: float, loss: str = "focal", plain: str | None = None) -> NetworkRow:
    return NetworkRow(label, network, loss, dict(zip(MEASURES, paper, strict=True)), plain)


ROWS: Mapping[str, NetworkRow] = {
    "mobilenet_v2": _row("MobileNet", "mobilenet_v2", 0.589, 0.504, 0.931),
    "vgg16": _row("VGG-16", "vgg16", 0.868, 0.803, 0.989),
    "vgg16_attention": _row("VGG-Att", "vgg16_attention", 0.948, 0.786, 0.994, plain="vgg16"),
    "googlenet": _row("GoogLeNet", "googlenet", 0.871, 0.780, 0.988),
    "googlenet_attention": _row("GoogLeNet-Att", "googlenet_attention", 0.875, 0.810, 0.988, plain="googlenet"),
    "resnet50": _row("ResNet", "resnet50", 0.912, 0.804, 0.989),
    "resnet50_attention": _row("ResNet-Att", "resnet50_attention", 0.920, 0.877, 0.993, plain="resnet50"),
    "alexnet": _row("AlexNet", "alexnet", 0.824, 0.749, 0.984),
    "alexnet_light": _row("Alex-light", "alexnet_light", 0.875, 0.800, 0.990),
    "msa_net": _row("MSA-Net", "msa_net", 0.919, 0.808, 0.989),
    "alexnet_channel_attention": _row(
        "Alex-CA", "alexnet_channel_attention", 0.883, 0.809, 0.991, plain="alexnet_light"
    ),
    "ours_cross_entropy": _row(
        "Our method-CE", "alexnet_attention", 0.818, 0.548, 0.985, loss="cross_entropy", plain="ours"
    ),
    "ours": _row("Our method", "alexnet_attention", 0.932, 0.811, 0.995, plain="alexnet_light"),
}
"""The thirteen by name, in the order of the paper."""


def _lite0(label: str, network: str, *, loss: str = "focal", plain: str | None = None, point: float = 0) -> NetworkRow:
    return NetworkRow(f"Lite0, {label}", f"efficientnet_lite0_{network}", loss, plain=plain, point=point)


LITE0_ROWS: Mapping[str, NetworkRow] = {
    "pooled": _lite0("pooled", "pooled"),
    "channel_attention": _lite0("channel attention", "channel_attention", plain="pooled"),
    "attention_cross_entropy": _lite0("attention, cross-entropy", "attention", loss="cross_entropy", plain="attention"),
    "attention": _lite0("attention", "attention", plain="pooled"),
    "attention_taught": _lite0("attention taught by outlines", "attention", plain="attention", point=1.0),
}
"""What Alex-light, Alex-CA, 'our method-CE' and 'our method' are of AlexNet; and the last, its attention taught."""


def _small(recipe: ClassifierTraining) -> ClassifierTraining:
    """Return a recipe for crops of 95 pixels, from scratch: in smaller ones AlexNet's maps have no places left."""
    network = recipe.network.model_copy(update={"start": "scratch", "batch_norm": True})
    rates = {"learning_rate": 0.02, "warmup_steps": 20, "decay_every": None, "decay_from": 0.4, "batch": 8}
    return recipe.model_copy(
        update={
            "network": network,
            "crop": CropRecipe(side=95, width=2.5, light="fluorescence"),
            "epochs": 10,
            "workers": 0,
            **rates,
        }
    )


_PAPER = CLASSIFICATION["wei-2022"]
_FROM = "from 224 px, 60 epochs and an ImageNet start"

PAPER_BUDGETS: Mapping[str, Budget[ClassifierTraining]] = {
    "full": Budget(_PAPER),
    "laptop": Budget(
        _small(_PAPER),
        reduced=f"reduced: 95 px, 10 epochs, from scratch with batch normalisation, {_FROM}",
    ),
    "ci": Budget(
        _small(_PAPER).model_copy(update={"epochs": 1, "batch": 4, "precision": "32-true", "accelerator": "cpu"}),
        40,
        f"NO RESULT, a test of the machinery: 95 px, 1 epoch of 32 nuclei, {_FROM}",
    ),
}


def _on_lite0(recipe: ClassifierTraining, **options: object) -> ClassifierTraining:
    """Return a recipe of rows that start from ImageNet, with the normalisation that they had there."""
    network = recipe.network.model_copy(update={"start": "imagenet", "batch_norm": False})
    return recipe.model_copy(update={"network": network, **options})


_LAPTOP = {
    "crop": CropRecipe(side=127, width=1.7, light="fluorescence", neighbours="dimmed"),
    "epochs": 10,
    "batch": 16,
    "optimizer": "adamw",
    "learning_rate": 5e-4,
    "weight_decay": 0.05,
    "warmup_steps": 100,
    "decay_from": 0.2,
    "precision": "32-true",  # a processor without bfloat16 is ten times slower in mixed precision
}
_LITE0_FROM = "from 224 px and 60 epochs"

LITE0_BUDGETS: Mapping[str, Budget[ClassifierTraining]] = {
    "full": Budget(_on_lite0(_PAPER)),
    "laptop": Budget(
        _on_lite0(_small(_PAPER), **_LAPTOP),
        reduced=f"reduced: nuclei of 127 px, others dimmed, 10 epochs of AdamW, {_LITE0_FROM}",
    ),
    "ci": Budget(
        _on_lite0(PAPER_BUDGETS["ci"].recipe),
        PAPER_BUDGETS["ci"].cells,
        f"NO RESULT, a test of the machinery: 95 px, 1 epoch of 32 nuclei, {_LITE0_FROM}",
    ),
}


@dataclass(frozen=True, slots=True)
class Table:
    """One of the two tables.

    Attributes
    ----------
    title : str
        What is compared.
    rows : mapping of str to NetworkRow
        Its networks by name.
    budgets : mapping of str to Budget
        By name of the preset.
    floor : Floor
        What its plain row has to reach.
    """

    title: str
    rows: Mapping[str, NetworkRow]
    budgets: Mapping[str, Budget[ClassifierTraining]]
    floor: Floor


TABLES: Mapping[str, Table] = {
    "paper": Table("Table 6 of Wei et al. 2022", ROWS, PAPER_BUDGETS, Floor("alexnet_light", "AUC", 0.90)),
    "efficientnet_lite0": Table(
        "Table 6 of Wei et al. 2022 in EfficientNet-Lite0 from ImageNet",
        LITE0_ROWS,
        LITE0_BUDGETS,
        Floor("pooled", "AUC", 0.90),
    ),
}
