"""Files from a web server, bounded in size."""

from pathlib import Path

import requests

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
    done = announced = 0
    try:
        with requests.get(url, stream=True, timeout=_SECONDS) as answer, to.open("wb") as file:
            if not answer.ok:
                raise WeightsError(f"Cannot download {url}: the server answers {answer.status_code} {answer.reason}.")
            announced = int(answer.headers.get("Content-Length") or 0)
            chunks = answer.iter_content(_CHUNK)
            while done <= most >= announced and (chunk := next(chunks, b"")):
                done += file.write(chunk)
                yield Progress(done // _KB, announced // _KB, f"kB of {name}")
    except (requests.exceptions.ChunkedEncodingError, requests.ConnectionError, requests.Timeout) as error:
        if done:
            said = f"{done:,} of {announced:,}" if announced else f"{done:,}"
            raise WeightsError(f"The download of {url} ended after {said} bytes; try again.") from error
        raise WeightsError(f"Cannot download {url}: no connection, or no such address ({_reason(error)}).") from error
    except requests.exceptions.InvalidSchema as error:
        raise WeightsError(f"Cannot download {url}: only http and https are read ({error}).") from error
    except (requests.RequestException, OSError, ValueError) as error:
        raise WeightsError(f"Cannot download {url}: {str(error).rstrip('.')}.") from error
    if max(done, announced) > most:
        raise WeightsError(
            f"{url} is larger than what it should hold: {max(done, announced) / 1e6:.1f} MB or more, at most "
            f"{most / 1e6:.1f} MB are expected."
        )


def _reason(error: BaseException) -> str:
    """Return what the system said, without all that the libraries around it say again."""
    while (within := error.__cause__ or error.__context__) is not None:
        error = within
    return str(getattr(error, "strerror", None) or error).rstrip(".")
