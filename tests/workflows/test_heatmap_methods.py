"""What the explanation dock asks of heatmaps: their methods, and an empty one."""

import numpy as np

from napari_hemalens.models.weights import classifier_card, detector_card
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.workflows import heatmap_methods


def test_an_empty_heatmap_takes_what_is_laid_on_it() -> None:
    heatmap = heatmap_methods.blank_heatmap((30, 40))
    assert (heatmap.shape, heatmap.dtype) == ((30, 40), np.float32)
    assert not np.asarray(heatmap[:]).any()
    heatmap[3:5, 7] = 0.5
    assert np.asarray(heatmap[:]).sum() == 1.0


def test_a_huge_heatmap_takes_no_memory_before_it_is_written() -> None:
    heatmap = heatmap_methods.blank_heatmap((100_000, 100_000))  # 40 GB as an array
    heatmap[50_000:50_002, 70_000] = 1
    assert heatmap[49_999:50_003, 70_000].tolist() == [0, 1, 1, 0]


def test_the_best_method_of_all_packed_weights_is_one_of_theirs() -> None:
    packed = [task.weights for task in TASKS.values() if task.weights]
    for card in (detector_card("marrow-lite"), *map(classifier_card, packed)):
        best = heatmap_methods.best_of(card)
        assert heatmap_methods.method_of(card.network, best.name) == best
        assert best in heatmap_methods.methods_of(card.network)
