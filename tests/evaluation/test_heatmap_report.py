"""What is said of heatmaps: which points best, and how sure that is."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.evaluation.heatmap_report import Finding, HeatmapReport, Shown, draw_cells
from napari_hemalens.heatmaps.methods import best_of
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.weights import classifier_card


def finding(
    name: str, hits: Sequence[float], inside: Sequence[float] | None = None, correlation: float = 0.1
) -> Finding:
    share = np.zeros(len(hits)) if inside is None else np.array(inside)
    heatmaps = np.zeros((1, 8, 8), np.float32)
    left = np.full(len(hits), 0.25)
    return Finding(name, np.array(hits), share, left, heatmaps, 12.34, correlation=correlation, random_hits=0.125)


@pytest.fixture
def of(untrained_classifier: ClassifierCard) -> Callable[..., HeatmapReport]:
    """Return a report of methods on three cells, of two images unless others are named."""

    def build(*methods: Finding, images: str = "aab") -> HeatmapReport:
        cells = tuple((image, number) for number, image in enumerate(images, start=1))
        shown = Shown(np.zeros((1, 8, 8, 3), np.uint8), np.eye(8, dtype=bool)[None], ("a\n1",))
        return HeatmapReport(untrained_classifier, "mn", "val", 4, cells, methods, (), 5.0, 3, shown)

    return build


def test_the_best_hits_most_and_of_two_alike_has_more_heat_inside(of: Callable[..., HeatmapReport]) -> None:
    one = finding("one", [1, 0, 0], [0.9, 0.9, 0.9])
    more, sharper = finding("more", [1, 1, 0], [0.1, 0.1, 0.1]), finding("sharper", [1, 1, 0], [0.2, 0.2, 0.2])
    for methods in ([one, more, sharper], [sharper, more, one]):
        assert of(*methods).best is sharper


def test_a_map_that_is_the_same_without_learning_is_never_the_best(of: Callable[..., HeatmapReport]) -> None:
    blind = finding("blind", [1, 1, 1], correlation=0.5)
    assert not blind.changes
    found = of(blind, finding("sees", [1, 0, 0], correlation=0.49))
    assert found.best is found.methods[1]
    assert of(blind).best is None
    assert of(blind).held_out is None
    assert "None of them changes with the weights." in of(blind).text()


def test_a_method_is_measured_on_images_that_it_was_not_chosen_on(of: Callable[..., HeatmapReport]) -> None:
    one, other = finding("one", [1, 1, 0]), finding("other", [0, 0, 0.5])
    found = of(one, other)
    assert found.best is one
    assert found.held_out == (0.0, 3)  # on b alone `other` is best, which misses all of a; on a `one`, which misses b
    assert "methods hit in 0 of 3 cells" in found.text()
    assert of(one, other, images="aaa").held_out is None


def test_the_packed_default_is_what_the_page_of_figures_calls_best() -> None:
    page = Path(__file__).parents[2] / "docs" / "results" / "heatmaps.md"
    packed = best_of(classifier_card("micronucleus-attention"))
    assert f"\nPoints best: {packed.name}." in page.read_text(encoding="utf-8")


def test_the_table_gives_each_figure_with_the_interval_of_hits(of: Callable[..., HeatmapReport]) -> None:
    found = finding("layer-5", [1] * 8 + [0] * 2, [0.5] * 10)
    assert found.interval == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson, 8 of 10
    line = "| layer-5 | 0.800 (0.490-0.943) | 0.500 | 0.250 | 0.10 | 0.125 | 12.3 |"
    report = of(found, images="a" * 10)
    assert line in report.text().splitlines()
    assert "10 of 4 nuclei with micronuclei are rightly called, in 1 image" in report.text()


def test_cells_are_drawn_whatever_their_number(of: Callable[..., HeatmapReport], tmp_path: Path) -> None:
    report = of(finding("layer-5", [1, 0, 0]))
    draw_cells(report.shown, report.methods, tmp_path / "cells.png")
    assert (tmp_path / "cells.png").stat().st_size > 1000
