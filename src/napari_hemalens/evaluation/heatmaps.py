"""Evaluation of a classifier's heatmaps against outlines of the micronuclei that they should point at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_hemalens.config.options import DeviceName
from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.evaluation.heatmap_report import Finding, HeatmapReport, Shown
from napari_hemalens.evaluation.selection import CellSelection
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.heatmaps import faithfulness
from napari_hemalens.heatmaps.classifier_heatmaps import as_rgb
from napari_hemalens.heatmaps.crop_heatmaps import explain_crops, light_channels
from napari_hemalens.heatmaps.methods import method_of, methods_of
from napari_hemalens.inference import device
from napari_hemalens.inference.classifier import NetworkClassifier, batch_size, probabilities_of
from napari_hemalens.inference.crops import crop_width, masks
from napari_hemalens.inference.labelled_crops import cells_of, cut, labels_of, marks
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.classifiers import CellClassifier, build_classifier
from napari_hemalens.models.storage import load_classifier
from napari_hemalens.progress import Progress, Steps

_TASK = "micronucleus"
_PATCHES = 24  # along a side, that are removed one after the other: about as fine as a small micronucleus
_DRAWS = 3  # orders of patches that are equally hot
_SANE = 32  # cells that the network with random weights is asked about
_SHOWN = 5  # cells in the picture


class Maps(NamedTuple):
    """Heatmaps (N, side, side) in 0-1 of one method, or of one way to guess, with its name."""

    name: str
    heatmaps: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class MarkedCells:
    """Cells whose micronuclei, which decide their class, are outlined.

    Attributes
    ----------
    names : tuple of (str, int)
        Image and number of each.
    truth : (N,) int64
        Index of its class.
    pixels : (N, C, side, side) uint8
        Crops.
    marks, near : (N, side, side) bool
        The micronuclei of the cell itself, and the pixels within reach of them.
    ring, outside : (N, side, side) bool
        The surroundings of the nucleus, and what no nucleus covers.
    """

    names: tuple[tuple[str, int], ...]
    truth: NDArray[np.int64]
    pixels: Tensor
    marks: NDArray[np.bool_]
    near: NDArray[np.bool_]
    ring: NDArray[np.bool_]
    outside: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def from_field(cls, field: NamedCells, card: ClassifierCard) -> Self:
        """Cut the cells of one image.

        Raises
        ------
        AnnotationError
            If the data set has no outlines of micronuclei.
        """
        outlined = marks(field, card.crop)[:, 0].numpy() > 0
        cells, which = cells_of(field)
        width, side = crop_width(cells, card.crop, None), card.crop.side
        corners = cells.centres[which] + 0.5 - width / 2
        own, others = (mask[:, 0].numpy() for mask in masks(cells, which, corners, side=side, width=width))
        return cls(
            tuple((field.image.stem, number) for number in field.ids.tolist()),
            labels_of([field], card.classes),
            cut(field, card.crop),
            outlined,
            faithfulness.near(outlined, width / side),
            faithfulness.around(own),
            ~(own | others),
        )

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Put the cells of several images into one."""
        return cls(
            tuple(name for part in parts for name in part.names),
            np.concatenate([part.truth for part in parts]),
            torch.cat([part.pixels for part in parts]),
            *(np.concatenate([getattr(part, name) for part in parts]) for name in ("marks", "near", "ring", "outside")),
        )

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return some of the cells."""
        arrays = {name: getattr(self, name)[rows] for name in ("truth", "pixels", "marks", "near", "ring", "outside")}
        return replace(self, names=tuple(self.names[i] for i in rows), **arrays)


def evaluate_steps(
    selection: CellSelection,
    card: ClassifierCard,
    *,
    methods: Sequence[str],
    out: Path | None,
    device_name: DeviceName,
) -> Steps[HeatmapReport]:
    """Measure heatmaps; see `workflows.evaluate_heatmaps_steps`."""
    if card.task != _TASK:
        raise RecipeError(
            f"Heatmaps are measured where it is outlined what they should point at, which is known of micronuclei "
            f"alone; the weights {card.name} answer the task {card.task}."
        )
    card = card.seeing(1)  # as heatmaps are shown: of the cell as it lies
    names = [method_of(card.network, name).name for name in methods or [each.name for each in methods_of(card.network)]]
    network, parts = load_classifier(card, device.choose(device_name)), []
    fields, total = selection.read(), len(names) + 1
    for field in fields:
        parts.append(MarkedCells.from_field(field, card))
        yield Progress(0, total, field.image.name)
    every = MarkedCells.concatenate(parts)
    began = perf_counter()
    called = card.decide(_probabilities(network, every.pixels, card))
    seconds = 1000 * (perf_counter() - began) / len(every)
    wanted = every.truth == card.classes.index(str(card.positive))
    cells = every.take(np.flatnonzero(wanted & (called == every.truth)))
    if not len(cells):
        raise AnnotationError(
            f"No nucleus with a micronucleus is rightly called in {selection.data} ({selection.split}): nothing to see."
        )
    guesses, untrained = measure_guesses(network, cells, card), build_untrained(card, next(network.parameters()).device)
    yield Progress(1, total, "chance")
    found = []
    for name in names:
        found.append(_measured(network, untrained, cells, card, name=name))
        yield Progress(1 + len(found), total, name)
    shown = cells.take(_spread(len(cells), _SHOWN))
    report = HeatmapReport(
        card,
        selection.data.resolve().name,
        selection.part,
        int(wanted.sum()),
        cells.names,
        tuple(found),
        guesses,
        seconds,
        len(_spread(len(cells), _SANE)),
        Shown(as_rgb(shown.pixels, card.crop), shown.marks, tuple(f"{image}\n{i}" for image, i in shown.names)),
    )
    if out is not None:
        report.write(out)
    return report


def measure_guesses(network: CellClassifier, cells: MarkedCells, card: ClassifierCard) -> tuple[Finding, ...]:
    """Return the measures of guesses: at random, near the nucleus, in the middle, or where it is brightest."""
    middle = np.zeros(cells.near.shape, dtype=np.float32)
    middle[:, card.crop.side // 2, card.crop.side // 2] = 1
    bright = cells.pixels[:, : light_channels(card.crop)].float().mean(dim=1).numpy()
    heatmaps = {
        "a random place in the crop": np.ones(cells.near.shape, dtype=np.float32),
        "a random place near the nucleus": cells.ring.astype(np.float32),
        "the middle of the crop": middle,
        "the brightest place outside nuclei": np.where(cells.outside, bright, 0).astype(np.float32),
    }
    return tuple(
        _finding(network, cells, card, Maps(name, heatmap), draws=_DRAWS if "random" in name else 1)
        for name, heatmap in heatmaps.items()
    )


def build_untrained(card: ClassifierCard, place: torch.device, seed: int = 0) -> CellClassifier:
    """Return the network of a model card with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_classifier(card.network.model_copy(update={"start": "scratch"}), len(card.classes))
    return network.eval().to(place, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _measured(
    network: CellClassifier, untrained: CellClassifier, cells: MarkedCells, card: ClassifierCard, *, name: str
) -> Finding:
    """Return the measures of a method, with those of its maps of an untrained network."""
    began = perf_counter()
    heatmaps = _heatmaps(network, cells.pixels, card, name)
    seconds = 1000 * (perf_counter() - began) / len(cells)
    sane = _spread(len(cells), _SANE)
    of_random = _heatmaps(untrained, cells.pixels[sane], card, name)
    return replace(
        _finding(network, cells, card, Maps(name, heatmaps)),
        seconds=seconds,
        correlation=float(faithfulness.rank_correlation(heatmaps[sane], of_random).mean()),
        random_hits=float(faithfulness.hits(of_random, cells.near[sane]).mean()),
    )


def _finding(
    network: CellClassifier,
    cells: MarkedCells,
    card: ClassifierCard,
    maps: Maps,
    *,
    draws: int = 1,
) -> Finding:
    """Return the measures of heatmaps of any origin; the deletion curve is a mean over `draws` orders of ties."""
    name, heatmaps = maps
    left = [_left(network, cells, card, heatmaps, seed=seed) for seed in range(draws)]
    return Finding(
        name,
        faithfulness.hits(heatmaps, cells.near),
        faithfulness.share_inside(heatmaps, cells.near),
        np.mean(left, axis=0),
        heatmaps[_spread(len(cells), _SHOWN)],
    )


def _left(
    network: CellClassifier, cells: MarkedCells, card: ClassifierCard, heatmaps: NDArray[np.float32], *, seed: int
) -> NDArray[np.float64]:
    """Return the mean probability (N,) of the class while the hottest patches are removed."""
    patch = -(-card.crop.side // _PATCHES)
    places = faithfulness.order_patches(heatmaps, patch, np.random.default_rng(seed))
    of = card.classes.index(str(card.positive))
    scores = []
    for share in faithfulness.SHARES:
        removed = faithfulness.remove_patches(cells.pixels, places, share, patch=patch, crop=card.crop)
        scores.append(_probabilities(network, removed, card)[:, of])
    return faithfulness.area(np.stack(scores).astype(np.float64))


def _heatmaps(network: CellClassifier, pixels: Tensor, card: ClassifierCard, name: str) -> NDArray[np.float32]:
    """Return heatmaps of the positive class: (N, side, side) in 0-1."""
    size = batch_size(next(network.parameters()).device)
    found = [
        explain_crops(NetworkClassifier(network, card), part, method=name, targets=str(card.positive)).heatmaps
        for part in pixels.split(size)
    ]
    return torch.cat(found).cpu().numpy()


def _probabilities(network: CellClassifier, pixels: Tensor, card: ClassifierCard) -> NDArray[np.float32]:
    place = next(network.parameters()).device
    found = [probabilities_of(network, part.to(place), card) for part in pixels.split(batch_size(place))]
    return torch.cat(found).cpu().numpy()


def _spread(number: int, most: int) -> NDArray[np.int64]:
    """Return at most `most` of `number` indices, evenly spaced."""
    return np.unique(np.linspace(0, number - 1, min(number, most)).round().astype(np.int64))
