"""A field is classified by its cells too, and the figures answer which of both is better."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.experiments.field_views import FieldViews, average_by_field
from napari_hemalens.experiments.fields import MEASURES, ROWS
from napari_hemalens.experiments.floors import Floor
from napari_hemalens.experiments.report import Comparison
from napari_hemalens.experiments.trial import Trial
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.records.tasks import task

PLAIN = ("alexnet_light", "vgg16_pooled", "googlenet", "resnet18", "resnet50", "mobilenet_v2")


def trial(row: str, right: int, of: int = 40) -> Trial:
    """Return a trial that names so many of its fields rightly, the same share of each class."""
    truth = np.arange(of) % 4
    called = np.where(np.arange(of) < right, truth, (truth + 1) % 4)
    return Trial(row, "seed 0", task("field"), np.eye(4, dtype=np.float32)[called], truth, 1.0, 1.0, 1, {})


def view(*trials: Trial) -> Comparison:
    return Comparison("", (), MEASURES, {name: ROWS[name] for name in PLAIN}, {}, trials)


def test_a_field_has_the_mean_probability_of_its_cells() -> None:
    p = np.array([[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0], [0.1, 0.9, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)
    of_cells = Trial("a", "seed 0", task("field"), p, np.array([1, 1, 1, 2, 2]), None, 0.1, 1, {})
    cells = [
        NamedCells(Path(f"{k}.png"), None, np.arange(n), np.full(n, "x"), np.full(n, "x")) for k, n in enumerate((3, 2))
    ]
    found = average_by_field(of_cells, cells)
    np.testing.assert_allclose(found.probabilities, [[0.4, 0.6, 0, 0], [0, 0, 0.5, 0.5]], atol=1e-6)
    assert found.truth.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (20, "whole fields do better (AlexNet, pooled: 12 fields are named right when seen whole alone, 0 by their"),
        (
            40,
            "single cells do (AlexNet, pooled: 0 fields are named right when seen whole alone, 8 by their cells alone",
        ),
        (28, "neither side does better beyond chance (AlexNet, pooled: 4 fields are named right when seen whole alone"),
        (32, "sign test, p = 1)"),
    ],
)
def test_the_answer_is_what_a_sign_test_over_the_fields_allows(cells: int, said: str) -> None:
    fields, by_cells = (view(*(trial(name, right) for name in PLAIN)) for right in (32, cells))
    (answer,) = FieldViews("", (), {("as_is", "fields"): fields, ("as_is", "by_cells"): by_cells}).answers()
    assert said in answer
    assert "0.800 where the network saw the whole field" in answer
    assert f"{cells / 40:.3f} where the field was named by the mean" in answer


def test_each_row_on_fields_stands_beside_itself_on_their_cells() -> None:
    fields, by_cells = view(trial("googlenet", 32)), view(trial("googlenet", 20), trial("resnet18", 20))
    views = FieldViews("", (), {("reference", "fields"): fields, ("reference", "by_cells"): by_cells})
    assert {name: (pair.ours, pair.theirs) for name, pair in views.pairs("reference").items()} == {"googlenet": (12, 0)}
    assert views.pairs("as_is") == {}
    assert "| GoogLeNet | 12 | 0 | 0.00049 |" in views.markdown()


def test_without_both_sides_nothing_is_answered() -> None:
    assert FieldViews("", (), {("as_is", "fields"): view(trial("alexnet_light", 30))}).answers() == ()


def test_below_the_floor_nothing_is_answered_but_the_figures_stand() -> None:
    floor = Floor("resnet18", "balanced accuracy", 0.85)
    fields, cells = (replace(view(*(trial(name, n) for name in PLAIN)), floor=floor) for n in (32, 20))
    (answer,) = FieldViews("", (), {("as_is", "fields"): fields, ("as_is", "by_cells"): cells}).answers()
    assert "not answered, the plain baseline is below the floor" in answer
    assert "0.800 where the network saw the whole field" in answer
