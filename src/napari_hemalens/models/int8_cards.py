"""What is said of the form of int8 of weights that a user made: the images it was fitted to, and what it loses.

It lies in the user's cache folder, named after the hash of the weights; beside it, the parts of the networks.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from napari_hemalens.atomic import writing
from napari_hemalens.models import weights_folders

AP = "AP"
NAMED = "named right"
LOSSES: Mapping[str, float] = {AP: 0.003, NAMED: 0.005}
"""What a form has to lose less than, of each measure in 0-1."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure in single precision and in int8.

    Attributes
    ----------
    of : str
        What was measured, a key of `LOSSES`.
    on : str
        On how much of what.
    single, int8 : float
        The measure, in 0-1.
    """

    of: str
    on: str
    single: float
    int8: float

    @property
    def too_much(self) -> bool:
        """Whether more is lost than may be."""
        return self.single - self.int8 >= LOSSES[self.of]

    @property
    def sentence(self) -> str:
        """The measure in words."""
        return f"{self.of} {self.single:.4f} in single precision, {self.int8:.4f} in int8 ({self.on})"


@dataclass(frozen=True, slots=True)
class Int8Card:
    """What is said of a form of int8.

    Attributes
    ----------
    weights : mapping of str to str
        Name and hash of the detector.
    calibration : str
        Hash of all that its numbers were fitted to.
    images : tuple of str
        Of which that was.
    measured : tuple of Measured
        What it loses; empty: nothing was given to measure it on.
    versions : mapping of str to str
        Of the packages that made it.
    """

    weights: Mapping[str, str]
    calibration: str
    images: tuple[str, ...]
    measured: tuple[Measured, ...]
    versions: Mapping[str, str]

    @classmethod
    def read(cls, sha256: str) -> Self | None:
        """Return the card of the form of weights by their hash; None where there is none that can be read."""
        try:
            said: dict[str, Any] = json.loads(file_of(sha256).read_text(encoding="utf-8"))
            measured = tuple(Measured(**each) for each in said.pop("measured"))
            return cls(**said | {"images": tuple(said["images"])}, measured=measured)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, sha256: str) -> None:
        """Keep the card of the form of weights by their hash."""
        with writing(file_of(sha256)) as file:
            file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def file_of(sha256: str) -> Path:
    """Return where the card of the form of weights lies, by their hash."""
    return folder_of() / f"{sha256}.json"


def folder_of() -> Path:
    """Return the folder of forms, which may not be there yet."""
    return weights_folders.cache_folder() / "int8"
