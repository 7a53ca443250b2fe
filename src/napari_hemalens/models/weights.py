"""Weights by name or by file: their model cards, read and listed, and the hashes of their files. Loads no torch.

A card is a JSON file beside its safetensors. Those of packed weights lie in the package, those of installed ones in a
folder of the user's; those that `hemalens train` writes lie in its output folder.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from napari_hemalens.atomic import writing
from napari_hemalens.errors import WeightsError
from napari_hemalens.formats.destinations import check_folder
from napari_hemalens.models.cards import AnyCard, ClassifierCard, DetectorCard, ModelCard
from napari_hemalens.models.catalogue import find_entry
from napari_hemalens.models.weights_folders import PACKED, card_path, cards_in, check_plain, installed_folder, lacking

_SEAL = "card_sha256"
ABOUT = ("description", "data", "licence")
"""What is said of new weights by who makes them."""


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

    def check(self, started: str) -> None:
        """Refuse, before anything is computed, what could not be written in the end or would replace other weights.

        Parameters
        ----------
        started : str
            Name of the file by which a run that this one goes on from is known.

        Raises
        ------
        HemaLensError
            If the folder cannot be written to, the name is none for weights, or others of that name lie there.
        """
        check_plain(self.name)
        check_folder(self.folder)
        if self.file.exists() and not (self.folder / started).exists():
            raise WeightsError(f"{self.file} holds other weights; choose another name or folder.")


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
        raise WeightsError(_missing(name))
    text = path.read_bytes()
    card = read_card(text, path).model_copy(update={"folder": path.parent})
    if path.stem != card.name and not card.file.is_file():
        raise WeightsError(
            f"{path.name} is the card of the weights {card.name}, which were renamed: call it {card.name}.json and the "
            f"file beside it {card.file.name} again."
        )
    if card.origin == "packed" and _SEAL not in json.loads(text):
        raise WeightsError(
            f"The packed {path.name} has no {_SEAL}: whoever packs weights runs `hemalens weights seal`."
        )
    return card


def _missing(name: str | Path) -> str:
    """Return a sentence for weights that are not there, and how to get them where the catalogue knows them."""
    entry = find_entry(str(name))
    if entry is None:
        return lacking(name) or f"No weights '{name}'. Known: {', '.join(known())}, or the path of a file."
    return (
        f"The weights {name} are not installed: `hemalens weights add {name}` fetches them ({entry.megabytes}; "
        f"licence: {entry.terms})."
    )


def read_card(text: bytes, called: str | Path) -> AnyCard:
    """Return the card that a JSON text describes; `called` is where it lies, for errors.

    Raises
    ------
    WeightsError
        If it describes none, or was altered after it was written.
    """
    try:
        card = _EITHER.validate_json(text)
    except ValidationError as error:
        # Each kind of card has its errors: those of a detector count unless the task is of no detector.
        wrong = {each["loc"]: each["msg"] for each in error.errors()}
        other = "DetectorCard" if ("DetectorCard", "task") in wrong else "ClassifierCard"
        where, said = next((loc, text) for loc, text in wrong.items() if other not in loc)
        option = ".".join(map(str, where[1:]))
        raise WeightsError(f"{called} does not describe weights: {option + ': ' if option else ''}{said}.") from error
    if card.card_sha256 and card.card_sha256 != _seal(json.loads(text)):
        raise WeightsError(f"{called} was altered after it was written: its card_sha256 is not that of what it says.")
    return card.model_copy(update={_SEAL: ""})


def card_text(card: AnyCard) -> str:
    """Return a card as JSON, with a hash over all that it says."""
    return _sealed(json.loads(card.model_dump_json()))


def seal_card(path: Path) -> AnyCard:
    """Write the hash over a card anew, after a person changed what it says or packed it; return the card.

    Raises
    ------
    WeightsError
        If the file describes no weights, or those beside it are others.
    """
    if not path.is_file():
        raise WeightsError(f"There is no model card {path}.")
    text = path.read_bytes()
    try:
        said = {key: value for key, value in json.loads(text).items() if key != _SEAL}
    except (ValueError, RecursionError, AttributeError):
        said = None
    card = read_card(text if said is None else json.dumps(said).encode(), path)
    verify(card.model_copy(update={"folder": path.parent}))
    with writing(path) as file:
        file.write_text(_sealed(said or {}), encoding="utf-8")
    return model_card(path)


def _sealed(said: Mapping[str, Any]) -> str:
    return json.dumps(dict(said) | {_SEAL: _seal(said)}, indent=2, ensure_ascii=False) + "\n"


def seal_of(card: bytes) -> str:
    """Return the hash over all that the text of a card says, which sealed cards have as `card_sha256`."""
    return _seal(json.loads(card))


def _seal(said: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in said.items() if key != _SEAL}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


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
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def whole_hashes(*names: str | Path | None) -> dict[str, str]:
    """Return a hash over file and model card of weights, and of those that they add to, by name; 'none' has none.

    Raises
    ------
    WeightsError
        If weights are not there, or are damaged.
    """
    hashes: dict[str, str] = {}
    for name in names:
        if name is None or name == "none":
            continue
        for card in with_bases(model_card(name)):
            hashes[card.name] = hashlib.sha256((card.model_dump_json() + sha256(verify(card))).encode()).hexdigest()
    return hashes


def with_bases(card: AnyCard) -> tuple[AnyCard, ...]:
    """Return a card, and those of the weights that it adds to, one after the other.

    Raises
    ------
    WeightsError
        If one is not there, or weights add to themselves.
    """
    chain: tuple[AnyCard, ...] = (card,)
    while isinstance(card, DetectorCard) and card.base is not None:
        card = detector_card(card.base)
        if card.file in {each.file for each in chain}:
            raise WeightsError(f"The card of the weights {chain[0].name} is damaged: {card.name} would add to itself.")
        chain += (card,)
    return chain


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
