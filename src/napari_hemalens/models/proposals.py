"""Where a cell may be: torchvision's region proposals, as many as an image has room for, and exact."""

from torch import Tensor
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead

_ROOM_PX = 320  # side of the image that fixed numbers are meant for: 48 um at 0.15 um a pixel


class Proposals(RegionProposalNetwork):
    """Proposes, and learns from, as many regions as the image has room for; in use, of those that may hold a cell.

    torchvision's fixed numbers would be used up by the first few cells of a large tile, and the others lost: a tile
    would find fewer cells than its parts.
    """

    room = 1.0  # images of the side that the fixed numbers are meant for, in the present one
    learned_from = 128  # regions of such an image
    # Objectness from which a region is worth a look in use. What lies below is ground, and looking at it took two
    # thirds of the time on a CPU (docs/results/shortcuts.md).
    least = 0.01

    def forward(
        self, images: ImageList, features: dict[str, Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Return proposals (boxes of each image) and losses."""
        height, width = (int(side) for side in images.tensors.shape[-2:])  # numbers, also while it is exported
        self.room = max(1.0, height * width / _ROOM_PX**2)
        self.fg_bg_sampler.batch_size_per_image = round(self.room * self.learned_from)
        self.score_thresh = 0.0 if self.training else self.least
        return super().forward(images, features, targets)  # type: ignore[no-any-return]

    def pre_nms_top_n(self) -> int:
        """Return how many anchors of each level are kept before suppression."""
        fixed: int = super().pre_nms_top_n()
        return round(self.room * fixed)

    def post_nms_top_n(self) -> int:
        """Return how many proposals are handed on."""
        fixed: int = super().post_nms_top_n()
        return round(self.room * fixed)


class ExactRPNHead(RPNHead):
    """torchvision's head with its numbers as float32, also where mixed precision computes them.

    torchvision gives boxes the type of what the head says: a bfloat16 knows where a cell is to two pixels of 512.
    """

    def forward(self, x: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Return objectness and box changes of each level."""
        objectness, changes = super().forward(x)
        return [level.float() for level in objectness], [level.float() for level in changes]
