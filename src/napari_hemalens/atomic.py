"""Files appear whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows knows no quota


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary file that becomes `path` once the block ends without an error.

    Folders that are missing are made. After an error, `path` is what it was before.

    Raises
    ------
    OSError
        If `path` cannot be written; it is named, not the temporary file.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=target.suffix)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        # A full disk names no file, or the one that was copied; a folder in the way names the temporary file.
        if error.errno in _FULL or error.filename == str(temporary):
            raise OSError(error.errno, error.strerror, str(target)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)
