"""What a worker of a cluster does for the cells of a large image: cells first, then blocks of them, then the whole.

What the calls share lies in a folder that all workers see: the label image, to be read by region, the cells, and a
file for each block once it is done. A call is a path and the number of a block.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.atomic import writing
from napari_hemalens.cluster.worker import Kept
from napari_hemalens.errors import ImageError
from napari_hemalens.formats.record_files import read_record, write_record
from napari_hemalens.inference.crops import CropSource, crop_width
from napari_hemalens.progress import finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.detections import Provenance
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.batch import Parts
from napari_hemalens.workflows.cell_blocks import CellsByBlock, Networks, OpenedCells, gathered
from napari_hemalens.workflows.finding import AskedOfImages
from napari_hemalens.workflows.same_run import SameRun, check_packages

_MANY = 16  # blocks with cells from which an image is shared: what all of them need is read by each worker again
_CELLS, _LABELS = "cells.npz", "labels.npy"
_MEASURES = ("ids", "centres", "areas", "boxes")

_NETWORKS = Kept(1)
_IMAGES = Kept(1, lambda kept: kept[0].slide.close())

WithPictures = tuple[Parts, Mapping[str, str]]
"""What is found in an image, and pictures that could not be drawn, with the reason."""


@dataclass(frozen=True, slots=True)
class BlockJob:
    """The cells of an image, and what is asked of them.

    Attributes
    ----------
    same : SameRun
        What every worker needs to have.
    one : AskedOfImages
        What is asked, of this image alone.
    folder : Path
        What the calls share; nothing else lies there.
    key : str
        All that the result depends on, as a hash; files of another count for nothing.
    """

    same: SameRun
    one: AskedOfImages
    folder: Path
    key: str

    @property
    def asked(self) -> CellsByBlock:
        """What is asked of the cells."""
        if self.one.blocks is None:
            raise ImageError(f"The cells of {self.one.batch.files[0]} are not looked at block by block.")
        return self.one.blocks

    def file(self, number: int) -> Path:
        """Return where what was found in a block stands."""
        return self.folder / f"{number:06d}.npz"

    def blocks(self) -> int | None:
        """Return how many blocks there are; None where the cells are not known yet."""
        kept = read_record(self.folder / _CELLS, key=self.key)
        return None if kept is None else len(kept["ends"])

    def delete(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def networks(self) -> Networks:
        """Return what looks at the cells, loaded by the first call."""
        return _NETWORKS.get((self.same, self.asked.asks), lambda: finish(self.asked.load_steps()))

    def opened(self) -> tuple[OpenedCells, list[NDArray[np.int64]]]:
        """Return the image with its cells, which stay open for calls to come, and the rows of each block."""
        return _IMAGES.get((self.folder, self.key), self._open)

    def _open(self) -> tuple[OpenedCells, list[NDArray[np.int64]]]:
        kept = read_record(self.folder / _CELLS, key=self.key)
        if kept is None:
            raise ImageError(f"The cells of {self.one.batch.files[0]} are gone from {self.folder}: begin anew.")
        labels = np.load(self.folder / _LABELS, mmap_mode="r", allow_pickle=False)
        cells, networks = CellMap(labels, *(kept[name] for name in _MEASURES)), self.networks()
        check_packages(_versions(networks), kept["versions"])
        slide = self.asked.channel_of(self.asked.open(0))
        return _opened(slide, cells, networks, kept["origin"]), np.split(kept["order"], kept["ends"][:-1])

    def keep(self, opened: OpenedCells, blocks: Sequence[NDArray[np.int64]]) -> None:
        """Write the cells of the image to the folder, and which of them (n,) are of each block."""
        with writing(self.folder / _LABELS) as temporary, temporary.open("wb") as file:
            np.save(file, opened.cells.labels)
        places = {"order": np.concatenate(blocks), "ends": np.cumsum([len(block) for block in blocks])}
        known = {"origin": opened.origin, "versions": _versions(opened.networks)}
        measures = {name: getattr(opened.cells, name) for name in _MEASURES}
        write_record(measures | places | known, self.folder / _CELLS, key=self.key)


def _opened(slide: Slide, cells: CellMap, networks: Networks, origin: Provenance) -> OpenedCells:
    crop = networks[0].card.crop
    source = CropSource.of(slide, cells, crop, width=crop_width(cells, crop, origin.pixel_size_um))
    return OpenedCells(slide, source, networks, origin)


def _versions(networks: Networks) -> dict[str, str]:
    return {name: version for each in networks for name, version in each.runtime.versions.items()}


def prepare(job: BlockJob) -> WithPictures | None:
    """Return what is found in a small image; of a large one, find the cells, and write them to the folder."""

    def work() -> WithPictures | None:
        asked = job.asked
        with asked.open(0) as image:
            slide = asked.channel_of(image)
            cells, networks = asked.cells_of(0, slide), job.networks()
            opened = _opened(slide, cells, networks, finish(asked.origin_steps(slide, cells, networks)))
            blocks = opened.source.blocks(np.arange(len(cells)))
            if len(blocks) >= _MANY:
                job.keep(opened, list(gathered(blocks)))
                return None
            found = asked.look(opened, np.concatenate(blocks))
            return asked.gather(0, opened, (found,)), job.one.batch.unpictured

    return job.same.run(work)


def look(job: BlockJob, number: int) -> int:
    """Look at the cells of a block, and write what is found to its file; return how many they are."""

    def work() -> int:
        opened, blocks = job.opened()
        write_record(job.asked.look(opened, blocks[number]), job.file(number), key=job.key)
        return len(blocks[number])

    return job.same.run(work)


def put_together(job: BlockJob) -> WithPictures:
    """Return what is found in the image, and write its files, from those of all blocks, which are read one by one.

    Raises
    ------
    ImageError
        If one of them is damaged.
    """

    def found(blocks: int) -> Iterator[Parts]:
        for number in range(blocks):
            kept = read_record(job.file(number), key=job.key)
            if kept is None:
                raise ImageError(
                    f"{job.file(number)}, what was found in a part of {job.one.batch.files[0]}, is damaged: delete "
                    "it, and give the same command."
                )
            yield kept

    def work() -> WithPictures:
        opened, blocks = job.opened()
        return job.asked.gather(0, opened, found(len(blocks))), job.one.batch.unpictured

    return job.same.run(work)
