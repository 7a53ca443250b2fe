"""Options of a run: the one form that the widget, the command line and a saved result share."""

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.differential import Tissue
from napari_hemalens.records.tasks import ExplainedName, TaskName

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
PrecisionName = Literal["single", "half"]
ImageKind = Literal["smear", "fluorescence"]
SegmentedKind = Literal["auto", "smear", "fluorescence"]


class Recipe(BaseModel):
    """Frozen options; an unknown or impossible one is refused by name."""

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

    weights: str = Field(default="marrow-cascade", description="Name of packed weights, or a file")
    pixel_size_um: float | None = Field(
        default=None,
        gt=0.001,
        lt=10,
        description="Micrometres a pixel; empty: from the image, else estimated from its red cells",
    )
    score_threshold: float | None = Field(
        default=None, ge=0, le=1, description="Score threshold; empty: the one chosen on validation"
    )
    tile: int = Field(default=640, ge=128, description="Side of a tile, in pixels of the weights")
    overlap: int = Field(default=128, ge=0, description="Overlap of tiles, in the same pixels")
    batch: int | None = Field(
        default=None, ge=1, description="Tiles a forward pass; empty: 4 on a GPU, 1 on a CPU, where more are slower"
    )
    precision: PrecisionName = Field(
        default="single", description="Of numbers in the network: single has 32 bits, half 16, for NVIDIA GPUs"
    )
    skip_background: bool = Field(default=True, description="Pass over tiles with nothing in them")
    nms_iou: float = Field(default=0.5, gt=0, le=1, description="IoU above which boxes are one cell")
    one_class_per_cell: bool = Field(default=True, description="A nucleated cell counts under its best class only")
    device: DeviceName = Field(default="auto", description="Where to compute")
    tissue: Tissue = Field(default="marrow", description="Sets the cells that ICSH asks for")


class SegmentationRecipe(Recipe):
    """How cells are told from their surroundings without a network."""

    kind: SegmentedKind = Field(
        default="auto", description="A stained smear or fluorescent nuclei; auto: by how bright the image is"
    )
    pixel_size_um: float | None = Field(
        default=None, gt=0.001, lt=10, description="Micrometres a pixel; empty: from the image, where it says it"
    )
    smallest_um: float | None = Field(
        default=None,
        gt=0,
        description="Least diameter of a cell, or of a fluorescent nucleus, in micrometres; empty, or without a pixel "
        "size: by what is typical of the image",
    )
    largest_um: float | None = Field(default=None, gt=0, description="Greatest diameter, in the same way")
    smoothing: float = Field(default=1.0, ge=0, le=10, description="Times the usual smoothing")
    threshold: float = Field(
        default=1.0, gt=0, le=5, description="Times the automatic threshold; above 1, nuclei are smaller"
    )
    split: float = Field(
        default=0.7,
        gt=0,
        lt=1,
        description="Nuclei are cut where their neck is narrower than this share of the smaller one; more cuts more",
    )


class ClassificationRecipe(Recipe):
    """How the cells of a label image are classified."""

    task: TaskName = Field(default="micronucleus", description="What is asked of each cell")
    weights: str | None = Field(default=None, description="Name of packed weights, or a file; empty: those of the task")
    pixel_size_um: float | None = Field(
        default=None, gt=0.001, lt=10, description="Micrometres a pixel; empty: from the image, where it says it"
    )
    relabel: bool | None = Field(
        default=None,
        description="Give each separate piece of the mask a number of its own; empty: stop and say so where one number "
        "stands for many cells",
    )
    device: DeviceName = Field(default="auto", description="Where to compute")


class ExplanationRecipe(Recipe):
    """Where a network looks, and how that is found out."""

    task: ExplainedName = Field(default="micronucleus", description="What is asked of each cell")
    weights: str | None = Field(default=None, description="Name of packed weights, or a file; empty: those of the task")
    method: str | None = Field(
        default=None,
        description="The network's own attention by its layer, or a gradient: layer-5, grad-cam…; empty: what points "
        "best with these weights",
    )
    target: str = Field(
        default="predicted", description="Class that is explained, by name; or what each cell is called"
    )
    smoothing: float = Field(
        default=0.0, ge=0, le=20, description="Deviation of the Gaussian that heat is smoothed with, in network pixels"
    )
    pixel_size_um: float | None = Field(
        default=None, gt=0.001, lt=10, description="Micrometres a pixel; empty: from the image, where it says it"
    )
    relabel: bool | None = Field(
        default=None,
        description="Give each separate piece of the mask a number of its own; empty: stop and say so where one number "
        "stands for many cells",
    )
    device: DeviceName = Field(default="auto", description="Where to compute")


