import pytest
import torch
from torch.nn import functional

from napari_hemalens.models.heads import (
    ChannelAttentionHead,
    MemberHead,
    MultiScaleHead,
    PooledHead,
    SpatialAttentionHead,
    joined,
)

CHANNELS = (6, 8, 10)


def stages() -> list[torch.Tensor]:
    torch.manual_seed(0)
    return [torch.randn(2, 6, 9, 9), torch.randn(2, 8, 5, 4), torch.randn(2, 10, 3, 2)]


def test_features_are_joined_as_equation_6_of_wei_et_al_says() -> None:
    parts = stages()
    found = joined(parts)
    for n in range(2):
        expected = [float(part[n, c].sum()) / part[n, c].numel() for part in parts for c in range(part.shape[1])]
        torch.testing.assert_close(found[n], torch.tensor(expected))


def test_each_middle_stage_is_attended_under_the_lead_of_the_last() -> None:
    head = SpatialAttentionHead(CHANNELS, ("a", "b"), classes=3)
    first, second, last = stages()
    logits, maps = head([first, second, last])
    first_led, first_map = head.attention[0].attend(first, last)
    second_led, second_map = head.attention[1].attend(second, last)
    torch.testing.assert_close(maps, {"a": first_map, "b": second_map})
    torch.testing.assert_close(logits, head.linear(joined([first_led, second_led, last])))
    assert head.linear.in_features == 24


def test_alexnet_with_attention_joins_896_features() -> None:
    assert SpatialAttentionHead((384, 256, 256), ("layer 5", "layer 6"), classes=2).linear.in_features == 896


def test_channel_attention_takes_the_blocks_place() -> None:
    head = ChannelAttentionHead(CHANNELS, classes=3)
    first, second, last = stages()
    logits, maps = head([first, second, last])
    expected = head.linear(joined([head.attention[0](first), head.attention[1](second), last]))
    torch.testing.assert_close(logits, expected)
    assert maps == {}


def test_without_attention_the_last_stage_is_pooled_for_one_linear_layer() -> None:
    head = PooledHead(10, classes=3)
    logits, maps = head(stages())
    torch.testing.assert_close(logits, head.linear(stages()[-1].mean(dim=(2, 3))))
    assert maps == {}


def test_each_scale_of_msa_net_is_a_dilated_convolution_with_its_own_map() -> None:
    head = MultiScaleHead(CHANNELS, classes=3, width=4).eval()
    _, second, last = stages()
    middle = head.middle(second)
    high = functional.interpolate(head.high(last), size=(5, 4), mode="bilinear")
    both = torch.cat([middle, high], dim=1)
    pooled = []
    logits, maps = head(stages())
    for index, dilation in enumerate((1, 2, 4)):
        convolution, norm, _ = head.pyramid[index]
        features = functional.conv2d(both, convolution.weight, padding=dilation, dilation=dilation)
        features = norm(features).clamp(min=0)
        weights = 1 / (1 + torch.exp(-(head.score[index].weight * features).sum(dim=1) - head.score[index].bias))
        torch.testing.assert_close(maps[f"dilation {dilation}"], weights)
        pooled.append((features * weights[:, None]).sum(dim=(2, 3)) / 20)
    torch.testing.assert_close(logits, head.linear(torch.cat(pooled, dim=1)))


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_class_is_as_likely_as_its_members_together(temperature: float) -> None:
    fine = PooledHead(10, classes=5)
    coarse = MemberHead(fine, [(0,), (1, 3, 4)], temperature)
    logits, maps = coarse(stages())
    expected = (fine(stages())[0] / temperature).softmax(dim=1)
    together = torch.stack([expected[:, 0], expected[:, [1, 3, 4]].sum(dim=1)], dim=1)
    together = together / together.sum(dim=1, keepdim=True)  # output 2 is in no class
    torch.testing.assert_close((logits / temperature).softmax(dim=1), together)
    assert maps == {}


def test_members_that_are_all_outputs_leave_the_sums_as_they_are() -> None:
    fine = PooledHead(10, classes=3)
    logits, _ = MemberHead(fine, [(0, 2), (1,)], 1.7)(stages())
    p = (fine(stages())[0] / 1.7).softmax(dim=1)
    torch.testing.assert_close((logits / 1.7).exp()[:, 1] / (logits / 1.7).exp().sum(dim=1), p[:, 1])


def test_the_maps_of_attention_are_those_of_the_head_within() -> None:
    fine = SpatialAttentionHead(CHANNELS, ("a", "b"), classes=3)
    torch.testing.assert_close(MemberHead(fine, [(0, 1), (2,)], 1.0)(stages())[1], fine(stages())[1])
