"""Options of a run, shared by the forms, the command line and saved results."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.differential import Tissue, UnsureCells
from napari_hemalens.records.tasks import ExplainableName, TaskName

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
PrecisionName = Literal["single", "half"]
ImageKind = Literal["smear", "fluorescence"]
SegmentedKind = Literal["auto", "smear", "fluorescence"]


Channel = Annotated[
    int | str | None,
    Field(
        description="Channel of the image, by name or number from 0; red, green or blue of a picture in colour; empty: "
        "the one that is named after a DNA stain (DAPI, Hoechst…)"
    ),
]


class Recipe(BaseModel):
    """Frozen options; unknown or invalid options are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Build a recipe, with errors in one sentence.

        Raises
        ------
        RecipeError
            If an option is unknown or out of range.
        """
        try:
            return cls(**options)
        except ValidationError as error:
            raise RecipeError(_sentence(cls, error)) from error

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a recipe from a TOML file of `option = value` lines."""
        file = Path(path)
        try:
            options = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise RecipeError(f"Cannot read the recipe {file}: {error}.") from error
        return cls.from_options(**options)


def _sentence(recipe: type[Recipe], error: ValidationError) -> str:
    first = error.errors()[0]
    option = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"No option {option!r}. Known: {', '.join(recipe.model_fields)}."
    return f"Option {option!r} got {first['input']!r}: {first['msg']}."


class DetectionRecipe(Recipe):
    """How cells are detected in an image."""

    weights: str = Field(
        default="marrow-cascade", description="Name of packed or installed weights, or path of a weights file"
    )
    pixel_size_um: float | None = Field(
        title="Pixel size (µm)",
        default=None,
        gt=0.001,
        lt=10,
        description="Micrometres per pixel; empty: read from the image, or estimated from its red cells",
    )
    score_threshold: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Cells with a lower score are left out; empty: the threshold chosen on the validation set",
    )
    tile: int = Field(
        title="Tile (px)", default=640, ge=128, description="Side of a tile, in pixels at the weights' scale"
    )
    overlap: int = Field(
        title="Overlap (px)", default=128, ge=0, description="Overlap of neighbouring tiles, in the same pixels"
    )
    batch: int | None = Field(
        title="Batch size",
        default=None,
        ge=1,
        description="Tiles per forward pass; empty: 4 on a GPU, 1 on a CPU, where more would be slower",
    )
    precision: PrecisionName = Field(
        default="single", description="Floating-point precision: single (32 bits), or half (16 bits, NVIDIA GPUs only)"
    )
    skip_background: bool = Field(default=True, description="Skip tiles that show only background")
    nms_iou: float = Field(
        title="NMS IoU", default=0.5, gt=0, le=1, description="Boxes that overlap by more than this IoU are one cell"
    )
    one_class_per_cell: bool = Field(
        title="One class per cell", default=True, description="Count a nucleated cell under its best class only"
    )
    device: DeviceName = Field(default="auto", description="Processor to compute on")
    tissue: Tissue = Field(
        default="marrow",
        description="Decides how many cells ICSH asks for: 500 in marrow, 200 in blood. In blood, precursors and "
        "blasts need more evidence",
    )
    tissue_prior: bool = Field(
        default=True,
        description="Let the tissue shift the odds of the classes: in blood, precursors and blasts are rare",
    )
    naming: str | None = Field(
        default=None,
        description="Weights that name nucleated cells, by name or file; empty: those that go with the detector; none: "
        "cells keep the class that the detector gave them",
    )
    unsure: UnsureCells = Field(
        title="Unsure cells",
        default="apart",
        description="Cells unlike all that the classifier learned from: counted apart, or under their likeliest class",
    )


