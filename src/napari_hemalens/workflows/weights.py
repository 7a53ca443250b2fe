"""Weights installed beside the packed ones, and removed."""

from pathlib import Path

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights_folders
from napari_hemalens.models.cards import AnyCard, DetectorCard
from napari_hemalens.models.weights import detector_card, installed
from napari_hemalens.progress import Steps


def add_weights_steps(source: str | Path, *, replace: bool = False) -> Steps[AnyCard]:
    """Check weights and install them for this user; returns their model card.

    They are known by their name then, to the docks and to every function and command that takes weights. A file that
    cannot be used is refused before anything is installed.

    Parameters
    ----------
    source : path or str
        A model card (`.json`) or the `.safetensors` file beside it, a folder that holds both, or the address of a model
        card on a web server, with the tensors beside it.
    replace : bool
        Whether installed weights of the same name are replaced. Packed weights never are.

    Raises
    ------
    WeightsError
        If there are no such weights, they are damaged or of an unknown network, or their name is taken.
    """
    from napari_hemalens.models.installation import install_steps  # noqa: PLC0415 -- loads torch

    return (yield from install_steps(source, replace=replace))


def remove_weights(name: str) -> tuple[Path, ...]:
    """Delete installed weights; returns their files.

    Raises
    ------
    WeightsError
        If none are installed by that name, or other installed weights need them.
    """
    for other in installed(DetectorCard):
        card = detector_card(other)
        if name in {card.base, card.naming}:
            raise WeightsError(f"The installed weights {other} need {name}; remove {other} first.")
    return weights_folders.uninstall(name)
