import torch
from torch.nn import functional

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.models.bottom_up import BottomUpPath
from napari_hemalens.models.detectors import build_detector


def test_a_new_path_changes_nothing() -> None:
    levels = [torch.rand(2, 8, side, side) for side in (16, 8, 4)]
    for found, level in zip(BottomUpPath(3, 8)(levels), levels, strict=True):
        torch.testing.assert_close(found, level)


def test_each_level_is_fused_with_what_climbs_from_the_finer_one() -> None:
    """N_l = P_l + fuse(ReLU(P_l + climb(N_{l-1}))), written out."""
    torch.manual_seed(0)
    path = BottomUpPath(3, 8)
    for weight in path.fuse.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    fine, middle, coarse = (torch.rand(1, 8, side, side) for side in (16, 8, 4))
    with torch.inference_mode():
        found = path([fine, middle, coarse])
        second = middle + path.fuse[0](functional.relu(middle + path.climb[0](fine)))
        third = coarse + path.fuse[1](functional.relu(coarse + path.climb[1](second)))
    for mine, longhand in zip(found, (fine, second, third), strict=True):
        torch.testing.assert_close(mine, longhand)
    assert not torch.allclose(third, coarse)


def test_the_level_that_only_proposes_is_pooled_anew_from_the_coarsest() -> None:
    backbone = build_detector(NetworkRecipe(size="laptop", bottom_up=True), classes=1).backbone.eval()
    for weight in backbone.path.fuse.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    with torch.inference_mode():
        *_, coarsest, pooled = backbone(torch.rand(1, 3, 128, 160)).values()
    torch.testing.assert_close(pooled, coarsest[:, :, ::2, ::2])
