"""Files from a web server, bounded in size; no other scheme than http and https, also after a redirection."""

from http.client import HTTPException
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    UnknownHandler,
)

from napari_hemalens.errors import WeightsError
from napari_hemalens.progress import Progress, Steps

_SECONDS = 20.0  # without an answer
_CHUNK = 1 << 16
_KB = 1000


def download_steps(url: str, to: Path, *, most: int) -> Steps[None]:
    """Write what lies at an address to a file; yields kilobytes.

    Parameters
    ----------
    url : str
        Address: http or https.
    to : Path
        The file.
    most : int
        Bytes that it may have.

    Raises
    ------
    WeightsError
        If there is no connection, nothing there, more than it may be, or less than was announced.
    """
    name = url.split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
    try:
        with _opener().open(url, timeout=_SECONDS) as answer, to.open("wb") as file:
            announced = int(answer.headers.get("Content-Length") or 0)
            done = 0
            while done <= most >= announced and (chunk := answer.read(_CHUNK)):
                file.write(chunk)
                done += len(chunk)
                yield Progress(done // _KB, announced // _KB, f"kB of {name}")
    except (OSError, HTTPException, ValueError) as error:
        raise WeightsError(f"Cannot download {url}: {_reason(error)}.") from error
    if max(done, announced) > most:
        raise WeightsError(
            f"{url} is larger than what it should hold: {max(done, announced) / 1e6:.1f} MB or more, at most "
            f"{most / 1e6:.1f} MB are expected."
        )
    if done < announced:
        raise WeightsError(f"The download of {url} ended after {done:,} of {announced:,} bytes; try again.")


def _opener() -> OpenerDirector:
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPRedirectHandler(),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"the server answers {error.code} {error.reason}"
    if isinstance(error, URLError):
        return f"no connection, or no such address ({cast('Any', error.reason)})"
    return str(error) or type(error).__name__
