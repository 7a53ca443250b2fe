"""Weights of others, or of a training of one's own, checked and installed beside the packed ones."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cards import AnyCard, DetectorCard
from napari_hemalens.models.storage import build_network, load_classifier, load_detector
from napari_hemalens.models.weights import classifier_card, model_card, verify_file
from napari_hemalens.models.weights_folders import check_name, installed_folder, put
from napari_hemalens.models.weights_sources import WeightsOffer, offer_steps
from napari_hemalens.progress import Progress, Steps

_ROOM = 64_000_000  # bytes that a file may hold beside the numbers of its network


def install_steps(source: str | Path | WeightsOffer, *, replace: bool) -> Steps[AnyCard]:
    """Check weights and install them; see `workflows.add_weights_steps`. Nothing is installed after an error."""
    offer = source if isinstance(source, WeightsOffer) else (yield from offer_steps(source))
    check_name(offer.card.name, replace=replace)
    folder = installed_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".adding-", dir=folder) as temporary:
        staged = Path(temporary)
        card = offer.card.model_copy(update={"folder": staged})
        yield Progress(0, 0, "reading the model card")
        yield from offer.fetch(card.file, most_bytes(card))
        verify_file(card.file, card.sha256, called=offer.tensors)
        yield Progress(0, 0, "loading the network")
        check_loads(card, offer.tensors)
        (staged / f"{card.name}.json").write_bytes(offer.text)
        put(staged / f"{card.name}.json", card.file, card.name)
    return model_card(card.name)


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
