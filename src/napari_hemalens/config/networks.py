"""Which network, how large, and what it sees: the parts of a recipe that model cards keep."""

from typing import Literal

from pydantic import Field

from napari_hemalens.config.recipe import Recipe

Views = Literal[1, 2, 4, 8]
"""In how many ways round a crop is looked at: mirrored, turned (`models.views`)."""


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
        "starts from scratch with batch normalisation (imagenet_or_scratch)",
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
    standard_colours: bool = Field(
        default=False, description="Bring each channel to mean 0 and deviation 1 over the training crops first"
    )
    eca_kernel: Literal[3, 5, 7, 9] | None = Field(
        default=9, description="Kernel size of ECA, in channels; empty: adapted to each block"
    )
