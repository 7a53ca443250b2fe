"""A field that a person corrected, and what must be left of it after a round trip."""

from collections.abc import Callable

import numpy as np
import pytest

from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections, Provenance

NAMES = ("blast", "lymphocyte", "monocyte")


@pytest.fixture
def corrected_field() -> Detections:
    """Four cells: untouched, given another class, moved, drawn."""
    return Detections.from_arrays(
        [[0, 0, 9, 9], [0, 0, 8, 8], [0, 0, 7, 7], [0, 0, 6, 6]],
        [0.9, 0.8, 0.7, 0.6],
        [1, 0, 1, 1],
        names=NAMES,
        image_shape=(20, 20),
        recognised=NAMES,
        provenance=Provenance(image="a.png", weights="w"),
        corrections=Corrections(
            kinds=np.array(["", "class+box", "drawn", "accepted"]),
            predicted_classes=np.array([1, 2, -1, 1]),
            predicted_scores=np.array([0.9, 0.25, np.nan, 0.6], dtype=np.float32),
            observers=np.array(["", "Ann", "Ben", ""]),
        ),
    )


@pytest.fixture
def assert_corrected(corrected_field: Detections) -> Callable[[Detections], None]:
    """Check that the corrections of `corrected_field` are all there."""

    def check(found: Detections) -> None:
        assert found.class_names.tolist() == corrected_field.class_names.tolist()
        assert found.correction_kinds.tolist() == corrected_field.correction_kinds.tolist()
        assert found.predicted_class_names.tolist() == corrected_field.predicted_class_names.tolist()
        np.testing.assert_allclose(found.predicted_scores, corrected_field.predicted_scores, atol=1e-4)
        assert found.observers.tolist() == ["", "Ann", "Ben", ""]

    return check
