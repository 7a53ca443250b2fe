"""Cell detectors of Wang et al. 2021 (BMC Bioinformatics 22:94, Table 1) from torchvision's parts.

Faster R-CNN: Ren et al. 2015, https://arxiv.org/abs/1506.01497. RoIAlign: He et al. 2017,
https://arxiv.org/abs/1703.06870. Feature pyramid: Lin et al. 2017,
https://arxiv.org/abs/1612.03144.

Where the paper leaves a choice: anchors are given in micrometres, since a cell has a size and an
image has a scale; batch normalisation learns when the backbone starts from scratch, and is frozen
when it starts from ImageNet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import resnet
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.ops import FrozenBatchNorm2d

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.bottom_up import PyramidBothWays
from napari_hemalens.models.cards import COARSEST
from napari_hemalens.models.cascade import CascadeRoIHeads
from napari_hemalens.models.feature_levels import FeaturePyramid, SingleLevel
from napari_hemalens.models.lite import LITE0, STAGE_CHANNELS, LiteStages
from napari_hemalens.models.proposals import ExactRPNHead, Proposals
from napari_hemalens.models.refining import RefiningRoIHeads
from napari_hemalens.models.roi_align import RowsRoIAlign
from napari_hemalens.models.starts import start_from_imagenet

_ASPECTS = (0.7, 1.0, 1.4)
_POOLED = 7  # RoIAlign's output is 7 x 7
_MOST_CELLS = 1000  # in one tile: torchvision's 100 would cut a crowded field


@dataclass(frozen=True, slots=True)
class _Size:
    """How wide a detector is: full as in the paper, or one that a laptop runs."""

    channels: int
    hidden: int
    stages: tuple[int, ...]  # of the ResNet, that the pyramid is built on
    rois: int  # proposals per image that the head is trained on
    positive: float  # share of them that lie on a cell


_SIZES: Mapping[str, _Size] = {
    "full": _Size(channels=256, hidden=1024, stages=(1, 2, 3, 4), rois=512, positive=0.25),
    "laptop": _Size(channels=128, hidden=256, stages=(2, 3, 4), rois=64, positive=0.5),
}
# Diameters in um of the anchors at strides 4, 8, 16, 32, 64: platelets are 2-3, red cells 7,
# promyelocytes 20, megakaryocytes 50-100.
_ANCHORS_UM: Mapping[int, tuple[float, float]] = {
    4: (1.8, 2.6),
    8: (2.5, 4.0),
    16: (6.5, 9.5),
    32: (14.0, 20.0),
    64: (35.0, 60.0),
}


class ExactPredictor(FastRCNNPredictor):
    """torchvision's predictor with its numbers as float32, as `proposals.ExactRPNHead`."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return class logits (N, classes + 1) and box changes (N, 4 * (classes + 1))."""
        logits, changes = super().forward(x)
        return logits.float(), changes.float()


