"""Figures of classifiers, against values worked out by hand."""

import numpy as np
import pytest
import torch

from napari_hemalens.evaluation.class_metrics import best_threshold, class_measures, temperature

NAMES = ("blast", "normal")
P = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8], [0.55, 0.45]], dtype=np.float32)
T = np.array([0, 0, 0, 1, 1])


def test_two_classes_are_measured_by_the_positive_one():
    found = class_measures(P, T, NAMES, positive="blast")
    assert found.confusion.tolist() == [[2, 1], [1, 1]]
    assert found.overall["accuracy"] == pytest.approx(3 / 5)
    assert found.overall["sensitivity"] == pytest.approx(2 / 3)
    assert found.overall["specificity"] == pytest.approx(1 / 2)
    assert found.overall["precision"] == pytest.approx(2 / 3)
    assert found.overall["F1"] == pytest.approx(2 / 3)
    assert found.overall["balanced accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found.overall["AUC"] == pytest.approx(5 / 6)  # of six pairs, 0.3 against 0.55 is the wrong way round
    assert found.overall["AP"] == pytest.approx((1 + 1 + 3 / 4) / 3)


def test_a_threshold_moves_cells_between_two_classes():
    found = class_measures(P, T, NAMES, positive="blast", threshold=0.25)
    assert found.confusion.tolist() == [[3, 0], [1, 1]]


def test_several_classes_are_averaged_and_one_without_cells_left_out():
    p = np.eye(3, dtype=np.float32)[[0, 1, 1, 0]]
    found = class_measures(p, np.array([0, 1, 1, 1]), ("a", "b", "c"))
    assert found.overall["F1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert found.overall["balanced accuracy"] == pytest.approx((1 + 2 / 3) / 2)
    assert "b" in found.text()


def test_the_best_threshold_lies_between_the_cells_that_it_parts():
    p = np.array([0.9, 0.2, 0.8, 0.4, 0.1], dtype=np.float32)
    assert best_threshold(p, np.array([True, False, True, True, False])) == pytest.approx(0.3)


def test_overconfident_logits_get_the_temperature_that_made_them_so():
    generator = torch.Generator().manual_seed(0)
    honest = torch.randn(20_000, 3, generator=generator) * 1.5
    truth = torch.multinomial(honest.softmax(dim=1), 1, generator=generator)[:, 0]
    assert temperature(honest * 2.5, truth) == pytest.approx(2.5, rel=0.05)
    found = class_measures((honest * 2.5).softmax(dim=1).numpy(), truth.numpy(), ("a", "b", "c"))
    mended = class_measures(honest.softmax(dim=1).numpy(), truth.numpy(), ("a", "b", "c"))
    assert mended.overall["ECE"] < 0.02
    assert found.overall["ECE"] > 0.08
