"""Embeddings and thumbnails of cells on disk, in blocks that appear whole or not at all.

A cache is of one file of weights and one recipe of crops, whose hashes name its folder, so that no other network ever
reads it. Loads no torch.
"""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from napari_hemalens.atomic import writing

THUMBNAIL = 64
"""Side of a thumbnail in pixels."""

BLOCK = 256
"""Cells of a block: what a kill loses at most."""

_FORMAT = "1"
_PASSING: list[Any] = []  # folders that are deleted at the end, as long as something refers to them


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Pictures of N cells, read from disk when they are looked at.

    Attributes
    ----------
    files : tuple of Path
        The blocks.
    block, row : (N,) int64
        Where each picture is: index into `files`, and row there.
    """

    files: tuple[Path, ...]
    block: NDArray[np.int64]
    row: NDArray[np.int64]
    _open: dict[int, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.block)

    def __getitem__(self, cell: int) -> NDArray[np.uint8]:
        """Return the picture of a cell, (64, 64, 3)."""
        block, row = int(self.block[cell]), int(self.row[cell])
        if block not in self._open:
            file: Any = safe_open(self.files[block], framework="numpy")
            self._open[block] = file.get_slice("thumbnails")
        picture: NDArray[np.uint8] = self._open[block][row]
        return picture

    def take(self, rows: NDArray[np.int64]) -> "Thumbnails":
        """Return the pictures of some cells."""
        return Thumbnails(self.files, self.block[rows], self.row[rows])


@dataclass(slots=True)
class _Pending:
    """What waits to become a block: keys, embeddings (n, D) and thumbnails (n, 64, 64, 3)."""

    keys: list[str] = field(default_factory=list)
    vectors: list[NDArray[np.float32]] = field(default_factory=list)
    thumbnails: list[NDArray[np.uint8]] = field(default_factory=list)


class EmbeddingCache:
    """The cache of one network.

    Parameters
    ----------
    caches : Path
        The folder of all caches of a project.
    sha256 : str
        Of the weights.
    crop : mapping
        The recipe of crops, as plain values.
    read_only : bool
        Whether new blocks go to a folder that ends with the process, and damaged ones stay: nothing here is changed.

    Attributes
    ----------
    folder : Path
        Its folder.
    notes : list of str
        What was found damaged, a sentence each.
    """

    def __init__(self, caches: Path, sha256: str, crop: Any, *, read_only: bool = False) -> None:
        said = json.dumps([_FORMAT, sha256, crop], sort_keys=True)
        self.folder = caches / f"embeddings-{hashlib.blake2b(said.encode(), digest_size=8).hexdigest()}"
        self.notes: list[str] = []
        self._read_only = read_only
        self._about = {"format": _FORMAT, "weights": sha256}
        self._files: list[Path] = []
        self._place: dict[str, tuple[int, int]] = {}
        self._vectors: list[NDArray[np.float32]] = []
        self._pending = _Pending()
        for file in sorted(self.folder.glob("*.safetensors")):
            self._read(file)

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, key: object) -> bool:
        return key in self._place

    def add(self, keys: Sequence[str], vectors: NDArray[np.float32], thumbnails: NDArray[np.uint8]) -> None:
        """Keep the embeddings (n, D) and thumbnails (n, 64, 64, 3) of cells; they are written by blocks."""
        self._pending.keys.extend(keys)
        self._pending.vectors.append(vectors)
        self._pending.thumbnails.append(thumbnails)
        if len(self._pending.keys) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not self._pending.keys:
            return
        pending, self._pending = self._pending, _Pending()
        tensors: dict[str, NDArray[Any]] = {
            "keys": np.frombuffer(bytes.fromhex("".join(pending.keys)), dtype=np.uint8).reshape(len(pending.keys), -1),
            "vectors": np.concatenate(pending.vectors),
            "thumbnails": np.concatenate(pending.thumbnails),
        }
        digest = _digest(tensors)
        folder = _passing_folder() if self._read_only else self.folder
        file = folder / f"{digest}.safetensors"  # two windows never write the same file with other content
        with writing(file) as temporary:
            save_file(tensors, temporary, metadata={**self._about, "digest": digest})
        self._take(file, pending.keys, tensors["vectors"])

    def vectors(self, keys: Sequence[str]) -> NDArray[np.float32]:
        """Return the embeddings of cells: (n, D) float32; (0, 0) where the cache is empty."""
        if not self._vectors:
            return np.zeros((0, 0), dtype=np.float32)
        found = np.empty((len(keys), self._vectors[0].shape[1]), dtype=np.float32)
        for row, key in enumerate(keys):
            block, at = self._place[key]
            found[row] = self._vectors[block][at]
        return found

    def thumbnails(self, keys: Sequence[str]) -> Thumbnails:
        """Return the pictures of cells."""
        where = np.array([self._place[key] for key in keys], dtype=np.int64).reshape(-1, 2)
        return Thumbnails(tuple(self._files), where[:, 0], where[:, 1])

    def _read(self, file: Path) -> None:
        try:
            with safe_open(file, framework="numpy") as block:
                tensors = {name: block.get_tensor(name) for name in ("keys", "vectors")}
                sound = _fits(tensors, block.get_slice("thumbnails").get_shape())
                said = dict(block.metadata() or {})
        except (SafetensorError, OSError, ValueError) as error:
            self._give_up(file, str(error))
            return
        if not sound or said != {**self._about, "digest": _digest(tensors)}:
            self._give_up(file, "it holds something else than was written")
            return
        self._take(file, [row.tobytes().hex() for row in tensors["keys"]], tensors["vectors"])

    def _take(self, file: Path, keys: Sequence[str], vectors: NDArray[np.float32]) -> None:
        self._files.append(file)
        self._vectors.append(vectors)
        for row, key in enumerate(keys):
            self._place[key] = (len(self._files) - 1, row)

    def _give_up(self, file: Path, reason: str) -> None:
        if not self._read_only:
            file.unlink(missing_ok=True)
        self.notes.append(f"Embeddings in {file.name} were damaged and are computed again: {reason}.")


@cache
def _passing_folder() -> Path:
    """Return a folder for what is not to be kept."""
    folder = tempfile.TemporaryDirectory(prefix="hemalens-", ignore_cleanup_errors=True)  # it ends with the process
    _PASSING.append(folder)
    return Path(folder.name)


def _fits(tensors: dict[str, NDArray[Any]], pictures: Sequence[int]) -> bool:
    keys, vectors = tensors["keys"], tensors["vectors"]
    shapes = keys.ndim == vectors.ndim == 2 and len(keys) == len(vectors) == pictures[0]
    return bool(shapes and vectors.dtype == np.float32 and [*pictures[1:]] == [THUMBNAIL, THUMBNAIL, 3])


def _digest(tensors: dict[str, NDArray[Any]]) -> str:
    """Return what tells of a changed bit in keys or embeddings."""
    digest = hashlib.blake2b(digest_size=16)
    for name in ("keys", "vectors"):
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()