class RefinementRecipe(Recipe):
    """How `faster_rcnn_attention` moves boxes, and how that is learned (Wang et al. 2021, Table 2)."""

    moves: Literal["proposals", "detections", "nothing"] = Field(
        default="detections",
        description="What is moved: regions before they are named and trimmed, or boxes after that; nothing: agents "
        "learn as if it were detections, and only show where they look",
    )
    most_steps: int = Field(default=5, ge=0, le=50, description="Steps of a box at most (t_max); 0: none is moved")
    step: float = Field(default=0.1, gt=0, lt=1, description="Share of a box by which one step moves or resizes it")
    hidden: int = Field(default=128, ge=8, description="Size of the agent's memory")
    window: float = Field(default=1.5, ge=1, description="What the agent sees around a box, in boxes")
    literal: bool = Field(default=False, description="The mask of attention as printed: what is outside keeps e^0")
    discount: float = Field(default=0.95, ge=0, le=1, description="Of later rewards (gamma)")
    entropy: float = Field(default=0.01, ge=0, description="Weight of the policy's entropy (beta in Table 2)")
    stop_iou: float = Field(default=0.9, ge=0, le=1, description="IoU from which stopping is rewarded")
    stop_bonus: float = Field(default=0.05, ge=0, description="That reward, in IoU")
    gain: float = Field(default=10.0, gt=0, description="Times a gain in IoU is rewarded")
    reward: float = Field(default=1.0, ge=0, description="Weight of what actions that were drawn earned")
    imitation: float = Field(
        default=0.0, ge=0, description="Weight of learning the best single step by heart beside the reward"
    )
    foresight: float = Field(
        default=0.0, ge=0, description="Weight of learning what every action would earn beside that"
    )


class NetworkRecipe(Recipe):
    """Which detector, and how large."""

    network: str = Field(default="faster_rcnn_fpn", description="A detector of systems by name")
    backbone: Literal["resnet18", "resnet50"] = "resnet18"
    size: Literal["full", "laptop"] = "full"
    pixel_size_um: float = Field(default=0.15, gt=0, description="Micrometres a pixel it sees")
    start: Literal["scratch", "imagenet"] = Field(default="scratch", description="Weights the backbone starts from")
    bottom_up: bool = Field(
        default=False, description="A path back up the pyramid; faster_rcnn_attention always has it"
    )
    refinement: RefinementRecipe = Field(
        default=RefinementRecipe(), description="How boxes are moved, by faster_rcnn_attention"
    )


class CropRecipe(Recipe):
    """What a classifier sees of a cell: the same in training and in use."""

    side: int = Field(default=96, ge=32, description="Side of a crop in pixels")
    width: float = Field(default=2.0, gt=0, description="What that side shows, in the unit")
    unit: Literal["diameter", "um", "field"] = Field(
        default="diameter",
        description="Of the image's median cell, or micrometres where the pixel size is known, or the longer side of "
        "the image, which then is one cell",
    )
    light: Literal["transmitted", "fluorescence"] = Field(
        default="transmitted", description="Colours as they are, or grey on black by its square root"
    )
    neighbours: Literal["seen", "dimmed", "masks", "hidden"] = Field(
        default="seen",
        description="What is not the cell: left, other cells brought halfway to the background, given as a mask, or "
        "all replaced by empty glass",
    )
    detail: int | None = Field(
        default=None,
        ge=16,
        description="Pixels a side that a crop is averaged to before it gets its own: what is finer, the training "
        "images did not show; empty: as many as it has",
    )
    stain: Literal["as_is", "reference", "grey"] = Field(
        default="as_is",
        description="Colours left, or all cells of the image (or all of a field) brought to one mean and deviation, in "
        "colours or in grey",
    )

    @property
    def channels(self) -> int:
        """Channels of a crop: red, green and blue, then two masks if asked for; grey takes one where masks follow."""
        if self.neighbours != "masks":
            return 3
        return 3 if self.light == "fluorescence" else 5


class ClassifierRecipe(Recipe):
    """Which classifier of single cells, and what it starts from."""

    network: str = Field(default="alexnet_attention", description="A classifier of systems by name")
    start: Literal["scratch", "imagenet", "imagenet_or_scratch"] = Field(
        default="scratch",
        description="Weights it starts from; ImageNet's are downloaded, and where they cannot be had, a run stops or "
        "begins from scratch",
    )
    input_channels: int = Field(default=3, ge=3, le=5, description="Red, green, blue, and up to two masks")
    input_size: int = Field(default=224, ge=32, le=1024, description="Side of the crop it sees, in pixels")
    batch_norm: bool = Field(
        default=False, description="Normalise after every convolution of AlexNet and VGG16, as other networks do"
    )
    eca_kernel: Literal[3, 5, 7, 9] | None = Field(
        default=9, description="Channels that one weight of ECA is made of; empty: as suits each block"
    )
