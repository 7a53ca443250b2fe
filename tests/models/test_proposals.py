from pathlib import Path

import pytest
import tifffile
import torch

from napari_hemalens.config.networks import NetworkRecipe
from napari_hemalens.models import weights
from napari_hemalens.models.detectors import build_detector
from napari_hemalens.models.proposals import Proposals
from napari_hemalens.models.storage import load_detector, preprocess_of


def test_regions_that_are_ground_are_learned_from_and_not_looked_at_in_use() -> None:
    torch.manual_seed(0)
    detector = build_detector(NetworkRecipe(size="laptop"), classes=2).train()
    torch.nn.init.constant_(detector.rpn.head.cls_logits.bias, -20)  # nothing looks like a cell yet
    target = {"boxes": torch.tensor([[20.0, 30.0, 70.0, 90.0]]), "labels": torch.tensor([1])}
    seen: list[list[torch.Tensor]] = []
    detector.rpn.register_forward_hook(lambda *call: seen.append(call[2][0]))
    detector(torch.rand(1, 3, 128, 128), [target])
    assert len(seen[0][0]) > 100
    with torch.inference_mode():
        assert len(detector.eval()(torch.rand(1, 3, 128, 128))[0]["boxes"]) == 0
    assert len(seen[1][0]) == 0


@pytest.mark.slow
def test_the_packed_weights_find_as_much_as_with_a_look_at_every_region(sample_data: Path) -> None:
    card = weights.detector_card("marrow-lite")
    detector = load_detector(card, torch.device("cpu"))
    pixels = torch.from_numpy(tifffile.imread(sample_data / "marrow_smear.tif")[:640, :640]).permute(2, 0, 1)[None]
    image = preprocess_of(card).normalised(pixels)
    regions: list[set[tuple[float, ...]]] = []
    detector.rpn.register_forward_hook(lambda *call: regions.append(set(map(tuple, call[2][0][0].tolist()))))
    cells = []
    for least in (0.0, Proposals.least):
        detector.rpn.least = least
        with torch.inference_mode():
            cells.append(int((detector(image)[0]["scores"] >= card.score_threshold).sum()))
    assert regions[1] < regions[0]
    assert len(regions[1]) < 0.7 * len(regions[0])
    assert cells[0] > 80
    assert abs(cells[0] - cells[1]) <= 2
