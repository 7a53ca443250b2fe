"""Model cards: what each file of weights was trained for, on what, and how good it is. Loads no torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe, NetworkRecipe, Views
from napari_hemalens.config.recipe import Recipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models.licence import Licensed
from napari_hemalens.models.weights_folders import PACKED, Origin, origin_of
from napari_hemalens.records.tasks import Task, TaskName

COARSEST = 32
"""Stride of the last stage of a ResNet, in its pixels."""


class ModelCard(Recipe, Licensed):
    """What is said of any file of weights.

    `metrics` are of the validation images, or of those that `of` among them names, unless their key says otherwise.
    """

    name: str
    description: str = Field(description="One line for a menu")
    classes: tuple[str, ...]
    metrics: Mapping[str, Any]
    data: str
    licence: str
    training: Mapping[str, Any] = Field(description="The recipe of the training run")
    sha256: str
    card_sha256: str = Field(
        default="", exclude=True, description="Of all else that the card says; empty: of cards written before 0.2"
    )
    folder: Path = Field(default=PACKED, exclude=True)

    @property
    def file(self) -> Path:
        """The safetensors file."""
        return self.folder / f"{self.name}.safetensors"

    @property
    def origin(self) -> Origin:
        """Whether the weights are packed, installed by the user, or a file that lies elsewhere."""
        return origin_of(self.folder)

    @property
    def called(self) -> str:
        """By what the weights are found on this machine and on others: their name, or their file."""
        return str(self.file) if self.origin == "file" else self.name

    @property
    def explainable(self) -> bool:
        """Whether the network can show where it looked; classifiers can."""
        return True

    @property
    def of_fields(self) -> bool:
        """Whether it is of whole images; detectors and most classifiers are of cells."""
        return False

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the class that each cell is given by its probabilities (N, K): (N,), indices into `classes`."""
        likeliest: NDArray[np.int64] = probabilities.argmax(axis=1)
        return likeliest


class DetectorCard(ModelCard):
    """All that a detection needs to know; `score_threshold` was chosen on the images that `metrics` are of."""

    task: Literal["detection"] = "detection"
    network: NetworkRecipe
    mean: tuple[float, float, float]
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat]
    score_threshold: float = Field(ge=0, le=1)
    naming: str | None = Field(
        default=None,
        description="Weights of a classifier that names the nucleated cells found; empty: the detector does",
    )
    base: str | None = Field(
        default=None, description="Packed weights that these add to: their file holds what those lack; empty: all"
    )
    base_sha256: str = Field(default="", description="Of those, at the time")

    @property
    def pixel_size_um(self) -> float:
        """Micrometres a pixel that the network was trained at."""
        return self.network.pixel_size_um

    @property
    def stride(self) -> int:
        """Network pixels whose multiples tiles start at, so that the network sees the grid of the whole image."""
        return COARSEST

    def threshold(self, given: float | None) -> float:
        """Return the score threshold: the one given, else the one chosen with the weights."""
        return self.score_threshold if given is None else given

    @property
    def explainable(self) -> bool:
        """Whether the network has agents, whose attention can be shown."""
        return self.network.network == "faster_rcnn_attention" and self.network.refinement.most_steps > 0


class ClassifierCard(ModelCard):
    """All that a classification needs to know; temperature and threshold were chosen on the validation cells."""

    task: TaskName
    network: ClassifierRecipe
    crop: CropRecipe
    positive: str | None = Field(default=None, description="Of two classes, the one that is looked for")
    threshold: float = Field(default=0.5, ge=0, le=1, description="Probability from which a cell is called positive")
    temperature: float = Field(default=1.0, gt=0, description="What logits are divided by, so that probabilities hold")
    novelty_scale: float = Field(
        default=1.0,
        gt=0,
        description="What novelty is divided by, so that few cells of laboratories never seen are unsure; 1: as kept "
        "with the weights, which is by laboratories that were trained on",
    )
    members: tuple[tuple[int, ...], ...] = Field(
        default=(), description="Of each class, the outputs of the network that it takes in; empty: one each"
    )
    members_of: int | None = Field(
        default=None, description="How many outputs the network has; empty: as many as classes"
    )
    unlearned: tuple[str, ...] = Field(
        default=(), description="Classes of which there was no training cell: the weights never give them on purpose"
    )
    laboratories: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        description="Of each laboratory: whether it was trained on, and what was measured on cells that were not",
    )
    views: Views = Field(
        default=1,
        description="In how many ways round a cell is seen, turned and mirrored, and the logits averaged (test-time "
        "augmentation); temperature and threshold go with it",
    )
    heatmap: str | None = Field(
        default=None,
        description="The heatmap method that points best, by hemalens evaluate heatmaps; empty: not measured",
    )

    @property
    def of_fields(self) -> bool:
        """Whether it is of whole images, which need no labels."""
        return self.crop.unit == "field"

    @property
    def outputs(self) -> int:
        """Logits of the network."""
        return self.members_of or len(self.classes)

    def answers(self, asked: Task) -> bool:
        """Return whether the weights answer a task: their own, or one whose classes take in theirs."""
        return asked.name == self.task or asked.answered_by(self.classes)

    def for_task(self, asked: Task) -> Self:
        """Return the card of the same weights for another task, whose classes take in classes of these.

        Raises
        ------
        WeightsError
            If the weights do not answer it.
        """
        if asked.name == self.task:
            return self
        if not self.answers(asked):
            raise WeightsError(
                f"The weights {self.name} answer the task {self.task}; the task is {asked.name}. "
                f"Choose the task {self.task}, or other weights."
            )
        members = tuple(
            tuple(self.classes.index(name) for name in asked.members.get(of, (of,))) for of in asked.classes
        )
        return self.model_copy(
            update={
                "task": asked.name,
                "classes": asked.classes,
                "positive": asked.positive,
                "members": members,
                "members_of": self.outputs,
            }
        )

    def seeing(self, views: Views | None) -> Self:
        """Return the card of the same weights for so many views of each cell; None: for as many as they ask for."""
        return self if views is None else self.model_copy(update={"views": views})

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
        """Decide as `ModelCard.decide`; of two classes the one looked for, from the threshold on."""
        if self.positive is None:
            return super().decide(probabilities)
        of = self.classes.index(self.positive)
        return np.where(probabilities[:, of] >= self.threshold, of, 1 - of)


AnyCard: TypeAlias = DetectorCard | ClassifierCard