class CellDetector(nn.Module):
    """A backbone, what proposes regions on it, and what names and trims them.

    torchvision's own `GeneralizedRCNN` also resizes; here images come scaled and normalised
    (preprocess.py), all of one size.
    """

    def __init__(self, backbone: nn.Module, rpn: Proposals, roi_heads: RoIHeads) -> None:
        super().__init__()
        self.backbone = backbone
        self.rpn = rpn
        self.roi_heads = roi_heads
        self.most_cells = roi_heads.detections_per_img
        self.learned_from: int = roi_heads.fg_bg_sampler.batch_size_per_image

    def forward(
        self, images: Tensor, targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Return losses in training, cells in evaluation.

        Parameters
        ----------
        images : (N, 3, H, W) float32
            Normalised, at the pixel size of the weights.
        targets : list of dict, in training
            For each image `boxes` (M, 4) float32 as x0, y0, x1, y1 in pixels, `labels` (M,) int64
            from 1.

        Returns
        -------
        dict of str to scalar, or list of dict
            Losses by name; or, per image, `boxes`, `labels` and `scores`, best first.
        """
        sizes = _sizes(images)
        images = _padded(images)
        features = self.backbone(images)  # level name -> (N, channels, H/stride, W/stride)
        proposals, rpn_losses = self.rpn(ImageList(images, sizes), features, targets)
        self.roi_heads.detections_per_img = round(self.most_cells * self.rpn.room)
        self.roi_heads.fg_bg_sampler.batch_size_per_image = round(self.learned_from * self.rpn.room)
        detections, head_losses = self.roi_heads(features, proposals, sizes, targets)
        return {**rpn_losses, **head_losses} if self.training else detections

    @property
    def attention_grid(self) -> int:
        """Places along each side of an attention map."""
        return int(self.roi_heads.box_roi_pool.output_size[0])

    def attend(self, image: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Judge boxes that are given, and tell where agents attended to them.

        Parameters
        ----------
        image : (1, 3, H, W) float32
            Normalised, at the pixel size of the weights.
        boxes : (N, 4) float32
            x0, y0, x1, y1 in pixels.

        Returns
        -------
        logits : (N, classes + 1) float32
            Of the classes; 0 is the background.
        attention : (N, grid, grid) float32
            Adds up to 1.
        windows : (N, 4) float32
            What the attention is of.

        Raises
        ------
        RecipeError
            If the detector has no agents.
        """
        heads = self.roi_heads
        if not isinstance(heads, RefiningRoIHeads):
            raise RecipeError("Only faster_rcnn_attention has attention of its own.")
        return heads.judge_boxes(self.backbone(_padded(image)), boxes, _sizes(image))


def _sizes(images: Tensor) -> list[tuple[int, int]]:
    """Return height and width of each image."""
    return [(int(images.shape[-2]), int(images.shape[-1]))] * len(images)


def _padded(images: Tensor) -> Tensor:
    """Return images whose sides every stride divides.

    Else anchors, which lie image / features pixels apart, rounded down, would lie off the cells.
    """
    height, width = images.shape[-2:]
    return functional.pad(images, (0, -width % COARSEST, 0, -height % COARSEST))


def faster_rcnn(recipe: NetworkRecipe, classes: int) -> CellDetector:
    """Build Faster R-CNN on one feature level (Wang et al., Table 1, first row).

    Raises
    ------
    RecipeError
        If the backbone is no ResNet.
    """
    if recipe.backbone == LITE0:
        raise RecipeError("faster_rcnn takes a ResNet; with efficientnet_lite0 use faster_rcnn_fpn.")
    size = _SIZES[recipe.size]
    body, widths = _resnet(recipe)
    anchors = tuple(d for stride in (8, 16, 32) for d in _ANCHORS_UM[stride])
    return _assemble(SingleLevel(body, widths[3], size.channels), [anchors], recipe=recipe, classes=classes)


def faster_rcnn_fpn(recipe: NetworkRecipe, classes: int) -> CellDetector:
    """Build Faster R-CNN on a feature pyramid, C2-C5 to P2-P5 (Wang et al., Table 1, second row).

    The laptop size starts at C3: its finest level has a stride of 8 pixels, 1.2 um.
    """
    pyramid, anchors = _pyramid(recipe, bottom_up=recipe.bottom_up)
    return _assemble(pyramid, anchors, recipe=recipe, classes=classes)


def faster_rcnn_attention(recipe: NetworkRecipe, classes: int) -> CellDetector:
    """Build the improved model (Wang et al., Table 1, third row).

    `faster_rcnn_fpn` with a bottom-up path (`bottom_up.py`), and boxes that soft attention moves (`refining.py`).
    """
    pyramid, anchors = _pyramid(recipe, bottom_up=True)
    return _assemble(pyramid, anchors, recipe=recipe, classes=classes, heads=RefiningRoIHeads)


def faster_rcnn_cascade(recipe: NetworkRecipe, classes: int) -> CellDetector:
    """Build `faster_rcnn_fpn` with a cascade box head (`cascade.py`)."""
    pyramid, anchors = _pyramid(recipe, bottom_up=recipe.bottom_up)
    return _assemble(pyramid, anchors, recipe=recipe, classes=classes, heads=CascadeRoIHeads)


def _pyramid(recipe: NetworkRecipe, *, bottom_up: bool) -> tuple[nn.Module, list[tuple[float, float]]]:
    """Return a pyramid, and the diameters of the anchors of each of its levels in um."""
    size = _SIZES[recipe.size]
    if recipe.backbone == LITE0:
        body: nn.Module = LiteStages(size.stages, imagenet=recipe.start == "imagenet")
        widths = STAGE_CHANNELS
    else:
        resnet_body, widths = _resnet(recipe)
        body = IntermediateLayerGetter(resnet_body, {f"layer{s}": str(i) for i, s in enumerate(size.stages)})
    pyramid = FeaturePyramid(body, [widths[s] for s in size.stages], size.channels)
    strides = [2 ** (s + 1) for s in size.stages]
    anchors = [_ANCHORS_UM[stride] for stride in (*strides, 64)]
    return (PyramidBothWays(pyramid, len(size.stages), size.channels) if bottom_up else pyramid), anchors


DETECTORS: Mapping[str, Callable[[NetworkRecipe, int], CellDetector]] = {
    "faster_rcnn": faster_rcnn,
    "faster_rcnn_fpn": faster_rcnn_fpn,
    "faster_rcnn_attention": faster_rcnn_attention,
    "faster_rcnn_cascade": faster_rcnn_cascade,
}


def build_detector(recipe: NetworkRecipe, classes: int) -> CellDetector:
    """Build an untrained detector for `classes` kinds of cell.

    Raises
    ------
    RecipeError
        If no detector is called `recipe.network`.
    """
    if recipe.network not in DETECTORS:
        raise RecipeError(f"No detector {recipe.network!r}. Known: {', '.join(DETECTORS)}.")
    return DETECTORS[recipe.network](recipe, classes)


def _resnet(recipe: NetworkRecipe) -> tuple[resnet.ResNet, Mapping[int, int]]:
    """Return a ResNet and the channels of its stages, by number."""
    pretrained = recipe.start == "imagenet"
    body = getattr(resnet, recipe.backbone)(norm_layer=FrozenBatchNorm2d if pretrained else nn.BatchNorm2d)
    if pretrained:
        start_from_imagenet(body, recipe.backbone)
    widest = body.fc.in_features
    return body, {stage: widest // 2 ** (4 - stage) for stage in (1, 2, 3, 4)}


def _assemble(
    backbone: nn.Module,
    anchors_um: Sequence[tuple[float, ...]],
    *,
    recipe: NetworkRecipe,
    classes: int,
    heads: type[RefiningRoIHeads | CascadeRoIHeads] | None = None,
) -> CellDetector:
    size = _SIZES[recipe.size]
    sizes = tuple(tuple(round(d / recipe.pixel_size_um) for d in level) for level in anchors_um)
    anchors = AnchorGenerator(sizes, (_ASPECTS,) * len(sizes))
    rpn = Proposals(
        anchors,
        ExactRPNHead(size.channels, anchors.num_anchors_per_location()[0]),
        fg_iou_thresh=0.7,
        bg_iou_thresh=0.3,
        batch_size_per_image=Proposals.learned_from,
        positive_fraction=0.5,  # 1:1, as in the paper
        pre_nms_top_n={"training": 600, "testing": 2 * _MOST_CELLS},
        post_nms_top_n={"training": 300, "testing": _MOST_CELLS},
        nms_thresh=0.7,
    )
    # The coarsest pooled level only proposes; features are read from the levels of the ResNet.
    levels = [str(i) for i in range(max(1, len(sizes) - 1))]
    kind: Callable[..., RoIHeads] = RoIHeads
    if heads is not None:
        kind = partial(heads, channels=size.channels, refinement=recipe.refinement)
    roi_heads = kind(
        RowsRoIAlign(levels, output_size=_POOLED, sampling_ratio=2),
        TwoMLPHead(size.channels * _POOLED**2, size.hidden),
        ExactPredictor(size.hidden, classes + 1),
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.5,
        batch_size_per_image=size.rois,
        positive_fraction=size.positive,
        bbox_reg_weights=None,
        score_thresh=0.05,
        nms_thresh=0.5,
        detections_per_img=_MOST_CELLS,
    )
    return CellDetector(backbone, rpn, roi_heads)
