"""What is known of image files that were read before, so that a second start reads none of them."""

import json
from pathlib import Path

from napari_hemalens.atomic import writing
from napari_hemalens.records.taught_cells import TaughtImage

FILE = "images.json"


class KnownImages:
    """Image files by path, size and time of change. A file that cannot be read is begun again: it is a cache.

    Parameters
    ----------
    folder : Path
        Where `images.json` is kept; None: in memory only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = None if folder is None else folder / FILE
        self._found: dict[str, TaughtImage] = {}
        self._saved = 0
        if self._file is not None and self._file.is_file():
            self._found = _read(self._file)
            self._saved = len(self._found)

    def get(self, path: Path) -> TaughtImage | None:
        """Return what is known of a file that has not changed since; None: nothing."""
        key = _key(path)
        return None if key is None else self._found.get(key)

    def put(self, path: Path, image: TaughtImage) -> None:
        """Keep what was read of a file; folders, such as those of zarr, are not kept."""
        key = _key(path)
        if key is not None:
            self._found[key] = image

    def save(self) -> None:
        """Write the file, if anything was added."""
        if self._file is None or len(self._found) == self._saved:
            return
        plain = {key: [i.name, i.fingerprint, *i.shape, i.pixel_size_um] for key, i in self._found.items()}
        with writing(self._file) as temporary:
            temporary.write_text(json.dumps(plain), encoding="utf-8")
        self._saved = len(self._found)


def _read(file: Path) -> dict[str, TaughtImage]:
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        return {
            key: TaughtImage(str(name), str(print_), (int(h), int(w)), None if size is None else float(size))
            for key, (name, print_, h, w, size) in plain.items()
        }
    except (ValueError, TypeError, AttributeError):  # damaged: all of it can be read from the images again
        return {}


def _key(path: Path) -> str | None:
    if not path.is_file():
        return None
    stat = path.stat()
    return f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
