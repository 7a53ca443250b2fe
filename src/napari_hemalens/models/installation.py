"""Weights of others, or of a training of one's own, checked and installed beside the packed ones."""

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin

import torch

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.bioimage_io import unpack
from napari_hemalens.models.cards import AnyCard, DetectorCard
from napari_hemalens.models.download import download_steps
from napari_hemalens.models.storage import build_network, load_classifier, load_detector
from napari_hemalens.models.weights import classifier_card, model_card, read_card, verify, verify_file
from napari_hemalens.models.weights_folders import check_name, installed_folder, put
from napari_hemalens.progress import Progress, Steps

_MOST_OF_A_CARD = 1_000_000  # bytes
_ROOM = 64_000_000  # bytes that a file may hold beside the numbers of its network


def install_steps(source: str | Path, *, replace: bool) -> Steps[AnyCard]:
    """Check weights and install them; see `workflows.add_weights_steps`. Nothing is installed after an error."""
    folder = installed_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".adding-", dir=folder) as temporary:
        staged = Path(temporary)
        fetch = _download_steps if "://" in str(source) else _copy_steps
        card = yield from fetch(str(source), staged, replace=replace)
        put(staged / f"{card.name}.json", staged / f"{card.name}.safetensors", card.name)
    return model_card(card.name)


def _copy_steps(source: str, staged: Path, *, replace: bool) -> Steps[AnyCard]:
    """Check weights where they lie, and copy them."""
    where = Path(source)
    if where.suffix == ".zip" and where.is_file():
        (staged / "package").mkdir()
        unpack(where, staged / "package")
        where = staged / "package"
    card = model_card(find_card(where))
    check_name(card.name, replace=replace)
    verify(card)
    yield Progress(0, 0, "loading the network")
    check_loads(card, card.file)
    shutil.copyfile(find_card(where), staged / f"{card.name}.json")
    shutil.copyfile(card.file, staged / f"{card.name}.safetensors")
    return card


def _download_steps(source: str, staged: Path, *, replace: bool) -> Generator[Progress, None, AnyCard]:
    """Download a model card, then the tensors beside it, and check them."""
    if not source.split("?", maxsplit=1)[0].endswith(".json"):
        raise WeightsError(f"{source} is no model card: give the address of its .json file, beside the tensors.")
    file = staged / "card"
    yield from download_steps(source, file, most=_MOST_OF_A_CARD)
    card = read_card(file.read_bytes(), source).model_copy(update={"folder": staged})
    check_name(card.name, replace=replace)
    beside = urljoin(source, f"{card.name}.safetensors")
    yield from _tensors_steps(beside, card)
    verify_file(card.file, card.sha256, called=beside)
    check_loads(card, beside)
    file.rename(staged / f"{card.name}.json")
    return card


def _tensors_steps(url: str, card: AnyCard) -> Steps[None]:
    """Download the tensors of a card, and no more than their header says: a body may go on without end."""
    whole = None
    for step in download_steps(url, card.file, most=most_bytes(card)):
        whole = whole or whole_bytes(card.file)
        if whole is not None and card.file.stat().st_size > whole:
            raise WeightsError(f"{url} goes on after its last tensor: more than {whole:,} bytes; nothing is installed.")
        yield step


def whole_bytes(file: Path) -> int | None:
    """Return how large a file of safetensors is by its header; None while that is not there, or is none.

    https://huggingface.co/docs/safetensors: eight bytes with the length of the header, which is JSON, then the tensors.
    """
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = opened.read(min(length, _ROOM))
    try:
        tensors = json.loads(header)
        return 8 + length + max(int(tensors[name]["data_offsets"][1]) for name in tensors if name != "__metadata__")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None


def find_card(path: Path) -> Path:
    """Return the model card that a file or a folder is of.

    Raises
    ------
    WeightsError
        If there is none, or a folder holds several.
    """
    if path.is_dir():
        cards = [each for each in sorted(path.glob("*.json")) if each.with_suffix(".safetensors").is_file()]
        if len(cards) == 1:
            return cards[0]
        found = f"{len(cards)} ({', '.join(each.name for each in cards)}); name one" if cards else "none"
        raise WeightsError(f"{path} should hold one model card (.json) with its .safetensors file; it holds {found}.")
    if not path.is_file():
        raise WeightsError(f"There is no file or folder {path}.")
    card = path.with_suffix(".json")
    if path.suffix not in {".json", ".safetensors"} or not card.is_file():
        raise WeightsError(f"{path} is no model card (.json), nor a .safetensors file with one of its name beside it.")
    return card


def check_loads(card: AnyCard, called: str | Path) -> None:
    """Refuse weights whose network cannot be built or does not take the tensors of the file that a user `called` so."""
    most_bytes(card)
    cpu = torch.device("cpu")
    try:
        if isinstance(card, DetectorCard):
            load_detector(card, cpu)
        else:
            load_classifier(card, cpu)
    except WeightsError as error:
        raise WeightsError(str(error).replace(str(card.file), str(called))) from error
    if isinstance(card, DetectorCard) and card.naming is not None:
        classifier_card(card.naming)  # names what it finds, and has to be there, too


def most_bytes(card: AnyCard) -> int:
    """Return how large the file of weights can be: four bytes for each number of its network, and some room.

    Raises
    ------
    WeightsError
        If the network that the card describes cannot be built.
    """
    try:
        network = build_network(card)
    except (RuntimeError, ValueError, TypeError, LookupError) as error:
        said = str(error).rstrip(".")
        raise WeightsError(f"The network of the weights {card.name} cannot be built: {said}.") from error
    numbers: int = sum(tensor.numel() for tensor in network.state_dict().values())
    return _ROOM + 4 * numbers
