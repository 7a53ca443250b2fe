"""The networks that the trials of a comparison have kept, to be asked where they look."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from napari_hemalens.config.training import ClassifierTraining
from napari_hemalens.experiments.options import TrialKey
from napari_hemalens.experiments.report import NetworkRow
from napari_hemalens.experiments.trial import NETWORK
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import build_classifier
from napari_hemalens.models.storage import load_into
from napari_hemalens.records.tasks import Task
from napari_hemalens.training.run_folder import read_recipe


@dataclass(frozen=True, slots=True)
class KeptNetworks:
    """The networks that trials have kept.

    Attributes
    ----------
    folder : Path
        Folder of the trials.
    rows : mapping of str to NetworkRow
        The networks by name; those without a kept network are left out.
    task : Task
        The question asked of each cell or field.
    cases : sequence of str
        Which runs of each.
    """

    folder: Path
    rows: Mapping[str, NetworkRow]
    task: Task
    cases: Sequence[str]

    def load(self) -> Iterator[tuple[str, NetworkClassifier]]:
        """Yield the name of each row whose network was kept, and the network, ready to run: run by run."""
        for name, case in product(self.rows, self.cases):
            out = TrialKey(name, case).folder(self.folder)
            recipe = read_recipe(out)  # as it was trained: a start that could not be had brings batch normalisation
            if recipe is None or not (out / NETWORK).exists():
                continue
            described = _describe(recipe, self.task, name)
            network = build_classifier(described.network, len(self.task.classes)).eval()
            load_into(network, out / NETWORK)
            yield name, NetworkClassifier(network, described)


def _describe(recipe: ClassifierTraining, task: Task, name: str) -> ClassifierCard:
    """Return the model card that heatmaps need of a network that has none."""
    size = {"input_size": recipe.crop.side, "start": "scratch"}
    return ClassifierCard(
        name=name,
        description="",
        task=task.name,
        classes=task.classes,
        network=recipe.network.model_copy(update=size),
        crop=recipe.crop,
        metrics={},
        data="",
        licence="",
        training={},
        sha256="",
    )
