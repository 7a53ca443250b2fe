"""Model cards: what each file of weights was trained for, on what, and how good it is. Loads no torch.

A card is a JSON file beside its safetensors. Those of packed weights lie in the package, those of installed ones in a
folder of the user's; those that `hemalens train` writes lie in its output folder.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from napari_hemalens.config.options import ClassifierRecipe, CropRecipe, NetworkRecipe, Recipe
from napari_hemalens.errors import WeightsError
from napari_hemalens.models.weights_folders import PACKED, Origin, card_path, cards_in, installed_folder, origin_of
from napari_hemalens.records.tasks import Task, TaskName

COARSEST = 32
"""Stride of the last stage of a ResNet, in its pixels."""
_CHUNK = 1 << 20
_NON_COMMERCIAL = re.compile(r"non-?commercial|\bBY-NC\b|\bBY NC\b", re.IGNORECASE)


class ModelCard(Recipe):
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
    def non_commercial(self) -> bool:
        """Whether the licence, of the weights or of what they were trained on, forbids commercial use."""
        return _NON_COMMERCIAL.search(self.licence) is not None

    @property
    def terms(self) -> str:
        """The licence, with what matters most said first."""
        return f"non-commercial use only: {self.licence}" if self.non_commercial else self.licence or "not stated"

    @property
    def explainable(self) -> bool:
        """Whether the network can show where it looked; classifiers can."""
        return True

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the class that each cell is given by its probabilities (N, K): (N,), indices into `classes`."""
        likeliest: NDArray[np.int64] = probabilities.argmax(axis=1)
        return likeliest


