"""What was found in the tiles of one image, kept in files as it comes: a run that stopped goes on from there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_hemalens.formats.record_files import read_record, write_record
from napari_hemalens.inference.tile_plan import TilePlan
from napari_hemalens.inference.tile_runner import RawDetections
from napari_hemalens.slides.tiles import Tile

_TILES = 64  # of a file


@dataclass(slots=True)
class TileStore:
    """Files of raw detections, of a number of tiles each.

    Attributes
    ----------
    folder : Path
        Where they lie; nothing else does.
    key : str
        All that the result depends on, as a hash; files of another count for nothing.
    plan : TilePlan
        All tiles.
    """

    folder: Path
    key: str
    plan: TilePlan
    _waiting: dict[int, dict[int, RawDetections]] = field(default_factory=dict)  # by file, and place in the plan
    _written: dict[int, set[int]] = field(default_factory=dict)

    def missing(self) -> tuple[int, ...]:
        """Return the places in the plan of tiles that no file holds."""
        files = range(-(-len(self.plan.tiles) // _TILES))
        self._written = {number: set(self._read(number)) for number in files}
        return tuple(i for i in range(len(self.plan.tiles)) if i not in self._written[i // _TILES])

    def add(self, found: dict[int, RawDetections]) -> None:
        """Take what was found in tiles, by their places in the plan; a file is written once all of its tiles are in."""
        for i, raw in found.items():
            number = i // _TILES
            self._waiting.setdefault(number, {})[i] = raw
            of_file = min(_TILES, len(self.plan.tiles) - number * _TILES)
            if len(self._waiting[number]) + len(self._written.get(number, ())) == of_file:
                self._write(number)

    def flush(self) -> None:
        """Write what waits for other tiles of its file."""
        for number in tuple(self._waiting):
            self._write(number)

    def __iter__(self) -> Iterator[RawDetections]:
        """Read what was found, a file at a time, in the order of the plan."""
        for number in range(-(-len(self.plan.tiles) // _TILES)):
            found = self._read(number) | self._waiting.get(number, {})
            yield from (found[i] for i in sorted(found))

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npz"

    def _write(self, number: int) -> None:
        found = self._read(number) | self._waiting.pop(number)
        places = sorted(found)
        parts = [found[i] for i in places]
        columns = {
            "boxes": np.concatenate([part.boxes for part in parts]),
            "scores": np.concatenate([part.scores for part in parts]),
            "classes": np.concatenate([part.classes for part in parts]),
        }
        lengths = np.array([len(part.scores) for part in parts], dtype=np.int64)
        tiles = {"places": np.array(places, dtype=np.int64), "lengths": lengths}
        write_record({**tiles, **columns}, self._path(number), key=self._key)
        self._written[number] = set(places)

    def _read(self, number: int) -> dict[int, RawDetections]:
        kept = read_record(self._path(number), key=self._key)
        if kept is None:
            return {}
        ends = np.cumsum(kept["lengths"])[:-1]
        columns = (np.split(kept[name], ends) for name in ("boxes", "scores", "classes"))
        return {
            int(i): RawDetections(self._tile(int(i)), *arrays)
            for i, *arrays in zip(kept["places"], *columns, strict=True)
        }

    def _tile(self, i: int) -> Tile:
        return self.plan.tiles[i]

    @property
    def _key(self) -> str:
        return f"{self.key} {self.plan.region} {self.plan.scale!r} {len(self.plan.tiles)}"
