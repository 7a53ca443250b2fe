"""Options of a training run."""

from typing import Literal

from pydantic import Field

from napari_hemalens.config.options import ClassifierRecipe, CropRecipe, NetworkRecipe, Recipe


class Training(Recipe):
    """What every training run has: how long, how fast, and where."""

    batch: int = Field(default=8, ge=1, description="Images a step, on each device")
    epochs: float = Field(default=12, gt=0, description="Times that every image is seen")
    learning_rate: float = Field(default=0.02, gt=0)
    optimizer: Literal["sgd", "adamw"] = "sgd"
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Of sgd")
    weight_decay: float = Field(default=1e-4, ge=0)
    warmup_steps: int = Field(default=300, ge=0, description="Steps until the full learning rate")
    decay_from: float = Field(
        default=0.6, ge=0, le=1, description="Share of the steps after which the rate falls to zero"
    )
    decay_every: float | None = Field(default=None, gt=0, description="Epochs after each of which the rate is a tenth")
    clip_norm: float = Field(default=10.0, gt=0, description="Longest gradient of a step")
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = Field(
        default="auto",
        description="Of numbers; auto: bf16-mixed on a GPU that computes in it, else 32-true, since most processors "
        "only imitate it, at a tenth of the speed",
    )
    accelerator: str = Field(default="auto", description="Of Lightning: cpu, gpu, mps, auto")
    devices: int = Field(default=1, ge=1, description="How many of them")
    workers: int = Field(default=1, ge=0, description="Processes that prepare images, a device")
    checkpoint_minutes: float = Field(default=5, gt=0, description="Minutes between checkpoints")
    seed: int = 0


class DetectionTraining(Training):
    """How a detector is trained. Defaults are those of the packed weights."""

    network: NetworkRecipe = NetworkRecipe()
    start: str | None = Field(
        default=None, description="Weights to go on from, by name or file; empty: from the beginning, with a warm-up"
    )
    start_with: Literal["all", "body"] = Field(
        default="all", description="What is taken of those weights: everything, or the ResNet alone, for any detector"
    )
    learn: Literal["all", "refinement"] = Field(
        default="all",
        description="What learns: the whole detector, or alone what moves the boxes of faster_rcnn_attention or "
        "faster_rcnn_cascade",
    )
    side: int = Field(default=256, ge=64, description="Side of a training image, in network pixels")
    pretraining_epochs: float = Field(
        default=20, ge=0, description="Times that the backbone first sees every single cell"
    )
    mosaic: float = Field(default=0.5, ge=0, le=1, description="Share of images put together from four crowded ones")
    zoom: float = Field(default=1.35, ge=1, description="Cells are up to so much larger, smaller")
    stain: float = Field(default=0.25, ge=0, description="Largest change of a dye, a share")
    light: float = Field(default=0.25, ge=0, description="Largest change of the light, a share")
    blur: float = Field(default=1.6, ge=0.3, description="Largest deviation of a soft focus, in network pixels")
    glare: float = Field(
        default=0.0, ge=0, description="By how much the light may be too strong, a share: what that makes white is lost"
    )


class ClassifierTraining(Training):
    """How a classifier of single cells is trained. The network's input is as large as a crop."""

    network: ClassifierRecipe = ClassifierRecipe()
    crop: CropRecipe = CropRecipe()
    batch: int = Field(default=32, ge=1, description="Crops a step, on each device")
    epochs: float = Field(default=60, gt=0, description="Times that as many crops are seen as there are cells")
    learning_rate: float = Field(default=0.01, gt=0)
    loss: Literal["focal", "cross_entropy"] = "focal"
    gamma: float = Field(default=2.0, ge=0, description="Of the focal loss: how much sure cells are weighted down")
    point: float = Field(
        default=0.0,
        ge=0,
        description="Weight of what teaches attention to look at outlined micronuclei, beside the loss",
    )
    keep: Literal["best", "last"] = Field(
        default="best", description="Epoch that is kept: the one that ranks held-back cells best, or the last"
    )
    balance: bool = Field(default=True, description="Draw every class as often as any other")
    zoom: float = Field(default=1.2, ge=1, description="Cells are up to so much larger, smaller")
    shift: float = Field(default=0.05, ge=0, lt=0.5, description="Largest way of a cell from the middle, a share")
    light: float = Field(default=0.2, ge=0, description="Largest change of light and contrast, a share")
