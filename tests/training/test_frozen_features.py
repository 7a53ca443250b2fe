"""A second look learns from what a fixed detector saw, and moves boxes as the detector itself would."""

import pytest
import torch

from napari_hemalens.config.networks import NetworkRecipe, RefinementRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.models.cascade import CascadeBoxHead
from napari_hemalens.models.detectors import CellDetector, build_detector
from napari_hemalens.progress import finish
from napari_hemalens.training.frozen_features import (
    AgentLearner,
    BoxSamples,
    CachedDetector,
    CascadeLearner,
    collect_boxes_steps,
    run_frozen,
)


def detector(**refinement: object) -> CellDetector:
    recipe = NetworkRecipe(network="faster_rcnn_attention", size="laptop", refinement=RefinementRecipe(**refinement))
    torch.manual_seed(0)
    return build_detector(recipe, classes=3).eval()


class Images:
    """Images whose cells are where a detector thinks, a little aside; or that hold none."""

    names = ("a", "b", "c")

    def __init__(self, network: CellDetector, *, cells: bool = True) -> None:
        self.network, self.cells = network, cells

    def __len__(self) -> int:
        return 2

    def __getitem__(self, draw: tuple[int, int]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        pixels = torch.randint(0, 255, (3, 128, 128), generator=torch.Generator().manual_seed(draw[0])).to(torch.uint8)
        if not self.cells:
            return pixels, {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
        output = run_frozen(self.network, pixels[None].float() / 255)
        return pixels, {"boxes": output.boxes[:5] + 0.5, "labels": output.cells[0]["labels"][:5]}


def test_looks_hold_boxes_on_cells_of_their_class_with_their_truth() -> None:
    network = detector()
    images = Images(network)
    samples = finish(collect_boxes_steps(network, images, normalised=lambda p: p.float() / 255, most=1_000))
    assert len(samples) >= 8
    assert samples.features.shape[1:] == (128, 7, 7)
    partners = torch.cat([images[i, i][1]["boxes"] for i in range(2)])
    assert all((partners == truth).all(dim=1).any() for truth in samples.truth)
    few = finish(collect_boxes_steps(network, images, normalised=lambda p: p.float() / 255, most=2))
    assert 0 < len(few) < len(samples)
    counts = samples.draw_balanced(3_000, seed=0).labels.bincount()
    assert counts[samples.labels.unique()].min() > 0.8 * counts.max()


def test_a_detector_that_finds_nothing_gives_nothing_to_learn_from() -> None:
    network = detector()
    with pytest.raises(TrainingError, match="finds no cell"):
        finish(collect_boxes_steps(network, Images(network, cells=False), normalised=lambda p: p.float() / 255, most=9))


@pytest.mark.parametrize("refinement", [{"most_steps": 0}, {"moves": "proposals"}])
def test_only_detectors_that_move_detections_can_look_twice(refinement: dict[str, object]) -> None:
    with pytest.raises(TrainingError, match="moves detections"):
        run_frozen(detector(**refinement), torch.rand(1, 3, 96, 96))


def test_a_replay_is_the_detector_itself_and_looks_once_an_image() -> None:
    network = detector()
    images = torch.rand(2, 3, 128, 128)
    with torch.inference_mode():
        expected = network(images)
    replayed = CachedDetector(network)
    replayed.mover = AgentLearner(network.roi_heads.refinement, network.roi_heads.recipe)
    first = replayed(images)
    calls: list[object] = []
    network.backbone.register_forward_hook(lambda *_: calls.append(1))
    again = replayed(images)
    assert not calls
    for mine, same, theirs in zip(first, again, expected, strict=True):
        assert len(mine["boxes"]) > 0
        for part in ("boxes", "labels", "scores"):
            torch.testing.assert_close(mine[part], theirs[part], rtol=1e-3, atol=0.5)
            torch.testing.assert_close(same[part], mine[part])
    replayed.mover = None
    still = replayed(images)
    torch.testing.assert_close(still[0]["scores"], first[0]["scores"])


def test_a_second_trim_learns_from_looks_and_moves_boxes() -> None:
    torch.manual_seed(0)
    trim = CascadeLearner(CascadeBoxHead(4, hidden=32, grid=7))
    features = torch.rand(64, 4, 7, 7)
    boxes = torch.tensor([[10.0, 10.0, 30.0, 40.0]]).repeat(64, 1)
    samples = BoxSamples(features, boxes, boxes, truth=boxes + 2, labels=torch.ones(64, dtype=torch.int64))
    targets = [samples[i, 0][1] for i in range(64)]
    optimizer = torch.optim.AdamW(trim.parameters(), lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        trim(features, targets)["loss_second"].backward()
        optimizer.step()
    torch.testing.assert_close(trim.move_boxes(features, boxes, boxes), boxes + 2, rtol=0, atol=0.3)
