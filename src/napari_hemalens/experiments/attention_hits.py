"""Does a network's own attention lie on the micronucleus? The question of Figure 6 of Wei et al. 2022.

The paper shows pictures; here the hottest point of every map is looked up among outlined micronuclei (the pointing
game, Zhang et al. 2018, https://arxiv.org/abs/1608.00507), of all test nuclei that have one, whatever they were called.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.evaluation.class_metrics import markdown_table
from napari_hemalens.evaluation.heatmaps import MarkedCells
from napari_hemalens.experiments.kept_networks import KeptNetworks
from napari_hemalens.experiments.report import NetworkRow
from napari_hemalens.formats.named_cells import NamedCells
from napari_hemalens.heatmaps import faithfulness
from napari_hemalens.heatmaps.crop_heatmaps import explain_crops
from napari_hemalens.heatmaps.methods import Method, maps_of
from napari_hemalens.records.differential import wilson_interval


@dataclass(frozen=True, slots=True)
class AttentionHits:
    """How often one map of the networks of a row lies on the micronucleus.

    Attributes
    ----------
    network, attention : str
        Row of the table, and which of its maps; of chance, what it is, and nothing.
    hits : float
        Of N cells, how many have their hottest point on a micronucleus of theirs or within reach, as a mean over runs;
        equally hot points count in part.
    cells : int
        N.
    inside : float
        Mean share of the map that lies there, in 0-1.
    runs : tuple of float
        The share of hits of each run, in 0-1; of chance there are none.
    """

    network: str
    attention: str
    hits: float
    cells: int
    inside: float
    runs: tuple[float, ...] = ()

    @property
    def share(self) -> float:
        """Hits as a share of the cells, in 0-1."""
        return self.hits / self.cells

    @classmethod
    def mean(cls, runs: Sequence["AttentionHits"]) -> "AttentionHits":
        """Return the mean of several runs of one network."""
        hits, inside = (sum(getattr(run, of) for run in runs) / len(runs) for of in ("hits", "inside"))
        return replace(runs[0], hits=hits, inside=inside, runs=tuple(run.share for run in runs))


def has_attention(row: NetworkRow) -> bool:
    """Return whether the network of a row weights places by itself."""
    return bool(maps_of(row.network))


def attention_hits(fields: Sequence[NamedCells], networks: KeptNetworks) -> tuple[AttentionHits, ...]:
    """Return the hits of every map of every kept network, and of chance; nothing where there is none, or no cell.

    Parameters
    ----------
    fields : sequence of NamedCells
        Images whose micronuclei are outlined.
    networks : KeptNetworks
        Rows without a kept network, and networks without attention of their own, are left out.

    Raises
    ------
    AnnotationError
        If the data set has no outlines of micronuclei.
    """
    task = networks.task
    found: dict[tuple[str, str], list[AttentionHits]] = {}
    cells: MarkedCells | None = None
    for name, classifier in networks.load():
        for method in maps_of(classifier.card.network.network):
            if cells is None:  # the same for all: rows share their crops
                every = MarkedCells.concatenate([MarkedCells.from_field(field, classifier.card) for field in fields])
                cells = every.take(np.flatnonzero(every.truth == task.classes.index(str(task.positive))))
            if not len(cells):
                return ()
            heatmaps = explain_crops(classifier, cells.pixels, method=method.name).heatmaps.cpu().numpy()
            found.setdefault((name, method.name), []).append(_hits(cells, heatmaps, networks.rows[name].label, method))
    return () if cells is None else (*map(AttentionHits.mean, found.values()), *_of_chance(cells))


def hits_markdown(found: Sequence[AttentionHits]) -> str:
    """Return the section of a report: one line per map, chance below, with 95 % intervals (Wilson).

    The intervals are of one run: several look at the same cells.
    """
    several = any(len(one.runs) > 1 for one in found)
    lines = []
    for one in found:
        low, high = wilson_interval(round(one.hits), one.cells)
        line = [one.network, one.attention, f"{one.share:.3f}", f"{low:.3f}-{high:.3f}", f"{one.inside:.3f}"]
        lines.append([*line, *[", ".join(f"{share:.3f}" for share in one.runs)] * several])
    columns = ("network", "attention", "hits", "95 %", "heat inside", *["hits by run"] * several)
    said = (
        f"Of {found[0].cells:,} test nuclei with micronuclei, rightly called or not. Hits: the hottest point lies on a "
        f"micronucleus of the nucleus, or within {faithfulness.REACH:g} px of the image. Heat inside: the share of the "
        "map there." + " Both are means over runs, the interval is that of as many nuclei." * several
    )
    return "\n\n".join(("## Does its attention lie on the micronucleus?", said, markdown_table(columns, lines)))


def _of_chance(cells: MarkedCells) -> Iterator[AttentionHits]:
    places = {
        "a random place in the crop": np.ones(cells.near.shape, dtype=np.float32),
        "a random place near the nucleus": cells.ring.astype(np.float32),
    }
    for name, heatmaps in places.items():
        yield _hits(cells, heatmaps, name, None)


def _hits(cells: MarkedCells, heatmaps: NDArray[np.float32], network: str, method: Method | None) -> AttentionHits:
    return AttentionHits(
        network,
        method.title.removeprefix("Attention, ") if method else "",
        float(faithfulness.hits(heatmaps, cells.near).sum()),
        len(cells),
        float(faithfulness.share_inside(heatmaps, cells.near).mean()),
    )
