"""In blood a precursor needs evidence, a left shift still shows, and marrow is taken as it is."""

import numpy as np
import pytest

from napari_hemalens.records.tasks import task
from napari_hemalens.records.tissue_prior import shift_odds

NAMES = task("nucleated").classes


def probabilities(**given: float) -> np.ndarray:
    """One cell; what is not given is shared out evenly among the other classes."""
    rest = (1 - sum(given.values())) / (len(NAMES) - len(given))
    return np.array([[given.get(name, rest) for name in NAMES]], np.float32)


def likeliest(shifted: np.ndarray) -> str:
    return NAMES[int(shifted[0].argmax())]


def test_a_marrow_precursor_in_normal_blood_needs_evidence() -> None:
    doubtful = probabilities(metamyelocyte=0.5, band_neutrophil=0.4)
    assert likeliest(doubtful) == "metamyelocyte"
    assert likeliest(shift_odds(doubtful, NAMES, "blood")) == "band_neutrophil"


@pytest.mark.parametrize("name", ["blast", "promyelocyte", "myelocyte", "metamyelocyte", "erythroblast"])
def test_a_clear_left_shift_still_shows(name: str) -> None:
    clear = shift_odds(probabilities(**{name: 0.93}), NAMES, "blood")
    assert likeliest(clear) == name
    assert clear.max() < 0.93


def test_mature_classes_keep_their_odds_among_each_other() -> None:
    seen = probabilities(monocyte=0.3, lymphocyte=0.2, blast=0.3)
    shifted = shift_odds(seen, NAMES, "blood")
    monocyte, lymphocyte = NAMES.index("monocyte"), NAMES.index("lymphocyte")
    assert shifted[0, monocyte] / shifted[0, lymphocyte] == pytest.approx(1.5, rel=1e-5)
    assert shifted[0, monocyte] > 0.3


def test_a_cell_that_nobody_can_name_is_as_likely_in_blood() -> None:
    seen = probabilities(unclassifiable=0.4)
    shifted = shift_odds(seen, NAMES, "blood")
    at, mature = NAMES.index("unclassifiable"), NAMES.index("eosinophil")
    assert shifted[0, at] / shifted[0, mature] == pytest.approx(seen[0, at] / seen[0, mature], rel=1e-5)


def test_marrow_changes_nothing() -> None:
    seen = probabilities(promyelocyte=0.6)
    assert shift_odds(seen, NAMES, "marrow") is seen


def test_rows_add_up_to_1_and_cells_nobody_asked_about_stay_so() -> None:
    rng = np.random.default_rng(0)
    seen = np.concatenate([rng.dirichlet(np.ones(len(NAMES)), 50), np.full((1, len(NAMES)), np.nan)])
    shifted = shift_odds(seen.astype(np.float32), NAMES, "blood")
    np.testing.assert_allclose(shifted[:50].sum(axis=1), 1, rtol=1e-5)
    assert np.isnan(shifted[50]).all()
