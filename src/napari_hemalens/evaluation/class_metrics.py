"""Measures of classes and of the calibration of their probabilities.

Measures by torchmetrics. Temperature: Guo et al. 2017, On calibration of modern neural networks,
https://arxiv.org/abs/1706.04599.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional import classification as measures


@dataclass(frozen=True, slots=True, eq=False)
class ClassMeasures:
    """Figures of one classifier on one set of cells.

    Attributes
    ----------
    overall : mapping of str to float
        accuracy, balanced accuracy, F1 (mean over classes, or of the positive class of two), AUC, AP, ECE; of two
        classes also sensitivity, specificity and precision. In 0-1.
    classes : mapping of str to mapping
        For each class: cells, precision, recall, F1, AUC, AP.
    confusion : (K, K) int64
        Cells by true class (rows) and by predicted class.
    """

    overall: Mapping[str, float]
    classes: Mapping[str, Mapping[str, float]]
    confusion: NDArray[np.int64]

    def text(self) -> str:
        """Return the figures as a table for a terminal."""
        names, columns = list(self.classes), ("cells", "precision", "recall", "F1", "AUC", "AP")
        wide = max(map(len, (*names, "class")))
        lines = ["  ".join(f"{name} {value:.3f}" for name, value in self.overall.items()), ""]
        lines.append(f"{'class':<{wide}}" + "".join(f"{c:>11}" for c in columns) + "    predicted as")
        for name, counts in zip(names, self.confusion, strict=True):
            row = self.classes[name]
            figures = "".join(f"{row[c]:>11.3f}" for c in columns[1:])
            split = ", ".join(f"{other} {count}" for other, count in zip(names, counts, strict=True) if count)
            lines.append(f"{name:<{wide}}{int(row['cells']):>11}{figures}    {split}")
        return "\n".join(lines)

    def markdown(self) -> str:
        """Return the figures as Markdown: overall, by class, and the confusion matrix."""
        columns = ("cells", "precision", "recall", "F1", "AUC", "AP")
        rows = [
            [name, str(int(row["cells"])), *_shown(row[c] for c in columns[1:])] for name, row in self.classes.items()
        ]
        counts = [
            [name, *(str(count) for count in row)] for name, row in zip(self.classes, self.confusion, strict=True)
        ]
        return "\n\n".join(
            (
                markdown_table(tuple(self.overall), [list(_shown(self.overall.values()))]),
                markdown_table(("class", *columns), rows),
                "Cells by true class (rows) and predicted class (columns):",
                markdown_table(("", *self.classes), counts),
            )
        )

    def plain(self) -> dict[str, Any]:
        """Return the figures for JSON, which has no NaN: None where a figure is not defined."""
        return {
            "overall": _without_nan(self.overall),
            "classes": {name: _without_nan(row) for name, row in self.classes.items()},
            "confusion": self.confusion.tolist(),
        }


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows of texts as a table in Markdown."""
    lines = (columns, ["---"] * len(columns), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(values: Iterable[float]) -> Iterable[str]:
    return ("-" if math.isnan(value) else f"{value:.3f}" for value in values)


def _without_nan(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in figures.items()}


def class_measures(
    probabilities: NDArray[np.float32],
    truth: NDArray[np.int64],
    names: Sequence[str],
    *,
    positive: str | None = None,
    threshold: float = 0.5,
) -> ClassMeasures:
    """Measure predictions against the truth.

    Parameters
    ----------
    probabilities : (N, K) float32
        Of each class, in 0-1.
    truth : (N,) int64
        Index of the true class.
    names : sequence of str
        The K classes.
    positive : str, optional
        Of two classes, the one that sensitivity, precision, F1, AUC and AP are about.
    threshold : float
        Of two classes, the probability from which a cell is called positive.
    """
    p, t = torch.from_numpy(probabilities).float(), torch.from_numpy(truth)
    k = len(names)
    predicted = p.argmax(dim=1)
    if positive is not None:
        of = names.index(positive)
        predicted = torch.where(p[:, of] >= threshold, of, 1 - of)
    confusion = measures.multiclass_confusion_matrix(predicted, t, k).numpy()
    hits, called, there = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    precision, recall = hits / called.clip(1), hits / there.clip(1)
    f1 = 2 * hits / (called + there).clip(1)
    auc, ap = _ranked(p, t)
    classes = {
        name: {
            "cells": float(there[i]),
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "F1": float(f1[i]),
            "AUC": auc[i],
            "AP": ap[i],
        }
        for i, name in enumerate(names)
    }
    seen = there > 0
    about = seen if positive is None else np.arange(k) == names.index(positive)
    overall = {
        "accuracy": float(hits.sum() / max(1, there.sum())),
        "balanced accuracy": float(recall[seen].mean()),
        "F1": float(f1[about].mean()),
        "AUC": float(np.mean(np.array(auc)[about])),
        "AP": float(np.mean(np.array(ap)[about])),
        "ECE": float(measures.multiclass_calibration_error(p, t, k, n_bins=15)),
    }
    if positive is not None:
        of = names.index(positive)
        overall |= {
            "sensitivity": float(recall[of]),
            "specificity": float(recall[1 - of]),
            "precision": float(precision[of]),
        }
    return ClassMeasures(overall, classes, confusion)


def _ranked(p: Tensor, t: Tensor) -> tuple[list[float], list[float]]:
    """Return area under the ROC curve and average precision of each class against the rest."""
    auc, ap = [], []
    for k in range(p.shape[1]):
        positive = (t == k).int()
        there = 0 < int(positive.sum()) < len(positive)
        auc.append(float(measures.binary_auroc(p[:, k], positive)) if there else float("nan"))
        ap.append(float(measures.binary_average_precision(p[:, k], positive)) if there else float("nan"))
    return auc, ap


def best_threshold(probabilities: NDArray[np.float32], positive: NDArray[np.bool_]) -> float:
    """Return the probability of the positive class (N,) from which calling it so gives the best F1."""
    order = np.argsort(-probabilities, kind="stable")
    hits, ranked = np.cumsum(positive[order]), probabilities[order]
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + positive.sum())
    best = int(f1.argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def temperature(logits: Tensor, truth: Tensor) -> float:
    """Return the temperature at which logits (N, K), divided by it, are the most likely for the truth (N,)."""
    logits = logits.clone()  # of inference mode, they would not take part in a fit
    log_t = torch.zeros((), requires_grad=True)
    fitting = torch.optim.LBFGS([log_t], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        fitting.zero_grad()
        value = functional.cross_entropy(logits / log_t.exp(), truth)
        value.backward()
        return value

    fitting.step(loss)
    return float(log_t.detach().exp().clamp(0.05, 20))
