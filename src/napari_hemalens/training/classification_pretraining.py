"""Classification pretraining: the backbone of a detector learns to classify single cells before it detects them.

In an image, one nucleated cell lies among nine red cells, and learning the rare classes takes longest. A crop around
one cell costs a fifth of the computation of a field. ImageNet weights, where available, make this less necessary.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset
from torchvision import tv_tensors

from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.training.augment import augmentation, seeded
from napari_hemalens.training.datasets import Target, targets, window

_SIDE = 112  # network pixels: 17 um at 0.15 um a pixel, a promyelocyte
_BATCH = 4  # crops for each image of a detection batch


class SingleCells(Dataset[tuple[Tensor, Target]]):
    """Crops (3, 112, 112) uint8 around every nucleated cell.

    Of red cells and of platelets there are as many as a nucleated class has on average.
    """

    def __init__(self, fields: Sequence[Detections], names: Sequence[str], recipe: DetectionTraining) -> None:
        self.fields, self.names, self.recipe = fields, tuple(names), recipe
        self.transform = augmentation(recipe)
        cells = {name: list[tuple[int, int]]() for name in names}
        for f, field in enumerate(fields):
            for k, label in enumerate(targets(field, self.names)[1].tolist()):
                cells[self.names[label - 1]].append((f, k))
        nucleated = [cells[n] for n in names if cell_class(n).nucleated]
        most = max(1, sum(map(len, nucleated)) // max(1, len(nucleated)))
        self.cells = [c for found in nucleated for c in found]
        for name in names:
            if not cell_class(name).nucleated:
                self.cells += cells[name][:: max(1, len(cells[name]) // most)]

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, draw: tuple[int, int]) -> tuple[Tensor, Target]:
        """Return one crop and `labels` (1,) from 1, for a draw (index, seed)."""
        index, seed = draw
        f, k = self.cells[index]
        boxes, labels = targets(self.fields[f], self.names)
        with seeded(seed):
            pixels, _ = window(self.fields[f], (_SIDE, _SIDE), self.recipe, boxes[k])
            image = self.transform(tv_tensors.Image(pixels))
        return image.as_subclass(Tensor), {"labels": labels[k : k + 1]}


class CellNamer(nn.Module):
    """The ResNet of a detector with one linear layer on its pooled last stage.

    Maps (N, 3, H, W) and targets to the cross-entropy of their classes.
    """

    def __init__(self, detector: CellDetector, classes: int) -> None:
        super().__init__()
        self.body: nn.Module = detector.backbone.body  # type: ignore[assignment]
        self.head = nn.Linear(self._channels(), classes)

    def forward(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """Return the loss by name."""
        features = self._last_stage(images).mean(dim=(2, 3))  # (N, channels)
        labels = torch.cat([target["labels"] for target in targets]) - 1
        return {"loss_name": functional.cross_entropy(self.head(features).float(), labels)}

    def _last_stage(self, images: Tensor) -> Tensor:
        stages: list[Tensor] = list(self.body(images).values())
        return stages[-1]

    @torch.no_grad()
    def _channels(self) -> int:
        self.body.eval()  # this pass must not change the running means
        return self._last_stage(torch.zeros(1, 3, 64, 64)).shape[1]


def pretraining_recipe(recipe: DetectionTraining, cells: int) -> DetectionTraining:
    """Return the recipe of pretraining: small images, more of them per step, at twice the learning rate."""
    return recipe.model_copy(
        update={
            "epochs": recipe.pretraining_epochs,
            "batch": min(recipe.batch * _BATCH, max(1, cells)),
            "learning_rate": 2 * recipe.learning_rate,
            "weight_decay": 5e-4,
        }
    )
