"""Options of rounds of active learning, and of suggestions."""

from typing import Literal

from pydantic import Field

from napari_hemalens.config.recipe import Recipe
from napari_hemalens.config.training import ClassifierTraining

StrategyName = Literal["random", "entropy", "margin", "loss", "diversity", "margin-diversity"]


class RoundsRecipe(Recipe):
    """How cells are chosen, labelled and learned from, round after round."""

    training: ClassifierTraining = ClassifierTraining()
    steps: int = Field(
        default=1000, ge=1, description="Steps of every round, however many cells it has; `training.epochs` is not used"
    )
    shares: tuple[float, ...] = Field(
        default=(0.10, 0.19, 0.28, 0.37, 0.52),
        min_length=1,
        description="Share of the pool that is labelled in each round; that of the first is drawn at random",
    )
    strategy: StrategyName = Field(default="random", description="How the next cells are chosen")
    scored: float = Field(
        default=1.0, gt=0, le=1, description="Share of the unlabelled cells, drawn at random, that are looked at"
    )
    afresh: bool = Field(
        default=True, description="Train a new network in every round; else go on from that of the round before"
    )
    loss_net: bool = Field(default=False, description="Attach a LossNet, which predicts the loss of each cell")
    margin: float = Field(default=1.0, gt=0, description="Margin of LossNet's ranking loss")
    detach_from: float = Field(
        default=0.6, ge=0, le=1, description="Share of the steps from which LossNet no longer teaches the backbone"
    )
    hard: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the labelled cells, those of the highest predicted loss, that are copied anew each epoch",
    )
    copies: float = Field(default=2.0, gt=0, description="Mean number of copies of such a cell")


class SuggestionRecipe(Recipe):
    """Which cells are suggested to be named next, and how many."""

    strategy: Literal["random", "entropy", "margin", "diversity", "margin-diversity"] = Field(
        default="margin",
        description="By chance; the least certain (entropy); those between two classes (margin); those unlike all that "
        "have a name (diversity); or the last two together",
    )
    first: int = Field(default=50, ge=1, description="Number of cells")
    seed: int = Field(default=0, ge=0, description="Seed of chance")
