"""Where files of weights lie: packed ones in the package, those that a user installed in a folder of the user's.

In both, weights are a model card `<name>.json` and its tensors `<name>.safetensors`; `catalogue.json` is no card.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from platformdirs import user_cache_path, user_data_path

from napari_hemalens.errors import WeightsError

PACKED = Path(__file__).parent.parent / "weights"
CATALOGUE = "catalogue.json"
"""The list of weights that need not be here, in the folder of the packed ones."""
VARIABLE = "HEMALENS_WEIGHTS"
"""Environment variable that names another folder for installed weights."""
CACHE_VARIABLE = "HEMALENS_CACHE"
"""Environment variable that names another folder for what can be made or downloaded again."""
Origin: TypeAlias = Literal["packed", "installed", "file"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUFFIXES = (".json", ".safetensors")


def installed_folder() -> Path:
    """Return the folder of installed weights, which may not be there yet; `HEMALENS_WEIGHTS` names another one."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else user_data_path("napari-hemalens", appauthor=False) / "weights"


def cache_folder() -> Path:
    """Return the folder of parts of networks that OpenVINO reads, which may not be there yet.

    `HEMALENS_CACHE` names another place for it.
    """
    named = os.environ.get(CACHE_VARIABLE)
    kept = Path(named).expanduser() if named else user_cache_path("napari-hemalens", appauthor=False)
    return kept / "openvino"


def cards_in(folder: Path) -> Mapping[str, Path]:
    """Return the files of the model cards in a folder by the name of the weights; none if it is not there."""
    cards = (path for path in sorted(folder.glob("*.json")) if not path.name.startswith("."))
    return {path.stem: path for path in cards if path.name != CATALOGUE}


def card_path(name: str | Path) -> Path:
    """Return where the model card of weights should lie: packed ones first, then installed ones, else a file's path."""
    path = Path(name)
    if path.suffix in _SUFFIXES:
        return path.with_suffix(".json")
    places = (cards_in(PACKED), cards_in(installed_folder()))
    return next((cards[str(name)] for cards in places if str(name) in cards), PACKED / f"{name}.json")


def lacking(name: str | Path) -> str | None:
    """Return a sentence for a folder of weights, or a file that is not there or has no model card; None for a name."""
    path = Path(name)
    held = sorted(each for each in path.glob("*.safetensors") if each.with_suffix(".json").is_file())
    if held:
        return f"{path} is a folder: give the file of weights in it, {' or '.join(map(str, held))}."
    if path.suffix not in _SUFFIXES:
        return None
    return (
        f"{path.name} has no model card: {path.stem}.json must lie beside it."
        if path.is_file()
        else f"There is no {path}."
    )


def origin_of(folder: Path) -> Origin:
    """Return where weights in a folder are from."""
    if folder == PACKED:
        return "packed"
    return "installed" if folder == installed_folder() else "file"


def check_plain(name: str) -> None:
    """Refuse a name that weights cannot be called by, wherever they lie.

    Raises
    ------
    WeightsError
        If it is no plain name.
    """
    if not _NAME.fullmatch(name) or name.endswith(_SUFFIXES):
        raise WeightsError(
            f"Weights cannot be called {name!r}: a name has letters, digits, '-', '_' and '.' alone, at most 64."
        )
    if f"{name}.json".casefold() == CATALOGUE:
        raise WeightsError(f"No weights can be called {name}: that is the list of them; give them another name.")


def check_name(name: str, *, replace: bool) -> None:
    """Refuse a name that weights cannot be installed by.

    Raises
    ------
    WeightsError
        If it is no plain name, packed weights have it, or installed ones have and they are not to be replaced.
    """
    check_plain(name)
    if name.casefold() in {packed.casefold() for packed in cards_in(PACKED)}:
        raise WeightsError(f"Packed weights are called {name}; give these another name, in their model card and files.")
    if name in cards_in(installed_folder()) and not replace:
        raise WeightsError(f"Weights called {name} are installed already; --replace takes these instead of them.")


def put(card: Path, tensors: Path, name: str) -> None:
    """Move a model card and its tensors, both in a folder inside that of installed weights, to their place."""
    target = installed_folder() / f"{name}.json"
    target.unlink(missing_ok=True)  # a card never stands beside the tensors of another
    tensors.replace(target.with_suffix(".safetensors"))
    card.replace(target)


def uninstall(name: str) -> tuple[Path, ...]:
    """Delete installed weights, readable or not; return their files.

    Raises
    ------
    WeightsError
        If none are installed by that name.
    """
    cards = cards_in(installed_folder())
    if name not in cards:
        packed = name in cards_in(PACKED)
        said = f"The weights {name} are packed" if packed else f"No weights {name!r} are installed"
        raise WeightsError(f"{said}; installed are: {', '.join(cards) or 'none'}.")
    files = (cards[name], cards[name].with_suffix(".safetensors"))
    for file in files:
        file.unlink(missing_ok=True)
    return files
