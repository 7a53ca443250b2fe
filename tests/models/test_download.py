"""Downloads are bounded, and what goes wrong is one sentence; the server is this machine."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import download
from napari_hemalens.models.download import download_steps
from napari_hemalens.progress import finish

BODY = bytes(200_000)


class Answers(BaseHTTPRequestHandler):
    """/whole, /unannounced, /short (ends early), /stuck, /quiet, /round, /away (to a file of the machine); else 404."""

    def do_GET(self) -> None:
        known = {"/away": 302, "/round": 302, "/whole": 200, "/short": 200, "/stuck": 200, "/unannounced": 200}
        status = known.get(self.path, 404)
        if self.path == "/quiet":
            time.sleep(1)
        self.send_response(status)
        if self.path == "/away":
            self.send_header("Location", "file:///etc/hostname")
        elif self.path == "/round":
            self.send_header("Location", "/round")
        elif self.path != "/unannounced":
            self.send_header("Content-Length", str(len(BODY) * (1 if self.path == "/whole" else 2)))
        self.end_headers()
        if status == 200:
            self.wfile.write(BODY)
        if self.path == "/stuck":
            time.sleep(1)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("what", ["whole", "unannounced"])
def test_a_file_is_written_and_its_kilobytes_are_told(server: str, what: str, tmp_path: Path) -> None:
    told = list(download_steps(f"{server}/{what}", tmp_path / "a", most=len(BODY)))
    assert (tmp_path / "a").read_bytes() == BODY
    assert told[-1].done == 200
    assert told[-1].total == (200 if what == "whole" else 0)


@pytest.mark.parametrize("what", ["whole", "unannounced"])
def test_no_more_is_read_than_expected(server: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is larger than what it should hold"):
        finish(download_steps(f"{server}/{what}", tmp_path / "a", most=100_000))
    assert (tmp_path / "a").stat().st_size <= 100_000 + (1 << 16)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("short", "ended after [\\d,]+ of 400,000 bytes"),
        ("missing", "the server answers 404 Not Found"),
        ("away", "only http and https are read .*file:///"),
        ("round", "Exceeded 30 redirects\\.$"),
        ("quiet", "no connection, or no such address \\(timed out\\)\\.$"),
        ("stuck", "ended after [1-9][\\d,]+ of 400,000 bytes; try again"),
    ],
)
def test_what_the_server_does_wrong_is_said(
    server: str, what: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_SECONDS", 0.5)
    with pytest.raises(WeightsError, match=said):
        finish(download_steps(f"{server}/{what}", tmp_path / "a", most=1_000_000))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9/a.json", r"no connection, or no such address \([^()]*\)\.$"),
        ("http://nowhere.invalid/a.json", r"no connection, or no such address \([^()]*\)\.$"),
        ("ftp://127.0.0.1/a.json", "only http and https are read"),
        ("file:///etc/hostname", "only http and https are read"),
    ],
)
def test_without_a_server_the_address_is_named_and_what_is_wrong(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"^Cannot download {url}: {said}") as caught:
        finish(download_steps(url, tmp_path / "a", most=1_000_000))
    assert "HTTPConnection" not in str(caught.value)  # what the system says is enough