class SegmentationRecipe(Recipe):
    """How cells are outlined without a network."""

    kind: SegmentedKind = Field(
        title="Image type",
        default="auto",
        description="Stained smear, or fluorescent nuclei; auto: decided by the brightness of the image",
    )
    channel: Channel = None
    pixel_size_um: float | None = Field(
        title="Pixel size (µm)",
        default=None,
        gt=0.001,
        lt=10,
        description="Micrometres per pixel; empty: read from the image",
    )
    smallest_um: float | None = Field(
        title="Smallest (µm)",
        default=None,
        gt=0,
        description="Smallest diameter of a cell, or of a fluorescent nucleus, in micrometres; empty or without a "
        "pixel size: derived from what is typical of the image",
    )
    largest_um: float | None = Field(title="Largest (µm)", default=None, gt=0, description="Largest diameter, likewise")
    smoothing: float = Field(default=1.0, ge=0, le=10, description="Factor on the default smoothing")
    threshold: float = Field(
        default=1.0, gt=0, le=5, description="Factor on the automatic threshold; above 1, nuclei get smaller"
    )
    split: float = Field(
        default=0.7,
        gt=0,
        lt=1,
        description="Touching nuclei are separated where the neck is narrower than this fraction of the smaller one; "
        "higher values separate more",
    )


class ClassificationRecipe(Recipe):
    """How the cells of a label image are classified."""

    task: TaskName = Field(default="micronucleus", description="What cells are classified into")
    weights: str | None = Field(
        default=None, description="Name of packed or installed weights, or path of a weights file; empty: the task's"
    )
    channel: Channel = None
    pixel_size_um: float | None = Field(
        title="Pixel size (µm)",
        default=None,
        gt=0.001,
        lt=10,
        description="Micrometres per pixel; empty: read from the image",
    )
    relabel: bool | None = Field(
        default=None,
        description="Give each separate region of the mask its own number; empty: stop with an error where one number "
        "stands for many cells",
    )
    device: DeviceName = Field(default="auto", description="Processor to compute on")


class ExplanationRecipe(Recipe):
    """How the heatmaps of cells are computed."""

    task: ExplainableName = Field(default="micronucleus", description="What cells are classified into")
    weights: str | None = Field(
        default=None, description="Name of packed or installed weights, or path of a weights file; empty: the task's"
    )
    method: str | None = Field(
        title="Methods",
        default=None,
        description="The network's own attention by its layer (layer-5…), or a gradient method (grad-cam…); empty: the "
        "method that measured best with these weights",
    )
    target: str = Field(
        title="Class", default="predicted", description="Class to explain; predicted: the class each cell was given"
    )
    smoothing: float = Field(
        title="Smoothing (px)",
        default=0.0,
        ge=0,
        le=20,
        description="Standard deviation of the Gaussian that smooths the heatmap, in network pixels",
    )
    channel: Channel = None
    pixel_size_um: float | None = Field(
        title="Pixel size (µm)",
        default=None,
        gt=0.001,
        lt=10,
        description="Micrometres per pixel; empty: read from the image",
    )
    relabel: bool | None = Field(
        default=None,
        description="Give each separate region of the mask its own number; empty: stop with an error where one number "
        "stands for many cells",
    )
    device: DeviceName = Field(default="auto", description="Processor to compute on")


class RefinementRecipe(Recipe):
    """How `faster_rcnn_attention` moves boxes, and how that is learned (Wang et al. 2021, Table 2)."""

    moves: Literal["proposals", "detections", "nothing"] = Field(
        default="detections",
        description="What the agents move: region proposals before they are classified, or the boxes after; nothing: "
        "agents learn as if they moved detections, and only show where they look",
    )
    most_steps: int = Field(
        default=5, ge=0, le=50, description="Largest number of steps per box (t_max); 0: boxes stay"
    )
    step: float = Field(default=0.1, gt=0, lt=1, description="Fraction of a box by which one step moves or resizes it")
    hidden: int = Field(default=128, ge=8, description="Size of the agent's hidden state")
    window: float = Field(default=1.5, ge=1, description="Side of what the agent sees, in sides of the box")
    literal: bool = Field(
        default=False,
        description="Mask attention exactly as printed in the paper, where the outside keeps a weight of e^0",
    )
    discount: float = Field(default=0.95, ge=0, le=1, description="Discount of later rewards (gamma)")
    entropy: float = Field(default=0.01, ge=0, description="Weight of the policy's entropy (beta in Table 2)")
    stop_iou: float = Field(default=0.9, ge=0, le=1, description="IoU from which stopping is rewarded")
    stop_bonus: float = Field(default=0.05, ge=0, description="Reward for stopping there, in IoU")
    gain: float = Field(default=10.0, gt=0, description="Factor on a gain in IoU in the reward")
    reward: float = Field(default=1.0, ge=0, description="Weight of the policy gradient: the reward of sampled actions")
    imitation: float = Field(default=0.0, ge=0, description="Weight of imitating the best single step")
    foresight: float = Field(default=0.0, ge=0, description="Weight of predicting the reward of every action")


