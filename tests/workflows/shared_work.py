"""Images whose cells are named or explained, which workers share: image by image, or block by block of a wide one."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import distributed
from tests.workflows.wide_image import BLOCKS, write_wide

from napari_hemalens import workflows
from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.config.options import ClassificationRecipe, ExplanationRecipe
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Steps, finish

KINDS = [(command, by) for command in ("classify", "explain") for by in ("images", "blocks")]
METHOD = "grad-cam"

_ENDINGS = {"classify": ".labels.tif", "explain": f".{METHOD}.tif"}
_CALLS = {"images": "prepare-", "blocks": "look-"}


@dataclass(frozen=True)
class SharedWork:
    """What is asked of some images.

    Attributes
    ----------
    command, by : str
        One of `KINDS`.
    card : ClassifierCard
        What names the cells.
    images, labels : sequence of Path
        The files.
    folder : Path
        What results go into, each run in a folder of its own.
    """

    command: str
    by: str
    card: ClassifierCard
    images: Sequence[Path]
    labels: Sequence[Path]
    folder: Path

    @classmethod
    def of(cls, kind: tuple[str, str], card: ClassifierCard, fields: Path, folder: Path) -> "SharedWork":
        """Return work on all fields of a folder, or on one wide image that is written."""
        if kind[1] == "images":
            images = sorted((fields / "images").glob("*.tif"))
            labels = [fields / "nuclei" / image.name for image in images]
        else:
            images, labels = ([path] for path in write_wide(folder))
        return cls(*kind, card, images, labels, folder)

    def steps(self, out: str, cluster: Any = None, retries: int = 3) -> Steps[Any]:
        """Return the steps of a run."""
        at = None if cluster is None else ClusterRecipe(scheduler=cluster.scheduler_address, retries=retries)
        known = {"weights": str(self.card.file), "device": "cpu", "runtime": "torch", "pixel_size_um": 0.5}
        if self.command == "classify":
            named, given = ClassificationRecipe.from_options(**known), workflows.OutlineFiles(self.labels)
            return workflows.classify_files_steps(self.images, named, self.folder / out, outlines=given, cluster=at)
        recipe = ExplanationRecipe.from_options(method=METHOD, **known)
        return workflows.explain_files_steps(self.images, recipe, self.folder / out, labels=self.labels, cluster=at)

    @property
    def total(self) -> int:
        """How many calls look at cells, once a call is of one block."""
        return len(self.images) if self.by == "images" else BLOCKS

    def kept(self, out: str) -> int:
        """Return of how many calls an earlier run kept what was found."""
        place, name = (".", "*.npz") if self.by == "images" else ("wide.blocks", "0*.npz")
        return sum(path.is_file() for path in (self.folder / out / "records" / place).glob(name))

    def obstacle(self, out: str) -> Path:
        """Return where a file of one call goes: a folder there lets it fail every time."""
        if self.by == "images":
            return self.folder / out / f"{self.images[2].stem}{_ENDINGS[self.command]}"
        return self.folder / out / "records" / "wide.blocks" / "000007.npz"

    @property
    def piece(self) -> str:
        """What the call that has the obstacle is called."""
        return "the cells" if self.by == "images" else "block 8 of 17"

    def looked(self, cluster: Any, end: str = "memory") -> int:
        """Return how many calls looked at cells on a cluster and ended so far, well or 'erred'."""
        log = [each[0] for each in cluster.scheduler.transition_log if each[1:3] == ("processing", end)]
        return sum(key.startswith(_CALLS[self.by]) for key in log)

    @cached_property
    def alone(self) -> dict[str, bytes]:
        """What one process writes."""
        finish(self.steps("alone"))
        return self.written("alone")

    def written(self, out: str) -> dict[str, bytes]:
        """Return the files of a run but its pictures."""
        return written(self.folder / out)


def written(folder: Path) -> dict[str, bytes]:
    """Return the tables, records and labels of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in {".csv", ".json", ".tif"}}


def until_one_is_done(steps: Steps[Any]) -> None:
    """Run until an image, or a block of one, is looked at."""
    next(step for step in steps if step.done or ": block " in step.message)


def wait_for_workers(cluster: Any) -> None:
    """Wait until a scheduler knows of no call, and each worker has ended what it was at, of one thread."""
    wait_for(lambda: not cluster.scheduler.tasks)
    with distributed.Client(cluster, set_as_default=False) as client:
        for worker in cluster.scheduler.workers:
            client.submit(os.getpid, pure=False, workers=[worker]).result(timeout=60)


def wait_for(there: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)
