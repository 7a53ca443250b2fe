import numpy as np
import pytest

from napari_hemalens.evaluation.perturbations import FIELD_PERTURBATIONS
from napari_hemalens.evaluation.robustness import conditions, count_errors
from napari_hemalens.records.detections import Detections

NAMES = ("granulocyte", "lymphocyte", "erythrocyte")
PIXELS = np.full((32, 32, 3), 100, np.uint8)


def cells(*counts: int, recognised: tuple[str, ...] = NAMES) -> Detections:
    classes = np.repeat(np.arange(3), counts)
    boxes = [[i, i, i + 5, i + 5] for i in range(len(classes))]
    return Detections.from_arrays(
        boxes, np.ones(len(classes)), classes, names=NAMES, image_shape=(200, 200), recognised=recognised
    )


def test_errors_of_a_count_are_those_of_nucleated_cells() -> None:
    """Truth 6 and 4; found 9 and 3: two too many, 3 + 1 wrong by class, 60:40 against 75:25."""
    assert count_errors(cells(9, 3, 50), cells(6, 4, 80)) == pytest.approx(
        {"nucleated": 10, "count": 0.2, "classes": 0.4, "points": 15}
    )


def test_a_right_count_has_no_error_and_an_empty_field_is_none() -> None:
    assert count_errors(cells(6, 4, 0), cells(6, 4, 9))["classes"] == 0
    assert count_errors(cells(0, 0, 0), cells(0, 0, 3))["points"] == 0


def test_a_class_the_weights_never_saw_is_no_error_of_the_count() -> None:
    """Four lymphocytes that cannot be recognised: they are missing from the count, not wrong by class."""
    found = cells(6, 0, 0, recognised=("granulocyte", "erythrocyte"))
    assert count_errors(found, cells(6, 4, 0)) == pytest.approx(
        {"nucleated": 10, "count": -0.4, "classes": 0, "points": 40}
    )


def test_unperturbed_fields_are_seen_once_and_crowding_has_its_own_cells() -> None:
    clean = {c.pixels_key for c in conditions() if c.name in FIELD_PERTURBATIONS and c.unperturbed}
    assert len(clean) == 1
    crowding = [c for c in conditions() if c.name == "crowding"]
    assert {c.largest for c in crowding} == {min(c.side for c in crowding)}


@pytest.mark.parametrize(
    ("name", "level", "value", "told"),
    [
        ("light", -0.4, 60, 0.1),
        ("light", 0.0, 100, 0.1),
        ("scale", 0.7, 100, 0.07),
        ("scale estimated", 0, 100, None),
        ("crowding", 150, 100, 0.1),
    ],
)
def test_a_condition_changes_the_pixels_or_what_is_told_of_them(
    name: str, level: float, value: int, told: float | None
) -> None:
    (condition,) = (c for c in conditions() if (c.name, c.level) == (name, level))
    slide = condition.apply(PIXELS, 0.1)
    assert (slide.read(0, 0, 32, 32) == value).all()
    assert slide.pixel_size_um == (None if told is None else pytest.approx(told))