class NetworkRecipe(Recipe):
    """Which detector, and how large."""

    network: str = Field(default="faster_rcnn_fpn", description="Name of the detector")
    backbone: Literal["resnet18", "resnet50", "efficientnet_lite0"] = "resnet18"
    size: Literal["full", "laptop"] = "full"
    pixel_size_um: float = Field(
        title="Pixel size (µm)", default=0.15, gt=0, description="Micrometres per pixel that the network sees"
    )
    start: Literal["scratch", "imagenet"] = Field(default="scratch", description="Initial weights of the backbone")
    bottom_up: bool = Field(
        default=False, description="Add a bottom-up path to the pyramid; faster_rcnn_attention always has one"
    )
    refinement: RefinementRecipe = Field(
        default=RefinementRecipe(), description="How the agents of faster_rcnn_attention move boxes"
    )


class CropRecipe(Recipe):
    """What a classifier sees of a cell: the same in training and in use."""

    side: int = Field(default=96, ge=32, description="Side of a crop in pixels")
    width: float = Field(default=2.0, gt=0, description="What the side of a crop spans, in `unit`")
    unit: Literal["diameter", "um", "field"] = Field(
        default="diameter",
        description="Unit of `width`: diameter of the image's median cell, micrometres (um, needs a pixel size), or "
        "the longer side of the image, which then is one field",
    )
    light: Literal["transmitted", "fluorescence"] = Field(
        default="transmitted", description="Colours as they are, or the square root of fluorescence on black"
    )
    neighbours: Literal["seen", "dimmed", "masks", "hidden"] = Field(
        default="seen",
        description="What surrounds the cell: left as it is, other cells dimmed halfway to the background, marked by a "
        "mask channel, or everything replaced by empty glass",
    )
    detail: int | None = Field(
        default=None,
        ge=16,
        description="Side in pixels to which a crop is reduced first, to remove detail that the training images lack; "
        "empty: no reduction",
    )
    stain: Literal["as_is", "reference", "grey"] = Field(
        default="as_is",
        description="Colours as they are, or all cells of the image (or the whole field) brought to one mean and "
        "standard deviation, in colour (reference) or grey",
    )

    @property
    def channels(self) -> int:
        """Channels of a crop: red, green and blue, plus two masks if needed; grey with two masks in fluorescence."""
        if self.neighbours != "masks":
            return 3
        return 3 if self.light == "fluorescence" else 5

    @property
    def needs_labels(self) -> bool:
        """Whether a box and a pixel size are not enough: the crop depends on outlines, or on all cells of an image."""
        as_seen = (self.unit, self.light, self.neighbours, self.detail, self.stain)
        return as_seen != ("um", "transmitted", "seen", None, "as_is")


class ClassifierRecipe(Recipe):
    """Which classifier, and its initial weights."""

    network: str = Field(default="alexnet_attention", description="Name of the classifier")
    start: Literal["scratch", "imagenet", "imagenet_or_scratch"] = Field(
        default="scratch",
        description="Initial weights; those of ImageNet are downloaded, and if that fails, the run stops (imagenet) or "
        "starts from scratch (imagenet_or_scratch)",
    )
    input_channels: int = Field(default=3, ge=3, le=5, description="Red, green and blue, and up to two masks")
    input_size: int = Field(
        default=224, ge=32, le=1024, description="Side of the crop that the network sees, in pixels"
    )
    batch_norm: bool = Field(
        default=False, description="Add batch normalisation after every convolution of AlexNet and VGG16"
    )
    white_ground: bool = Field(
        default=False, description="Bring the brightest part of each crop to white first; for three channels"
    )
    eca_kernel: Literal[3, 5, 7, 9] | None = Field(
        default=9, description="Kernel size of ECA, in channels; empty: adapted to each block"
    )
