"""Downloads that are kept by their hash, in pooch's cache: what was fetched once is not fetched again."""

import logging
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pooch

from napari_hemalens.errors import WeightsError
from napari_hemalens.models.weights_folders import CACHE_VARIABLE
from napari_hemalens.progress import Steps

_DIGITS = re.compile(r"[0-9a-f]{32,64}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a server, and what must be in it.

    Attributes
    ----------
    name : str
        What it is called.
    url : str
        Its address.
    known_hash : str
        `sha256:` or `md5:` and the digits.
    size : int
        Bytes; 0 where the server has not said.
    """

    name: str
    url: str
    known_hash: str
    size: int = 0


def cached_steps(file: RemoteFile, download: Callable[[Path], Steps[None]]) -> Steps[Path]:
    """Return where a file lies in the cache, downloaded where it is not there, or is another.

    Nothing is kept of a download that was stopped, failed, or brought another file.

    Parameters
    ----------
    file : RemoteFile
        The file.
    download : callable
        Writes it to the path that it is given; yields on the way.

    Raises
    ------
    WeightsError
        If what came is another file, or cannot be kept.
    """
    digits = file.known_hash.partition(":")[2]
    if not _DIGITS.fullmatch(digits):
        raise WeightsError(f"{file.url} is not fetched: {digits!r}, which is said to be its hash, is none.")
    name = f"weights/{digits[:16]}-{Path(file.name).name}"
    cache = pooch.create(
        path=pooch.os_cache("napari-hemalens"),
        base_url="",
        registry={name: file.known_hash},
        urls={name: file.url},
        env=CACHE_VARIABLE,
    )
    pooch.get_logger().setLevel(logging.WARNING)  # the steps say where they are
    kept = Path(cache.abspath) / name
    try:
        if kept.is_file() and _hash_of(kept, file.known_hash) == digits:
            return kept
        kept.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".fetching-", dir=kept.parent) as temporary:
            part = Path(temporary) / "part"
            yield from download(part)
            check_hash(part, file.known_hash, called=file.url)
            return Path(cache.fetch(name, downloader=lambda _url, to, _cache: shutil.move(part, to)))
    except OSError as error:
        raise WeightsError(f"{file.name} cannot be kept in {kept.parent}: {error}.") from error


def check_hash(file: Path, known_hash: str, *, called: str | Path) -> None:
    """Refuse a file whose hash is not the one expected; `called` is where it came from.

    Raises
    ------
    WeightsError
        If it is another file.
    """
    algorithm, _, digits = known_hash.partition(":")
    found = _hash_of(file, known_hash)
    if found != digits:
        raise WeightsError(
            f"{called} is damaged or was exchanged: its {algorithm} is {found[:12]}…, not {digits[:12]}…."
        )


def _hash_of(file: Path, known_hash: str) -> str:
    return str(pooch.file_hash(str(file), alg=known_hash.partition(":")[0]))
