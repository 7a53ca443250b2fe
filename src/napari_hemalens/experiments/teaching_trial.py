"""One simulated annotation: labels said as a session asks for them, and how well all other cells are named then."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from napari_hemalens.active_learning.linear import LinearModel, Placement
from napari_hemalens.active_learning.session import TeachingSession
from napari_hemalens.atomic import writing
from napari_hemalens.config.options import FineTuningRecipe
from napari_hemalens.experiments.teaching_pools import NamedEmbeddings
from napari_hemalens.inference import device
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.inference.labelled_crops import cut_boxes
from napari_hemalens.inference.naming import look
from napari_hemalens.progress import Steps
from napari_hemalens.projects.project import Project
from napari_hemalens.workflows.fine_tuning import fine_tune_steps

_BATCH = 128


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """Who annotates what.

    Attributes
    ----------
    pool : NamedEmbeddings
        Cells to show, and what the annotator calls them.
    measured : NamedEmbeddings
        Cells of another part, which measure.
    strategy : str
        How the next cell is chosen.
    seed : int
        Of the random cells.
    labels : tuple of int
        After how many labels is measured.
    weights : str
        The classifier whose embedding is taught on, by name or path.
    """

    pool: NamedEmbeddings
    measured: NamedEmbeddings
    strategy: str
    seed: int
    labels: tuple[int, ...]
    weights: str

    def measure(self, file: Path) -> list[float]:
        """Return the balanced accuracy at each number of labels; what a file holds of the same trial is read."""
        known = _read(file, self.labels, self.pool.embedded.sha256)
        if known is not None:
            return known
        placed = Placement.of(self.pool.embedded.vectors).place(self.measured.embedded.vectors)
        found = []
        with tempfile.TemporaryDirectory() as folder, self._project(Path(folder)) as project:
            session = self._session(project)
            for turn, _ in enumerate(self._teach(session), start=1):
                if turn in self.labels:
                    found.append(_accuracy_of(session.model, placed, session.class_names, self.measured.names))
        _write(file, self.labels, self.pool.embedded.sha256, found)
        return found

    def train_steps(self, folder: Path, recipe: FineTuningRecipe) -> Steps[float]:
        """Teach, then train the network itself from all labels; return its balanced accuracy.

        Parameters
        ----------
        folder : Path
            For the project; a training that was stopped there goes on.
        recipe : FineTuningRecipe
            How it is trained.
        """
        file = folder.with_name(f"{folder.name}.json")  # a change of an option has a dot
        known = _read(file, self.labels[-1:], self.pool.embedded.sha256)
        if known is not None:
            return known[0]
        there = (folder / "project").is_dir()
        with Project.open(folder / "project") if there else self._project(folder / "project") as project:
            session = self._session(project)
            for _ in self._teach(session):
                pass
            tuned = yield from fine_tune_steps(session, recipe)
        classifier = NetworkClassifier.load(tuned.card, device.choose("auto"))
        crops = cut_boxes(self.measured.table(tuned.card.crop), tuned.card.crop)
        found = np.concatenate([look(classifier, part)[0] for part in torch.split(crops, _BATCH)])
        named = np.array(tuned.card.classes)[found.argmax(axis=1)]
        _write(file, self.labels[-1:], self.pool.embedded.sha256, [balanced_accuracy(named, self.measured.names)])
        return balanced_accuracy(named, self.measured.names)

    def _project(self, folder: Path) -> Project:
        project = Project.create(folder, sorted(set(self.pool.names.tolist())), seed=self.seed)
        project.remember_weights(self.weights, self.pool.embedded.sha256)
        return project

    def _session(self, project: Project) -> TeachingSession:
        return TeachingSession(project, self.pool.embedded, strategy=self.strategy)

    def _teach(self, session: TeachingSession) -> Iterator[None]:
        """Say the class of each cell that is shown; yields after each turn, of which there are as many as labels."""
        for _ in range(int(session.pool.said.sum()), max(self.labels)):
            if session.current is not None:
                session.label(str(self.pool.names[session.current]))
                session.refit()
            yield


def balanced_accuracy(named: NDArray[np.str_], truth: NDArray[np.str_]) -> float:
    """Return the mean recall of the classes in `truth`."""
    return float(np.mean([(named[truth == name] == name).mean() for name in np.unique(truth)]))


def _accuracy_of(
    model: LinearModel | None, placed: NDArray[np.float32], classes: Sequence[str], truth: NDArray[np.str_]
) -> float:
    if model is None:
        return 1 / len(np.unique(truth))  # by chance
    return balanced_accuracy(np.array(classes)[model.probabilities(placed).argmax(axis=1)], truth)


def _read(file: Path, labels: tuple[int, ...], sha256: str) -> list[float] | None:
    if not file.is_file():
        return None
    said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    same = said["labels"] == list(labels) and said["sha256"] == sha256
    return list(said["balanced_accuracy"]) if same else None


def _write(file: Path, labels: tuple[int, ...], sha256: str, found: list[float]) -> None:
    with writing(file) as temporary:
        said = {"labels": labels, "sha256": sha256, "balanced_accuracy": found}
        temporary.write_text(json.dumps(said) + "\n", encoding="utf-8")
