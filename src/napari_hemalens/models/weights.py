"""The table of weights: what each was trained for, on what, and how good it is. Loads no torch.

A row is a JSON file beside its safetensors. Packed rows lie in the package; rows made by `hemalens
train` lie in its output folder.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from napari_hemalens.errors import WeightsError
from napari_hemalens.recipes import NetworkRecipe, Recipe

PACKED = Path(__file__).parent.parent / "weights"
_CHUNK = 1 << 20


class WeightsRow(Recipe):
    """All that a run needs to know of one file of weights.

    `min_score` was chosen on validation images; `metrics` are of the same images unless their key
    says otherwise.
    """

    name: str
    description: str = Field(description="One line for a menu")
    network: NetworkRecipe
    classes: tuple[str, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    min_score: float = Field(ge=0, le=1)
    metrics: Mapping[str, Any]
    data: str
    licence: str
    training: Mapping[str, Any] = Field(description="The recipe of the training run")
    sha256: str
    folder: Path = Field(default=PACKED, exclude=True)

    @property
    def pixel_size_um(self) -> float:
        """Micrometres a pixel that the network was trained at."""
        return self.network.pixel_size_um

    @property
    def file(self) -> Path:
        """The safetensors file."""
        return self.folder / f"{self.name}.safetensors"


def known() -> tuple[str, ...]:
    """Return the names of the packed weights."""
    return tuple(sorted(path.stem for path in PACKED.glob("*.json")))


def row(name: str | Path) -> WeightsRow:
    """Return the row of packed weights by name, or of a `.json` or `.safetensors` file of training.

    Raises
    ------
    WeightsError
        If there is no such row, or it does not say what a row must.
    """
    path = Path(name)
    if path.suffix not in {".json", ".safetensors"}:
        path = PACKED / f"{name}.json"
    path = path.with_suffix(".json")
    if not path.is_file():
        raise WeightsError(f"No weights '{name}'. Known: {', '.join(known())}, or the path of a file.")
    try:
        found = WeightsRow.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise WeightsError(f"{path} does not describe weights: {error.errors()[0]['msg']}.") from error
    return found.model_copy(update={"folder": path.parent})


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def verify(weights: WeightsRow) -> Path:
    """Return the file of a row after a look at its hash.

    Raises
    ------
    WeightsError
        If the file is missing, or is not the one that the row was written for.
    """
    if not weights.file.is_file():
        raise WeightsError(f"The file of weights {weights.file} is missing.")
    found = sha256(weights.file)
    if found != weights.sha256:
        raise WeightsError(
            f"{weights.file} is damaged or was exchanged: its sha256 is {found[:12]}…, not {weights.sha256[:12]}…."
        )
    return weights.file