class DetectorCard(ModelCard):
    """All that a detection needs to know; `score_threshold` was chosen on the images that `metrics` are of."""

    task: Literal["detection"] = "detection"
    network: NetworkRecipe
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
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
    heatmap: str | None = Field(
        default=None,
        description="The heatmap method that points best, by hemalens evaluate heatmaps; empty: not measured",
    )

    @property
    def outputs(self) -> int:
        """Logits of the network."""
        return self.members_of or len(self.classes)

    def for_task(self, asked: Task) -> Self:
        """Return the card of the same weights for another task, whose classes take in classes of these.

        Raises
        ------
        WeightsError
            If the weights do not answer it.
        """
        if asked.name == self.task:
            return self
        if not asked.answered_by(self.classes):
            raise WeightsError(
                f"The weights {self.name} answer the task {self.task}; the task is {asked.name}. "
                f"Choose the task {self.task}, or other weights."
            )
        members = tuple(tuple(self.classes.index(name) for name in asked.members[of]) for of in asked.classes)
        return self.model_copy(
            update={
                "task": asked.name,
                "classes": asked.classes,
                "positive": asked.positive,
                "members": members,
                "members_of": self.outputs,
            }
        )

    def decide(self, probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
        """Decide as `ModelCard.decide`; of two classes the one looked for, from the threshold on."""
        if self.positive is None:
            return super().decide(probabilities)
        of = self.classes.index(self.positive)
        return np.where(probabilities[:, of] >= self.threshold, of, 1 - of)


AnyCard: TypeAlias = DetectorCard | ClassifierCard


@dataclass(frozen=True, slots=True)
class NewWeights:
    """Where trained weights are written, and what their model card says about them.

    Attributes
    ----------
    folder : Path
        Folder of the run.
    name : str
        Name of the weights; the files are `<name>.safetensors` and `<name>.json`.
    about : mapping of str to str
        'description', 'data' and 'licence' of the model card; any may be missing.
    """

    folder: Path
    name: str
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """The file of weights."""
        return self.folder / f"{self.name}.safetensors"


def known(kind: type[ModelCard] = ModelCard) -> tuple[str, ...]:
    """Return the names of the packed, then the installed weights that can be used, of one kind or all."""
    return (*packed(kind), *installed(kind))


def packed(kind: type[ModelCard] = ModelCard) -> tuple[str, ...]:
    """Return the names of the packed weights, of one kind or all."""
    return tuple(name for name, path in cards_in(PACKED).items() if isinstance(model_card(path), kind))


def installed(kind: type[ModelCard] = ModelCard) -> tuple[str, ...]:
    """Return the names of the installed weights that can be used, of one kind or all."""
    cards, unusable = cards_in(installed_folder()), unusable_cards()
    return tuple(name for name, path in cards.items() if name not in unusable and isinstance(model_card(path), kind))


def unusable_cards() -> Mapping[str, str]:
    """Return installed weights that cannot be used, with a sentence that says why; one bad file spoils no list."""
    reasons: dict[str, str] = {}
    taken = cards_in(PACKED)
    for name, path in cards_in(installed_folder()).items():
        if name in taken:
            reasons[name] = f"packed weights are called {name}, too, and are the ones used."
            continue
        try:
            card = model_card(path)
        except WeightsError as error:
            reasons[name] = str(error)
            continue
        if not card.file.is_file():
            reasons[name] = f"The file of weights {card.file} is missing."
    return reasons


def detector_card(name: str | Path) -> DetectorCard:
    """Return the model card of a detector: packed or installed weights by name, or a `.json` or `.safetensors` file.

    Raises
    ------
    WeightsError
        If there is no such card, it does not say what a card must, or is of no detector.
    """
    return _of_kind(name, DetectorCard, "detect cells")


def classifier_card(name: str | Path) -> ClassifierCard:
    """Return the model card of a classifier, as `detector_card` does that of a detector."""
    return _of_kind(name, ClassifierCard, "classify them")


def model_card(name: str | Path) -> AnyCard:
    """Return a card of either kind, as `detector_card` does that of a detector."""
    path = card_path(name)
    if not path.is_file():
        raise WeightsError(f"No weights '{name}'. Known: {', '.join(known())}, or the path of a file.")
    return read_card(path.read_bytes(), path).model_copy(update={"folder": path.parent})


def read_card(text: bytes, called: str | Path) -> AnyCard:
    """Return the card that a JSON text describes; `called` is where it lies, for the error if it describes none."""
    try:
        return _EITHER.validate_json(text)
    except ValidationError as error:
        # Each kind of card has its errors: those of a detector count unless the task is of no detector.
        wrong = {each["loc"]: each["msg"] for each in error.errors()}
        other = "DetectorCard" if ("DetectorCard", "task") in wrong else "ClassifierCard"
        where, said = next((loc, text) for loc, text in wrong.items() if other not in loc)
        option = ".".join(map(str, where[1:]))
        raise WeightsError(f"{called} does not describe weights: {option + ': ' if option else ''}{said}.") from error


_EITHER: TypeAdapter[AnyCard] = TypeAdapter(AnyCard)
_Kind = TypeVar("_Kind", DetectorCard, ClassifierCard)


def explainable_card(name: str | Path) -> AnyCard:
    """Return the card of a network that can show where it looked: any classifier, or a detector with agents.

    Raises
    ------
    WeightsError
        If there is no such card, or it is of a detector without attention.
    """
    found = model_card(name)
    if not found.explainable:
        raise WeightsError(
            f"The weights {found.name} are of {found.network.network}, which has no attention of its own to show; "
            "choose weights of faster_rcnn_attention, such as marrow-attention."
        )
    return found


def _of_kind(name: str | Path, kind: type[_Kind], purpose: str) -> _Kind:
    found = model_card(name)
    if not isinstance(found, kind):
        raise WeightsError(f"The weights {found.name} do not {purpose}; those that do: {', '.join(known(kind))}.")
    return found


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def verify(weights: ModelCard) -> Path:
    """Return the file of weights after a check of its hash.

    Raises
    ------
    WeightsError
        If the file is missing, or is not the one that the card was written for.
    """
    if not weights.file.is_file():
        raise WeightsError(f"The file of weights {weights.file} is missing.")
    verify_file(weights.file, weights.sha256, called=weights.file)
    return weights.file


def verify_file(file: Path, expected: str, *, called: str | Path) -> None:
    """Refuse a file whose hash is not the one expected; `called` is where it came from."""
    found = sha256(file)
    if found != expected:
        raise WeightsError(f"{called} is damaged or was exchanged: its sha256 is {found[:12]}…, not {expected[:12]}….")
