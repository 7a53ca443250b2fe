"""Networks for programs that have no HemaLens: pixels in, answers out, in one ONNX file."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from napari_hemalens.atomic import writing
from napari_hemalens.errors import WeightsError
from napari_hemalens.models.cards import AnyCard, ClassifierCard, DetectorCard
from napari_hemalens.models.folding import folded_classifier, folded_detector
from napari_hemalens.models.portable_use import channel_names, directions, fill_of
from napari_hemalens.models.preprocess import Preprocess, normalised
from napari_hemalens.models.storage import load_classifier, load_detector, preprocess_of

OPSET = 17
"""Version of ONNX's operators: RoIAlign with half-pixel corners is there from 16 on."""

TILE = 640
"""Side of the image that an exported detector takes, in pixels."""

_AGREED = 1e-3  # in scores and probabilities; boxes in pixels


class PortableDetector(nn.Module):
    """A detector with its preprocessing.

    Parameters
    ----------
    network : Module
        As `storage.load_detector` returns it.
    preprocess : Preprocess
        Of its card.
    """

    OUTPUTS = ("boxes", "labels", "scores")

    def __init__(self, network: nn.Module, preprocess: Preprocess) -> None:
        super().__init__()
        self.network, self.preprocess = network, preprocess

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Find the cells of a tile.

        Parameters
        ----------
        image : (1, 3, TILE, TILE) float32
            Red, green and blue in 0-255, at the pixel size of the card.

        Returns
        -------
        boxes : (M, 4) float32
            x0, y0, x1, y1 in pixels.
        labels : (M,) int64
            From 1, in the order of the card's classes.
        scores : (M,) float32
            In 0-1, best first.
        """
        (found,) = self.network(self.preprocess.normalised(image))
        return found["boxes"], found["labels"], found["scores"]


class PortableClassifier(nn.Module):
    """A classifier with its preprocessing and its calibration.

    Parameters
    ----------
    network : Module
        As `storage.load_classifier` returns it.
    temperature : float
        Of its card.
    """

    OUTPUTS = ("probabilities",)

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, crops: Tensor) -> tuple[Tensor]:
        """Name crops.

        Parameters
        ----------
        crops : (N, C, side, side) float32
            In 0-255, cut as the card's `crop` says.

        Returns
        -------
        probabilities : (N, K) float32
            In 0-1, in the order of the card's classes.
        """
        return ((self.network(normalised(crops)) / self.temperature).softmax(dim=1),)


Portable = PortableDetector | PortableClassifier


def build_portable(card: AnyCard) -> Portable:
    """Return the network of a card as a module that takes pixels.

    Raises
    ------
    WeightsError
        If its file is missing or damaged.
    """
    cpu = torch.device("cpu")
    if isinstance(card, DetectorCard):
        return PortableDetector(folded_detector(load_detector(card, cpu)), preprocess_of(card)).eval()
    return PortableClassifier(folded_classifier(load_classifier(card, cpu)), card.temperature).eval()


def input_shape(card: AnyCard) -> tuple[int, int, int, int]:
    """Return the shape of what an exported network is given: one tile, or one crop."""
    if isinstance(card, DetectorCard):
        return 1, 3, TILE, TILE
    return 1, card.crop.channels, card.crop.side, card.crop.side


def given_name(card: AnyCard) -> str:
    """Return what an exported network calls its input."""
    return "image" if isinstance(card, DetectorCard) else "crops"


def answer(network: Portable, pixels: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Return what a network answers for pixels of `input_shape`, by name of the output."""
    with torch.inference_mode():
        found = network(torch.from_numpy(pixels))
    return {name: output.numpy() for name, output in zip(network.OUTPUTS, found, strict=True)}


def write_onnx(network: Portable, card: AnyCard, pixels: NDArray[np.float32], file: Path) -> None:
    """Write a network as ONNX; the file appears once ONNX Runtime has answered as torch does.

    Parameters
    ----------
    network : Module
        Of `build_portable`.
    card : ModelCard
        Of it.
    pixels : float32
        Of `input_shape`, with cells: what is not found is not compared.
    file : Path
        Where to.

    Raises
    ------
    WeightsError
        If the network cannot be written as ONNX, or answers otherwise there.
    ModuleNotFoundError
        If onnx or onnxruntime are not installed.
    """
    import onnx  # noqa: PLC0415 -- an extra

    given = given_name(card)
    free = {name: {0: "cells"} for name in network.OUTPUTS}
    if isinstance(card, ClassifierCard):
        free[given] = {0: "cells"}
    with writing(file) as whole:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of sides that become constants: tiles are of one size
            try:
                torch.onnx.export(
                    network,
                    (torch.from_numpy(pixels),),
                    str(whole),
                    opset_version=OPSET,
                    input_names=[given],
                    output_names=list(network.OUTPUTS),
                    dynamic_axes=free,
                    dynamo=False,
                )
            except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
                raise WeightsError(f"The network of {card.name} cannot be written as ONNX: {error}.") from error
        model = onnx.load(str(whole))
        onnx.helper.set_model_props(model, _said(card))
        onnx.save(model, str(whole))
        _compare(answer(network, pixels), run_onnx(whole, pixels), card.name)


def run_onnx(file: Path, pixels: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Return what the network of an ONNX file answers for pixels, by name of the output."""
    import onnxruntime  # noqa: PLC0415 -- an extra

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: pixels}), strict=True))


def _said(card: AnyCard) -> dict[str, str]:
    """Return what must be known to use the file, for its metadata."""
    said = {"name": card.name, "classes": ",".join(card.classes), "licence": card.terms, "sha256": card.sha256}
    said |= {"channels": ",".join(channel_names(card)), "use": "\n".join(directions(card))}
    if isinstance(card, DetectorCard):
        fill = ",".join(map(str, fill_of(card)))
        size, threshold = f"{card.pixel_size_um:g}", f"{card.score_threshold:g}"
        return {**said, "pixel_size_um": size, "score_threshold": threshold, "fill": fill}
    positive = {} if card.positive is None else {"positive": card.positive, "threshold": f"{card.threshold:g}"}
    return {**said, "crop": card.crop.model_dump_json(), **positive}


def _compare(wanted: Mapping[str, NDArray[Any]], found: Mapping[str, NDArray[Any]], name: str) -> None:
    if "boxes" in wanted and len(wanted["boxes"]) == len(found["boxes"]):
        found = _in_order_of(wanted, found)
    for output, values in wanted.items():
        if found[output].shape != values.shape or not np.allclose(found[output], values, rtol=0, atol=_AGREED):
            raise WeightsError(f"ONNX Runtime computes other {output} than torch for {name}; nothing was written.")


def _in_order_of(wanted: Mapping[str, NDArray[Any]], found: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the same cells in the order of others: two of equal scores may stand either way round."""
    away = np.abs(wanted["boxes"][:, None] - found["boxes"][None]).sum(axis=2)
    away += 1e6 * (wanted["labels"][:, None] != found["labels"][None])
    _, order = linear_sum_assignment(away)
    return {output: values[order] for output, values in found.items()}
