import pytest
import torch
from torch import nn
from torchvision.models.detection.faster_rcnn import TwoMLPHead

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.models.detectors import CellDetector, build_detector
from napari_hemalens.models.region_heads import RowsHead, with_rows_heads

HALF = 2e-2  # of the largest number: sums of numbers with eight bits behind the point


def detector(network: str) -> CellDetector:
    """Return a detector that finds something and trims it."""
    torch.manual_seed(0)
    made = build_detector(NetworkRecipe(network=network, size="laptop"), classes=2)
    made.roi_heads.score_thresh = 0.0
    if hasattr(made.roi_heads, "second"):
        nn.init.normal_(made.roi_heads.second.trim.weight, std=0.1)
    return made.eval()


@pytest.mark.parametrize(("numbers", "apart"), [(torch.float32, 1e-5), (torch.bfloat16, HALF)])
@torch.inference_mode()
def test_regions_are_seen_as_torchvisions_head_sees_them(numbers: torch.dtype, apart: float) -> None:
    torch.manual_seed(0)
    head, features = TwoMLPHead(6 * 3 * 3, 16), torch.randn(5, 6, 3, 3)
    wanted = head(features)
    for given in (features, features.contiguous(memory_format=torch.channels_last)):
        seen = RowsHead(head, 3, numbers)(given.to(numbers))
        assert seen.dtype == torch.float32
        torch.testing.assert_close(seen, wanted, rtol=0, atol=apart * float(wanted.abs().max()))
    assert RowsHead(head, 3, numbers)(features[:0]).shape == (0, 16)


@pytest.mark.parametrize("network", ["faster_rcnn_fpn", "faster_rcnn_cascade", "faster_rcnn_attention"])
@torch.inference_mode()
def test_a_detector_with_the_heads_finds_the_same(network: str) -> None:
    plain, image = detector(network), torch.rand(1, 3, 128, 128)
    before = {name: tensor.clone() for name, tensor in plain.state_dict().items()}
    wanted = plain(image)[0]
    found = with_rows_heads(plain)(image)[0]
    assert len(wanted["boxes"]) > 5
    for name in ("boxes", "scores", "labels"):
        torch.testing.assert_close(found[name], wanted[name], rtol=0, atol=1e-3)
    assert isinstance(plain.roi_heads.box_head, TwoMLPHead)
    assert all(torch.equal(tensor, before[name]) for name, tensor in plain.state_dict().items())


@torch.inference_mode()
def test_in_16_bits_a_cascade_scores_and_trims_nearly_alike() -> None:
    plain, fast = detector("faster_rcnn_cascade"), with_rows_heads(detector("faster_rcnn_cascade"), torch.bfloat16)
    features = {name: torch.randn(1, 128, side, side) for name, side in (("0", 16), ("1", 8), ("2", 4))}
    features["pool"] = torch.randn(1, 128, 2, 2)
    boxes, sizes = [torch.tensor([[10.0, 12.0, 50.0, 60.0], [64.0, 30.0, 100.0, 90.0]])], [(128, 128)]
    pooled = fast.roi_heads.box_roi_pool(features, boxes, sizes)
    wanted = plain.roi_heads.box_roi_pool(features, boxes, sizes)
    assert pooled.dtype == torch.bfloat16
    torch.testing.assert_close(pooled.float(), wanted, rtol=0, atol=HALF * float(wanted.abs().max()))
    found = fast.roi_heads.second(pooled, boxes[0])
    torch.testing.assert_close(found, plain.roi_heads.second(wanted, boxes[0]), rtol=0, atol=0.5)


def test_where_more_reads_the_regions_they_stay_in_32_bits() -> None:
    fast = with_rows_heads(detector("faster_rcnn_attention"), torch.bfloat16)
    assert fast.roi_heads.box_roi_pool.numbers == torch.float32
    assert fast.roi_heads.box_head.numbers == torch.float32
