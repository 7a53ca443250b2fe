"""The images of a batch, looked at one after the other in this process, or several at once on a cluster."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.extras import explain_missing_packages
from napari_hemalens.progress import Steps
from napari_hemalens.workflows.batch import BatchInProgress, Parts
from napari_hemalens.workflows.cell_blocks import CellsByBlock


class AskedOfImages(Protocol):
    """What is asked of each image of a batch; can be sent to a worker."""

    @property
    def batch(self) -> BatchInProgress:
        """The images."""

    @property
    def endings(self) -> tuple[str, ...]:
        """Endings of files that are written for every image."""

    @property
    def tiled(self) -> DetectionRecipe | None:
        """How slides are cut into tiles that workers share; None: they are not."""

    @property
    def blocks(self) -> CellsByBlock | None:
        """What is asked of cells that workers share block by block; None: an image is for one worker."""

    def inputs(self, i: int) -> Sequence[Path]:
        """Return the files that the result of an image depends on."""

    def only(self, i: int) -> Self:
        """Return the same of one image alone."""

    def find_steps(self, i: int) -> Steps[Parts]:
        """Look at the image of an index; return what is found."""


def find_all_steps(
    asked: AskedOfImages, weights: Sequence[str | Path | None], cluster: ClusterRecipe | None
) -> Steps[None]:
    """Look at all images of a batch; yields after each, and within one of many tiles.

    Parameters
    ----------
    asked : AskedOfImages
        What is done with each.
    weights : sequence of str, Path or None
        That it takes; the workers of a cluster need to have the same.
    cluster : ClusterRecipe or None
        Where it is done; None: in this process.

    Raises
    ------
    HemaLensError
        As `BatchInProgress.find_steps`; if the cluster cannot be used, or goes away.
    """
    if cluster is None:
        return (yield from asked.batch.find_steps(asked.find_steps, asked.inputs, asked.endings))
    with explain_missing_packages("A cluster needs", "cluster"):
        from napari_hemalens.workflows.batch_on_cluster import find_on_cluster_steps  # noqa: PLC0415

        yield from find_on_cluster_steps(asked, weights, cluster)
