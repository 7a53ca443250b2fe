"""What is known of a smear before a cell is looked at: in blood, precursors and blasts are rare.

In healthy blood the six mature classes make up nearly all nucleated cells; blasts, precursors and erythroblasts
together stay below one in a hundred (Palmer et al. 2015, doi:10.1111/ijlh.12327: any blast, and more than 2 % of
precursors, is reported). Those whose blood is looked at are no random sample, so that only the square root of these
odds is used. Mature classes keep their odds among each other, and nothing is presumed of marrow.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.records.differential import Tissue

_MATURE = frozenset(
    {"neutrophil", "band_neutrophil", "segmented_neutrophil", "eosinophil", "basophil", "monocyte", "lymphocyte"}
)
_RARE_SHARE = 0.005  # of a class that healthy blood all but lacks
_MATURE_SHARE = 1 / 6
_STRENGTH = 0.5


def shift_odds(probabilities: NDArray[np.float32], names: Sequence[str], tissue: Tissue) -> NDArray[np.float32]:
    """Return probabilities (N, K) after what is known of a tissue (Bayes' rule).

    Parameters
    ----------
    probabilities : (N, K) float32
        In 0-1, of a classifier that was trained on as many cells of each class; each row adds up to 1.
    names : sequence of str
        The K classes. 'unclassifiable' is as likely in blood as in marrow.
    tissue : {'marrow', 'blood'}
        Marrow leaves them as they are.
    """
    if tissue != "blood":
        return probabilities
    rare = (_RARE_SHARE / _MATURE_SHARE) ** _STRENGTH
    odds = np.array([1.0 if name in _MATURE or name == "unclassifiable" else rare for name in names])
    shifted = probabilities * odds.astype(np.float32)
    normalised: NDArray[np.float32] = shifted / shifted.sum(axis=1, keepdims=True)
    return normalised
