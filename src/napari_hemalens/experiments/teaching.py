"""Teaching simulated: an annotator who knows every cell names those that a session shows, by each strategy.

The pool is as unequal as a marrow; cells that measure are of another part, and neither shown nor placed among the
pool. The random cells that a session keeps for its own test count as labels, for all strategies alike.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from napari_hemalens.active_learning.cell_sources import ReadableCells, cells_of_boxes, cells_of_images, join_cells
from napari_hemalens.active_learning.embedded import Embedded
from napari_hemalens.active_learning.embeddings import embed_steps
from napari_hemalens.active_learning.linear import LinearModel, Placement
from napari_hemalens.active_learning.session import TeachingSession
from napari_hemalens.atomic import writing
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.running import select_rows
from napari_hemalens.formats import read_annotations
from napari_hemalens.formats.csv import read_rows, write_csv
from napari_hemalens.inference import device
from napari_hemalens.models.weights import classifier_card
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.projects.project import Project
from napari_hemalens.records.taxonomy import UNCLASSIFIABLE

STRATEGIES: Mapping[str, str] = {
    name: name for name in ("margin-diversity", "margin", "entropy", "diversity", "random")
}
"""The rows; the first is the default of the dock."""

LABELS: Mapping[str, tuple[int, ...]] = {"full": (20, 40, 80, 160, 240, 320), "ci": (20, 30)}
"""After how many labels is measured, by preset."""

_SHARES = (0.60, 0.20, 0.10, 0.05, 0.03, 0.02)
_REJECTS = ("not_identifiable", UNCLASSIFIABLE)


@dataclass(frozen=True, slots=True, eq=False)
class NamedEmbeddings:
    """Cells as a network sees them, and the class of each by name."""

    embedded: Embedded
    names: NDArray[np.str_]

    def take(self, rows: NDArray[np.int64]) -> "NamedEmbeddings":
        """Return some of the cells."""
        part = self.embedded
        taken = Embedded(
            part.cells.take(rows), part.vectors[rows], part.thumbnails.take(rows), part.weights, part.sha256
        )
        return NamedEmbeddings(taken, self.names[rows])


@dataclass(frozen=True, slots=True)
class TeachingTable:
    """Balanced accuracy by strategy, seed and number of labels.

    Attributes
    ----------
    title : str
        Heading.
    labels : tuple of int
        Numbers of labels.
    trials : mapping of str to list of list of float
        Of each strategy, of each seed, the balanced accuracy at each number of labels.
    """

    title: str
    labels: tuple[int, ...]
    trials: Mapping[str, Sequence[Sequence[float]]]

    def text(self) -> str:
        """Return the table as Markdown: mean and standard deviation over seeds."""
        rows = [[name, *map(_shown, np.array(of).T)] for name, of in self.trials.items()]
        return "\n\n".join([f"# {self.title}", _NOTES, markdown_table(["strategy", *map(str, self.labels)], rows)])

    def write(self, out: Path) -> None:
        """Write `teaching.md`, `teaching.csv` and `teaching.png`."""
        with writing(out / "teaching.md") as file:
            file.write_text(self.text() + "\n", encoding="utf-8")
        lines = [
            (name, seed, labels, round(value, 4))
            for name, of in self.trials.items()
            for seed, values in enumerate(of)
            for labels, value in zip(self.labels, values, strict=True)
        ]
        write_csv(out / "teaching.csv", ("strategy", "trial", "labels", "balanced_accuracy"), lines)
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for name, of in self.trials.items():
            axes.errorbar(self.labels, np.mean(of, axis=0), np.std(of, axis=0), label=name, capsize=2)
        axes.set(xlabel="labels", ylabel="balanced accuracy", xscale="log")
        axes.set_xticks(self.labels, map(str, self.labels))
        axes.legend(frameon=False)
        with writing(out / "teaching.png") as file:
            figure.savefig(file, dpi=120)


_NOTES = (
    "Balanced accuracy on cells of another part after so many labels: mean ± standard deviation over seeds, each with "
    "a pool of its own. One label in six is a random cell, which nothing is trained on. Every strategy but `random` "
    "begins with diverse cells and looks for the rarest class with every third."
)


def teaching_steps(options: ExperimentOptions, *, weights: str) -> Steps[TeachingTable]:
    """Simulate teaching by each strategy and seed; a trial that is finished in the folder is read.

    Parameters
    ----------
    options : ExperimentOptions
        Data are one folder with the parts train (the pool) and val (what is measured on): `images/` with tables
        `train.csv` and `val.csv` of the columns image and class, or annotated boxes.
    weights : str
        The classifier whose embedding is taught on.

    Raises
    ------
    RecipeError
        If there is no such strategy or preset.
    AnnotationError
        If the folder has no such parts.
    """
    chosen = select_rows(options.rows, STRATEGIES)
    labels = LABELS["ci" if options.preset == "ci" else "full"]
    pool = yield from _embed_steps(options, "train", weights)
    measured = yield from _embed_steps(options, "val", weights)
    trials: dict[str, list[list[float]]] = {name: [] for name in chosen}
    total = len(chosen) * len(options.seeds)
    for done, (seed, name) in enumerate(((s, n) for s in options.seeds for n in chosen), start=1):
        drawn = pool.take(draw_pool(pool.names, seed))
        trials[name].append(_trial(drawn, measured, options.trials / f"{name}-{seed}.json", (name, seed, labels)))
        yield Progress(done, total, f"{name}, seed {seed}: {trials[name][-1][-1]:.3f}")
    table = TeachingTable(f"Teaching on the embedding of {weights}", labels, trials)
    table.write(options.out)
    return table


def draw_pool(names: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """Return rows of a pool: of six classes 60, 20, 10, 5, 3 and 2 %, in an order of chance; of others as they are."""
    classes, counts = np.unique(names, return_counts=True)
    rng = np.random.default_rng(seed)
    if len(classes) != len(_SHARES):
        return np.arange(len(names), dtype=np.int64)
    shares = np.array(_SHARES)[rng.permutation(len(_SHARES))]
    size = (counts / shares).min()  # the largest pool that all classes can fill
    rows = [
        rng.choice(np.flatnonzero(names == name), int(size * share), replace=False)
        for name, share in zip(classes, shares, strict=True)
    ]
    return np.sort(np.concatenate(rows)).astype(np.int64)


def balanced_accuracy(named: NDArray[np.str_], truth: NDArray[np.str_]) -> float:
    """Return the mean recall of the classes in `truth`."""
    return float(np.mean([(named[truth == name] == name).mean() for name in np.unique(truth)]))


def _trial(
    pool: NamedEmbeddings, measured: NamedEmbeddings, file: Path, plan: tuple[str, int, tuple[int, ...]]
) -> list[float]:
    """Teach one pool, or read what was measured before."""
    strategy, seed, labels = plan
    if file.is_file():
        said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if said["labels"] == list(labels) and said["sha256"] == pool.embedded.sha256:
            return list(said["balanced_accuracy"])
    placed = Placement.of(pool.embedded.vectors).place(measured.embedded.vectors)
    found = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Project.create(folder, sorted(set(pool.names.tolist())), seed=seed) as project,
    ):
        session = TeachingSession(project, pool.embedded, strategy=strategy)
        for turn in range(1, max(labels) + 1):
            if session.current is not None:
                session.label(str(pool.names[session.current]))
                session.refit()
            if turn in labels:
                found.append(_measure(session.model, placed, session.class_names, measured.names))
    with writing(file) as temporary:
        said = {"labels": labels, "sha256": pool.embedded.sha256, "balanced_accuracy": found}
        temporary.write_text(json.dumps(said) + "\n", encoding="utf-8")
    return found


def _measure(
    model: LinearModel | None, placed: NDArray[np.float32], classes: Sequence[str], truth: NDArray[np.str_]
) -> float:
    if model is None:
        return 1 / len(np.unique(truth))  # by chance
    return balanced_accuracy(np.array(classes)[model.probabilities(placed).argmax(axis=1)], truth)


def _embed_steps(options: ExperimentOptions, part: str, weights: str) -> Steps[NamedEmbeddings]:
    source, names = _named_cells(options.folder, part, options.pixel_size_um)
    card = classifier_card(weights)
    embedded = yield from embed_steps(source, card, options.out / "caches", device.choose("auto"))
    return NamedEmbeddings(embedded, names[embedded.cells.numbers])


def _named_cells(folder: Path, part: str, pixel_size_um: float | None) -> tuple[ReadableCells, NDArray[np.str_]]:
    """Return the cells of a part, and the classes that their numbers are rows of; rejects are left out."""
    table = folder / f"{part}.csv"
    if table.is_file():
        rows = [row for row in read_rows(table, ("image", "class"), "cells") if row["class"] not in _REJECTS]
        paths = [folder / "images" / row["image"] for row in rows]
        if not rows:
            raise AnnotationError(f"{table} lists no cells.")
        return cells_of_images(paths, pixel_size_um=pixel_size_um), np.array([row["class"] for row in rows])
    parts: list[ReadableCells] = []
    names: list[str] = []
    for field in read_annotations(folder, split=part):
        known = field.take(~np.isin(field.class_names, _REJECTS))
        each = cells_of_boxes(known.provenance.image, known, pixel_size_um=pixel_size_um)
        cells = replace(each.cells, numbers=each.cells.numbers + len(names))
        parts.append(replace(each, cells=cells))
        names += known.class_names.tolist()
    return join_cells(parts), np.array(names, dtype=np.str_)


def _shown(values: NDArray[np.float64]) -> str:
    return f"{values.mean():.3f} ± {values.std(ddof=min(1, len(values) - 1)):.3f}"
