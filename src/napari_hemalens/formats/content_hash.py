"""Whether a file is still the one that a result was made from."""

import hashlib
import stat
from collections.abc import Iterable
from pathlib import Path

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.image_parts import split_part

_WHOLE = 256 << 20  # bytes up to which all of a file is read
_PIECE = 1 << 20
_PIECES = 64


def content_hash(paths: Iterable[Path]) -> str:
    """Return a hash of the content of files; of one over 256 MiB 64 pieces, and when it was changed.

    Of a folder, such as a zarr, it is that of the names of all files, their sizes, and when they were changed.

    Raises
    ------
    ImageError
        If one is a pipe or a device.
    """
    digest = hashlib.sha256()
    for name in paths:
        file, part = (name, None) if name.exists() else split_part(name)
        path = Path(file)
        digest.update(repr(part).encode() if part else b"")
        if path.is_dir():
            for file in sorted(each for each in path.rglob("*") if each.is_file()):
                digest.update(f"{file.relative_to(path)!r}{_stamp(file)}".encode("utf-8", "backslashreplace"))
        else:
            _add_file(digest, path)
    return digest.hexdigest()


def _add_file(digest: "hashlib._Hash", path: Path) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe waits for whoever writes into it, and a device has no end
        raise ImageError(f"{path} is no file.")
    size = status.st_size
    digest.update(f"file {size}".encode())
    with path.open("rb") as file:
        if size <= _WHOLE:
            digest.update(hashlib.file_digest(file, "sha256").digest())
            return
        digest.update(_stamp(path).encode())
        for i in range(_PIECES):
            file.seek((size - _PIECE) * i // (_PIECES - 1))
            digest.update(file.read(_PIECE))


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"
