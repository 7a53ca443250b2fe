import torch
from torch.nn import functional

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.models.detectors import build_detector


def test_the_pyramid_is_laterals_top_down_sums_and_smoothing() -> None:
    """Lin et al. 2017: P_l = smooth(lateral(C_l) + upsampled(inner_{l+1})), written out."""
    backbone = build_detector(NetworkRecipe(size="full"), classes=1).backbone.eval()
    images = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        stages = list(backbone.body(images).values())
        pyramid = backbone(images)
        inner = None
        for level in (3, 2, 1, 0):
            inner_of = backbone.fpn.inner_blocks[level](stages[level])
            if inner is not None:
                inner_of = inner_of + functional.interpolate(inner, size=inner_of.shape[-2:], mode="nearest")
            inner = inner_of
            smoothed = backbone.fpn.layer_blocks[level](inner)
            torch.testing.assert_close(pyramid[str(level)], smoothed)
    assert [tuple(s.shape[-2:]) for s in stages] == [(16, 24), (8, 12), (4, 6), (2, 3)]


def test_the_pyramid_on_lite0_has_the_strides_of_that_on_a_resnet() -> None:
    image = torch.rand(1, 3, 128, 192)
    shapes = []
    for backbone in ("resnet18", "efficientnet_lite0"):
        detector = build_detector(NetworkRecipe(backbone=backbone, size="laptop"), classes=1).eval()
        with torch.inference_mode():
            shapes.append({name: tuple(level.shape) for name, level in detector.backbone(image).items()})
    assert shapes[0] == shapes[1]
