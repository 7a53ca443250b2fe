"""A web server of this machine that has the files of a folder, and shows them as record 7 of Zenodo, too."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RECORD, NEWEST, RESTRICTED = "10.5281/zenodo.7", "10.5281/zenodo.6", "10.5281/zenodo.5"


class Weights(SimpleHTTPRequestHandler):
    """/FILE; and as Zenodo: /api/records/7, its files under .../7/files/FILE/content, /api/records/6 leads to it."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        content = self.path.startswith("/api/records/7/files/") and self.path.endswith("/content")
        if content:
            self.path = f"/{self.path.split('/')[-2]}"
        known = {"/api/records/7": self._record, "/api/records/6": self._moved, "/api/records/5": self._restricted}
        known.get(self.path, super().do_GET)()

    def _record(self) -> None:
        host = "http://{}:{}".format(*self.server.server_address[:2])
        files = [
            {
                "id": f"{number:08}",
                "key": file.name,
                "size": file.stat().st_size,
                "checksum": f"md5:{hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()}",
                "links": {"self": f"{host}/api/records/7/files/{file.name}/content"},
            }
            for number, file in enumerate(sorted(each for each in Path(self.directory).iterdir() if each.is_file()))
        ]
        about = {"title": "Weights", "license": {"id": "cc-by-4.0"}, "access_right": "open"}
        self._say({"id": 7, "doi": RECORD, "conceptdoi": NEWEST, "metadata": about, "files": files})

    def _restricted(self) -> None:
        self._say({"id": 5, "doi": RESTRICTED, "metadata": {"access_right": "restricted"}, "files": []})

    def _moved(self) -> None:
        self.send_response(301)
        self.send_header("Location", "/api/records/7")
        self.end_headers()

    def _say(self, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """What was asked for, and where it is."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(Weights, directory=str(folder)))
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    with Server(folder) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()
