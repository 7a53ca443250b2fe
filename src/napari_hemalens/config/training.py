"""Options of a training run."""

from typing import Literal, Self

from pydantic import Field

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe, NetworkRecipe, Views
from napari_hemalens.config.recipe import Recipe


class Training(Recipe):
    """Options of every training run."""

    batch: int = Field(default=8, ge=1, description="Images per step on each device")
    epochs: float = Field(default=12, gt=0, description="Number of passes over the training images")
    least_steps: int = Field(
        default=0, ge=0, description="Fewest steps: few images are passed over more often than epochs say"
    )
    learning_rate: float = Field(default=0.02, gt=0, description="Learning rate after the warm-up")
    optimizer: Literal["sgd", "adamw"] = Field(default="sgd", description="Optimiser")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Momentum of sgd")
    weight_decay: float = Field(default=1e-4, ge=0, description="Weight decay")
    warmup_steps: int = Field(default=300, ge=0, description="Steps until the full learning rate is reached")
    decay_from: float = Field(
        default=0.6, ge=0, le=1, description="Fraction of the steps after which the learning rate falls to zero"
    )
    decay_every: float | None = Field(
        default=None, gt=0, description="Divide the learning rate by 10 every so many epochs; empty: fall steadily"
    )
    average: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of the past in a moving average of the weights, which is kept in place of the last; 0: none",
    )
    clip_norm: float = Field(default=10.0, gt=0, description="Largest norm of the gradient of a step")
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = Field(
        default="auto",
        description="Floating-point precision; auto: bf16-mixed on a GPU that supports it, else 32-true, since most "
        "processors only emulate it, at a tenth of the speed",
    )
    accelerator: str = Field(default="auto", description="Accelerator of Lightning: cpu, gpu, mps or auto")
    devices: int = Field(default=1, ge=1, description="Number of devices")
    workers: int = Field(default=1, ge=0, description="Processes that prepare images, per device")
    checkpoint_minutes: float = Field(default=5, gt=0, description="Minutes between checkpoints")
    seed: int = Field(default=0, description="Seed of all random numbers")

    def for_few(self, images: int) -> Self:
        """Return the recipe with a batch that so many images fill: few of them make small steps."""
        return self.model_copy(update={"batch": min(self.batch, max(1, images))})


class DetectionTraining(Training):
    """How a detector is trained."""

    network: NetworkRecipe = NetworkRecipe()
    start: str | None = Field(
        default=None, description="Weights to start from, by name or file; empty: from scratch, with pretraining"
    )
    start_with: Literal["all", "body"] = Field(
        default="all",
        description="What to take from those weights: everything, or only the ResNet, which suits any detector",
    )
    learn: Literal["all", "refinement"] = Field(
        default="all",
        description="What is trained: the whole detector, or only the part of faster_rcnn_attention or "
        "faster_rcnn_cascade that moves boxes",
    )
    side: int = Field(default=256, ge=64, description="Side of a training image, in network pixels")
    pretraining_epochs: float = Field(
        default=20, ge=0, description="Epochs in which the backbone first learns to classify crops of single cells"
    )
    mosaic: float = Field(
        default=0.5, ge=0, le=1, description="Fraction of images that are mosaics of four crowded ones"
    )
    zoom: float = Field(default=1.35, ge=1, description="Largest factor by which cells are scaled up or down")
    stain: float = Field(default=0.25, ge=0, description="Largest change of the amount of a dye, as a fraction")
    light: float = Field(default=0.25, ge=0, description="Largest change of brightness, as a fraction")
    blur: float = Field(default=1.6, ge=0.3, description="Largest standard deviation of blur, in network pixels")
    glare: float = Field(
        default=0.0, ge=0, description="Largest overexposure, as a fraction; what it turns white is lost"
    )


class ClassifierTraining(Training):
    """How a classifier is trained. The network's input is as large as a crop."""

    network: ClassifierRecipe = ClassifierRecipe()
    crop: CropRecipe = CropRecipe()
    batch: int = Field(default=32, ge=1, description="Crops per step on each device")
    epochs: float = Field(default=60, gt=0, description="Epochs, each of as many crops as there are cells")
    learning_rate: float = Field(default=0.01, gt=0, description="Learning rate after the warm-up")
    loss: Literal["focal", "cross_entropy"] = Field(default="focal", description="Loss function")
    gamma: float = Field(default=2.0, ge=0, description="Gamma of the focal loss: higher values weigh easy cells less")
    point: float = Field(
        default=0.0,
        ge=0,
        description="Weight of the loss that guides attention towards outlined micronuclei",
    )
    keep: Literal["best", "last"] = Field(
        default="best", description="Epoch to keep: the one that ranks the validation cells best, or the last"
    )
    balance: bool = Field(default=True, description="Draw all classes equally often")
    turn: float = Field(default=180.0, ge=0, le=180, description="Largest angle by which cells are turned, in degrees")
    zoom: float = Field(default=1.2, ge=1, description="Largest factor by which cells are scaled up or down")
    shift: float = Field(
        default=0.05, ge=0, lt=0.5, description="Largest shift of a cell from the centre, as a fraction of the crop"
    )
    light: float = Field(default=0.2, ge=0, description="Largest change of brightness and contrast, as a fraction")
    stain: float = Field(
        default=0.0, ge=0, description="Largest change of the amount of a dye, as a fraction; of cells by box"
    )
    colour: float = Field(
        default=0.0, ge=0, description="Largest change of saturation, and an eighth of it of hue; of cells by box"
    )
    resolution: float = Field(
        default=1.0, gt=0, le=1, description="Least share of the resolution that is left; of cells by box"
    )
    neighbours: float = Field(
        default=0.0, ge=0, le=1, description="Share of crops around whose cell others are pasted; of cells by box"
    )
    dyes: float = Field(
        default=0.0, ge=0, lt=1, description="Largest change of density in each of red, green and blue; of cells by box"
    )
    without: tuple[str, ...] = Field(
        default=(),
        description="Laboratories whose cells are left out, to see how strange ones are named; of cells by box",
    )
    smoothing: float = Field(default=0.0, ge=0, lt=1, description="Label smoothing; of cells by box")
    novelty_scale: float = Field(
        default=1.0,
        gt=0,
        description="Novelty from which a cell is unsure, where 1 is what 5 % of the held-out cells exceed; for a "
        "laboratory never seen, by `experiment laboratories`; of cells by box",
    )
    views: Views = Field(
        default=1,
        description="In how many ways round the trained network sees each cell, turned and mirrored: logits are "
        "averaged, and calibrated so",
    )
    most: int = Field(
        default=1500, ge=1, description="Most cells of one class from one laboratory that are kept; of cells by box"
    )
