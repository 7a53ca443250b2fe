"""Spatial attention led by a network's last features.

Wei et al. 2022, BMC Med. Inform. Decis. Mak. 22, equations 1-5. `*` is a convolution, 1x1 and without a bias, as the
equations are printed; equation 6, which joins the features, belongs to the network (models/heads.py).
"""

from torch import Tensor, nn
from torch.nn import functional


class FusedSpatialAttention(nn.Module):
    """Weight each place of a middle layer by what the last layer saw there.

    Parameters
    ----------
    middle : int
        Channels of the middle layer's features M.
    last : int
        Channels of the last layer's features L.
    hidden : int
        Channels that both are brought to before they are added; 256 in the paper.
    """

    def __init__(self, middle: int, last: int, hidden: int = 256) -> None:
        super().__init__()
        self.lead = nn.Conv2d(last, hidden, 1, bias=False)  # W_l
        self.follow = nn.Conv2d(middle, hidden, 1, bias=False)  # W_m
        self.relu = nn.ReLU()
        self.score = nn.Conv2d(hidden, 1, 1, bias=False)  # W

    def forward(self, middle: Tensor, last: Tensor) -> Tensor:
        """Return `middle` with each place scaled by its weight."""
        return self.attend(middle, last)[0]

    def attend(self, middle: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """Return the attended features and the map they were weighted by.

        Parameters
        ----------
        middle : (N, middle, H, W) float
            Features M.
        last : (N, last, h, w) float
            Features L, of any height and width.

        Returns
        -------
        attended : (N, middle, H, W) float
        attention : (N, H, W) float
            In 0-1, of each image by itself: the places of a map do not add up to one.
        """
        lead = functional.interpolate(self.lead(last), size=middle.shape[-2:], mode="bilinear")  # (1) F_l
        follow = self.follow(middle)  # (2) F_m = W_m * M
        score = self.score(self.relu(lead + follow))  # (3) F = W * ReLU(F_l + F_m), (N, 1, H, W)
        attention: Tensor = score.sigmoid()  # (4) A = sigmoid(F)
        return middle * attention, attention[:, 0]  # (5) a_i m_i
