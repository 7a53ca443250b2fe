"""Options of a run, shared by the forms, the command line and saved results."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from napari_hemalens.config.networks import Views
from napari_hemalens.config.recipe import Recipe
from napari_hemalens.records.differential import Tissue, UnsureCells
from napari_hemalens.records.tasks import ExplainableName, TaskName

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
PrecisionName = Literal["single", "half", "int8"]
RuntimeName = Literal["auto", "torch", "openvino"]
ImageKind = Literal["smear", "fluorescence"]
SegmentedKind = Literal["auto", "smear", "fluorescence"]


Channel = Annotated[
    int | str | None,
    Field(
        description="Channel of the image, by name or number from 0; red, green or blue of a picture in colour; empty: "
        "the one that is named after a DNA stain (DAPI, Hoechst…)"
    ),
]


FrameName = Annotated[
    str | None,
    Field(
        title="Frame",
        description="Frame of an image with several, such as T=2,Z=5, or numbers from 0 in the order of its axes; "
        "empty: the only one, in the window the one on screen",
    ),
]


Precision = Annotated[
    PrecisionName,
    Field(
        description="Numbers of 32 bits (single); of 16 (half: NVIDIA GPUs, and by OpenVINO processors with bfloat16); "
        "or of 8 (int8: by OpenVINO on a CPU, once `hemalens weights quantise` has made that form)"
    ),
]


Runtime = Annotated[
    RuntimeName,
    Field(
        description="What computes: torch, or openvino, which is faster on a CPU and has to be installed; auto: "
        "openvino where it can be had and computes the same"
    ),
]


Embeddings = Annotated[
    bool,
    Field(
        title="Embeddings",
        description="Keep what the classifier sees of each cell, some hundred numbers before they become a class; they "
        "are saved in AnnData alone",
    ),
]


ViewsOrDefault = Annotated[
    Views | None,
    Field(
        title="Views",
        description="In how many ways round a classifier sees each cell, turned and mirrored; what it says of them is "
        "averaged (test-time augmentation), which is steadier and as many times slower; empty: as many as its weights "
        "ask for, 1 of packed ones",
    ),
]


BY_DETECTOR = "none"
"""As the option `naming`: cells keep the class that the detector gave them."""


class DetectionRecipe(Recipe):
    """How cells are detected in an image."""

    weights: str = Field(
        default="marrow-lite", description="Name of packed or installed weights, or path of a weights file"
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
        title="Tile (px)",
        default=1024,
        ge=128,
        description="Longest side of a tile, in pixels at the weights' scale; tiles are no longer than needed",
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
    precision: Precision = "single"
    skip_background: bool = Field(default=True, description="Skip tiles that show only background")
    nms_iou: float = Field(
        title="NMS IoU", default=0.5, gt=0, le=1, description="Boxes that overlap by more than this IoU are one cell"
    )
    one_class_per_cell: bool = Field(
        title="One class a cell", default=True, description="Count a nucleated cell under its best class only"
    )
    device: DeviceName = Field(default="auto", description="Processor to compute on")
    runtime: Runtime = "auto"
    channel: int | str | None = Field(
        default=None,
        description="Channel of an image that keeps them apart, by name or number from 0; rgb: they are the colours of "
        "one picture; empty: the image is in colour or grey",
    )
    frame: FrameName = None
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
        title="Named by",
        default=None,
        description="Weights that name nucleated cells, by name or file; empty: those that go with the detector; none: "
        "cells keep the class that the detector gave them",
    )
    views: ViewsOrDefault = None
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
    frame: FrameName = None
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

    @model_validator(mode="after")
    def _check_sizes(self) -> Self:
        if self.smallest_um is not None and self.largest_um is not None and self.smallest_um > self.largest_um:
            raise PydanticCustomError("sizes", "The smallest diameter of a cell is larger than the largest")
        return self


class ClassificationRecipe(Recipe):
    """How the cells of a label image are classified."""

    task: TaskName = Field(default="micronucleus", description="What cells are classified into")
    weights: str | None = Field(
        default=None, description="Name of packed or installed weights, or path of a weights file; empty: the task's"
    )
    channel: Channel = None
    frame: FrameName = None
    pixel_size_um: float | None = Field(
        title="Pixel size (µm)",
        default=None,
        gt=0.001,
        lt=10,
        description="Micrometres per pixel; empty: read from the image",
    )
    views: ViewsOrDefault = None
    relabel: bool | None = Field(
        default=None,
        description="Give each separate region of the mask its own number; empty: stop with an error where one number "
        "stands for many cells",
    )
    device: DeviceName = Field(default="auto", description="Processor to compute on")
    precision: Precision = "single"
    runtime: Runtime = "auto"
    embeddings: Embeddings = False


class TeachingRecipe(Recipe):
    """How cells are looked at and chosen while a person teaches their classes."""

    weights: str | None = Field(
        default=None,
        description="Name of packed or installed weights of a classifier, or path of a weights file, whose embedding "
        "is taught on; empty: the project's, or nucleated-cells",
    )
    strategy: Literal["margin-diversity", "margin", "entropy", "diversity", "random"] = Field(
        default="margin-diversity", description="How cells are chosen once every class has a few labels"
    )
    device: DeviceName = Field(default="auto", description="Processor to compute on")
    precision: Precision = "single"
    runtime: Runtime = "auto"


class FineTuningRecipe(Recipe):
    """How the network itself learns what a person taught."""

    name: str = Field(
        default="taught", description="Name of the new weights", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
    )
    epochs: float = Field(default=30, gt=0, description="Passes over the labelled cells")
    views: Views = Field(
        default=8,
        description="In how many ways round the new weights are to see each cell, turned and mirrored: each doubling "
        "is steadier, and takes twice as long in use",
    )
    description: str = Field(default="", description="What the weights are, for their model card; empty: the classes")
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
    frame: FrameName = None
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
    precision: Precision = "single"
    runtime: Runtime = "auto"
