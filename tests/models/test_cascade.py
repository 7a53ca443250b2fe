"""A cascade box head leaves boxes at first, and then brings them nearer to their cells than the first head did."""

import pytest
import torch

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.models.cascade import CascadeBoxHead
from napari_hemalens.models.detectors import CellDetector, build_detector
from napari_hemalens.training.refinement_alone import RefinementAlone

TARGETS = [{"boxes": torch.tensor([[20.0, 30.0, 70.0, 90.0]]), "labels": torch.tensor([2])}]
NONE = [{"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}]


def cascade(network: str = "faster_rcnn_cascade", *, bottom_up: bool = False) -> CellDetector:
    torch.manual_seed(0)
    return build_detector(NetworkRecipe(network=network, size="laptop", bottom_up=bottom_up), classes=3).eval()


@pytest.mark.parametrize("bottom_up", [False, True])
def test_untrained_it_is_the_pyramid(bottom_up: bool) -> None:
    trims, plain = (cascade(name, bottom_up=bottom_up) for name in ("faster_rcnn_cascade", "faster_rcnn_fpn"))
    plain.load_state_dict({name: v for name, v in trims.state_dict().items() if ".second." not in name})
    images = torch.rand(2, 3, 128, 160)
    with torch.inference_mode():
        for mine, theirs in zip(trims(images), plain(images), strict=True):
            assert len(mine["boxes"]) > 0
            torch.testing.assert_close(mine, theirs)
    torch.manual_seed(1)
    losses = trims.train()(images, TARGETS * 2)
    torch.manual_seed(1)
    expected = plain.train()(images, TARGETS * 2)
    assert losses.pop("loss_second") > 0
    torch.testing.assert_close(losses, expected)


def test_what_it_learns_moves_boxes_and_nothing_else() -> None:
    network = cascade()
    images = torch.rand(1, 3, 128, 128)
    with torch.inference_mode():
        before = network(images)[0]
        network.roi_heads.second.trim.bias[0] = 1.0  # a tenth of the width to the right
        after = network(images)[0]
    torch.testing.assert_close(after["labels"], before["labels"])
    torch.testing.assert_close(after["scores"], before["scores"])
    inside = (before["boxes"][:, 2] < 100) & (before["boxes"][:, 0] > 0)
    width = before["boxes"][inside, 2] - before["boxes"][inside, 0]
    assert inside.any()
    torch.testing.assert_close(after["boxes"][inside, 0], before["boxes"][inside, 0] + width / 10, rtol=1e-3, atol=0.01)
    assert after["boxes"].max() <= 128


def test_a_second_trim_learns_where_cells_are() -> None:
    torch.manual_seed(0)
    trim = CascadeBoxHead(4, hidden=32, grid=7)
    features = torch.rand(64, 4, 7, 7)
    boxes = torch.tensor([[10.0, 10.0, 30.0, 40.0]]).repeat(64, 1)
    torch.testing.assert_close(trim(features, boxes), boxes)
    optimizer = torch.optim.AdamW(trim.parameters(), lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        trim.loss(features, boxes, boxes + 2).backward()
        optimizer.step()
    torch.testing.assert_close(trim(features, boxes), boxes + 2, rtol=0, atol=0.3)
    assert trim.loss(features[:0], boxes[:0], boxes[:0]) == 0


def test_it_learns_alone_and_from_fields_without_cells() -> None:
    alone = RefinementAlone(cascade()).train()
    images = torch.rand(2, 3, 128, 128)
    losses = alone(images, TARGETS + NONE)
    assert set(losses) == {"loss_second"}
    losses["loss_second"].backward()
    learned = {name for name, p in alone.detector.named_parameters() if p.grad is not None}
    assert learned
    assert all(name.startswith("roi_heads.second.") for name in learned)
    assert alone(images, NONE * 2)["loss_second"] == 0
