"""Options of a comparison of observers."""

from typing import Literal

from pydantic import Field

from napari_hemalens.config.recipe import Recipe


class AgreementRecipe(Recipe):
    """How the readings of several observers are compared."""

    iou: float = Field(default=0.5, gt=0, le=1, description="Overlap (IoU) from which two boxes are the same cell")
    network: bool = Field(default=False, description="Take what the network said of the cells as one more observer")
    untouched: bool = Field(
        default=False,
        description="In results that a person corrected, take the cells that nobody touched as read, too, but for red "
        "cells and platelets of Detect; else only those that were named or confirmed",
    )
    order: tuple[str, ...] = Field(
        default=(), description="Classes in an order, such as stages of maturation: kappa is weighted, too"
    )
    weights: Literal["linear", "quadratic"] = Field(
        default="linear", description="How much worse a disagreement is that lies farther off in the order"
    )
    draws: int = Field(default=2000, ge=100, le=100_000, description="Draws of the bootstrap behind each interval")
    seed: int = Field(default=0, ge=0, description="Of the draws")
