import pytest
import torch

from napari_hemalens.config.networks import NetworkRecipe, RefinementRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.detectors import CellDetector, build_detector
from napari_hemalens.training.refinement_alone import RefinementAlone

TARGETS = [{"boxes": torch.tensor([[20.0, 30.0, 70.0, 90.0]]), "labels": torch.tensor([2])}]
MOVES = pytest.mark.parametrize("moves", ["proposals", "detections"])


def attentive(**refinement: object) -> CellDetector:
    recipe = NetworkRecipe(network="faster_rcnn_attention", size="laptop", refinement=RefinementRecipe(**refinement))
    torch.manual_seed(0)
    return build_detector(recipe, classes=3)


def pushing(detector: CellDetector, action: int) -> CellDetector:
    """Let every agent take the same action, whatever it sees."""
    torch.nn.init.zeros_(detector.roi_heads.refinement.actor.weight)
    detector.roi_heads.refinement.actor.bias.data = 9 * torch.eye(9)[action]
    return detector


@MOVES
def test_without_steps_the_network_is_the_pyramid_with_a_path_back_up(moves: str) -> None:
    images = torch.rand(2, 3, 128, 160)
    refining = attentive(moves=moves, most_steps=0).eval()
    plain = build_detector(NetworkRecipe(network="faster_rcnn_fpn", size="laptop", bottom_up=True), classes=3).eval()
    for weight in refining.backbone.path.fuse.parameters():
        torch.nn.init.normal_(weight, std=0.05)
    rest = {name: value for name, value in refining.state_dict().items() if ".refinement." not in name}
    plain.load_state_dict(rest)

    with torch.inference_mode():
        found, expected = refining(images), plain(images)
    for mine, theirs in zip(found, expected, strict=True):
        assert len(mine["boxes"]) > 0
        for part in ("boxes", "labels", "scores"):
            torch.testing.assert_close(mine[part], theirs[part])

    torch.manual_seed(1)
    losses = refining.train()(images, TARGETS * 2)
    torch.manual_seed(1)
    expected_losses = plain.train()(images, TARGETS * 2)
    torch.testing.assert_close(losses, expected_losses)


def test_detections_are_moved_and_keep_their_class_and_score() -> None:
    images = torch.rand(1, 3, 128, 128)
    still = pushing(attentive(), 8).eval()
    with torch.inference_mode():
        before = still(images)[0]
        after = pushing(still, 5)(images)[0]  # wider, five times
    torch.testing.assert_close(after["scores"], before["scores"])
    torch.testing.assert_close(after["labels"], before["labels"])
    width = before["boxes"][:, 2] - before["boxes"][:, 0]
    inside = (before["boxes"][:, 0] > width) & (before["boxes"][:, 2] < 128 - width)
    wider = (after["boxes"][:, 2] - after["boxes"][:, 0])[inside]
    assert inside.any()
    torch.testing.assert_close(wider, width[inside] * 1.1**5, rtol=1e-4, atol=1e-3)
    assert after["boxes"].min() >= 0
    assert after["boxes"].max() <= 128


@MOVES
def test_boxes_are_judged_wherever_they_come_from(moves: str) -> None:
    detector = attentive(moves=moves).eval()
    image = torch.rand(1, 3, 128, 120)
    boxes = torch.tensor([[10.0, 20.0, 50.0, 60.0], [70.0, 64.0, 118.0, 128.0]])
    with torch.inference_mode():
        logits, attention, windows = detector.attend(image, boxes)
        alone = detector.attend(image, boxes[1:])
    assert logits.shape == (2, 4)
    torch.testing.assert_close(attention.sum(dim=(1, 2)), torch.ones(2))
    torch.testing.assert_close(windows[0], torch.tensor([0.0, 10.0, 60.0, 70.0]))  # half as wide again
    for one, both in zip(alone, (logits, attention, windows), strict=True):
        torch.testing.assert_close(one[0], both[1])


def test_a_detector_without_agents_judges_no_boxes() -> None:
    plain = build_detector(NetworkRecipe(size="laptop"), classes=3)
    with pytest.raises(RecipeError, match="Only faster_rcnn_attention"):
        plain.attend(torch.rand(1, 3, 96, 96), torch.tensor([[10.0, 10.0, 40.0, 40.0]]))


@MOVES
def test_an_image_without_a_cell_is_no_error(moves: str) -> None:
    detector = attentive(moves=moves).eval()
    detector.roi_heads.score_thresh = 1.1
    image = torch.rand(1, 3, 96, 96)
    with torch.inference_mode():
        assert len(detector(image)[0]["boxes"]) == 0
        assert [len(part) for part in detector.attend(image, torch.zeros(0, 4))] == [0, 0, 0]


@MOVES
def test_agents_learn_from_fields_with_and_without_cells(moves: str) -> None:
    detector = attentive(moves=moves, imitation=1.0).train()
    empty = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
    losses = detector(torch.rand(2, 3, 128, 128), [*TARGETS, empty])
    assert {"loss_actor", "loss_critic", "loss_imitation"} < set(losses)
    torch.stack(list(losses.values())).sum().backward()
    learning = [p.grad for p in detector.roi_heads.refinement.parameters()]
    assert all(grad is not None and bool(grad.isfinite().all()) for grad in learning)
    assert sum(float(grad.abs().sum()) for grad in learning if grad is not None) > 0


def test_alone_only_agents_learn_and_the_rest_stays_as_it_is_in_use() -> None:
    detector = attentive(imitation=1.0)
    alone = RefinementAlone(detector).train()
    before = {name: value.clone() for name, value in detector.state_dict().items()}
    optimizer = torch.optim.Adam([p for p in alone.parameters() if p.requires_grad], lr=0.01)
    losses = alone(torch.rand(2, 3, 128, 128), TARGETS * 2)
    assert set(losses) == {"loss_actor", "loss_critic", "loss_imitation"}
    torch.stack(list(losses.values())).sum().backward()
    optimizer.step()
    changed = {name for name, value in detector.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(".refinement." in name for name in changed)


def test_agents_that_move_nothing_learn_and_leave_every_box_where_it_is() -> None:
    images = torch.rand(1, 3, 128, 128)
    plain = build_detector(NetworkRecipe(network="faster_rcnn_fpn", size="laptop", bottom_up=True), classes=3).eval()
    watching = pushing(attentive(moves="nothing", imitation=1.0), 5).eval()
    rest = {name: value for name, value in watching.state_dict().items() if ".refinement." not in name}
    plain.load_state_dict(rest)
    with torch.inference_mode():
        torch.testing.assert_close(watching(images)[0], plain(images)[0])
        assert watching.attend(images, TARGETS[0]["boxes"])[1].shape == (1, 7, 7)
    assert "loss_imitation" in watching.train()(images, TARGETS)
