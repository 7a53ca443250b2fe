"""Faults of weights, trainings and processes."""

import json
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from unittest import mock

import torch

from fault_trials import Outcome, detect, fault, fields, has_fork, hemalens, script
from napari_hemalens.config.presets import DETECTION, training_recipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.models import weights, weights_folders
from napari_hemalens.progress import finish

_NAME = "leukocyte-types"


def _copied(folder: Path, name: str = _NAME) -> Path:
    """Copy packed weights; return the model card."""
    for suffix in (".json", ".safetensors"):
        shutil.copyfile(weights.PACKED / f"{name}{suffix}", folder / f"{name}{suffix}")
    return folder / f"{name}.json"


def _changed(card: Path, **values: object) -> Path:
    said = json.loads(card.read_text("utf-8"))
    card.write_text(json.dumps(said | values), encoding="utf-8")
    return card


def _refused(card: Path, *, command: str = "verify", sentence: str = "") -> Outcome:
    said = hemalens("weights", command, card)
    return Outcome(
        said.sentence.replace(f"{card.parent}/", ""), said.code == 2 and said.is_plain and sentence in said.err
    )


@fault(
    "weights",
    "the classes of a card in reverse order; another pixel size; a deviation of 0",
    "refused by the card's hash",
)
def altered(folder: Path) -> Outcome:
    classes = json.loads(_copied(folder).read_text("utf-8"))["classes"]
    changes = ({"classes": classes[::-1]}, {"temperature": 9.0}, {"description": "Other"})
    outcomes = [_refused(_changed(_copied(folder), **change), sentence="altered") for change in changes]
    return Outcome(outcomes[0].got, all(each.survived for each in outcomes))


@fault("weights", "the card of packed weights is altered, or its hash is taken out", "`verify` and every use say so")
def altered_packed(folder: Path) -> Outcome:
    card, said = _copied(folder), json.loads((weights.PACKED / f"{_NAME}.json").read_text("utf-8"))
    outcomes = []
    with mock.patch.object(weights_folders, "PACKED", folder):
        for each in (said | {"classes": said["classes"][::-1]}, {k: v for k, v in said.items() if k != "card_sha256"}):
            card.write_text(json.dumps(each), encoding="utf-8")
            outcomes.append(hemalens("weights", "verify", _NAME))
    good = all(each.code == 2 and each.is_plain for each in outcomes)
    return Outcome(" / ".join(each.sentence.replace(f"{folder}/", "") for each in outcomes), good)


@fault("weights", "weights that add to themselves", "a sentence, at once")
def own_base(folder: Path) -> Outcome:
    card = _copied(folder, "marrow-attention")
    said = json.loads(card.read_text("utf-8")) | {"base": str(card.with_suffix(".safetensors"))}
    said.pop("card_sha256")
    card.write_text(json.dumps(said), encoding="utf-8")
    hemalens("weights", "seal", card)
    fields(folder / "in", 1)
    done = detect(folder / "in", out=folder / "out", more=("--weights", str(card)))
    return Outcome(done.sentence, done.code == 2 and done.is_plain)


@fault("weights", "a card that is not UTF-8; one nested 100,000 deep", "a sentence")
def not_text(folder: Path) -> Outcome:
    card = folder / "a.json"
    outcomes = []
    for content in (b'{"name": "\xff\xfe"}', b"[" * 100_000):
        card.write_bytes(content)
        outcomes.append(_refused(card))
    return Outcome(outcomes[0].got, all(each.survived for each in outcomes))


@fault("weights", "the hash rewritten over broken tensors (`weights add`)", "a sentence; nothing installed")
def broken_tensors(folder: Path) -> Outcome:
    card = _copied(folder)
    tensors = card.with_suffix(".safetensors")
    tensors.write_bytes(tensors.read_bytes()[:5000])
    _changed(card, sha256=weights.sha256(tensors))
    hemalens("weights", "seal", card)
    _changed(card, name="mine")
    for suffix in (".json", ".safetensors"):
        card.with_suffix(suffix).rename(folder / f"mine{suffix}")
    hemalens("weights", "seal", folder / "mine.json")
    with mock.patch.dict(os.environ, {"HEMALENS_WEIGHTS": str(folder / "installed")}):
        outcome = _refused(folder / "mine.json", command="add")
        installed = list((folder / "installed").glob("*.json"))
    return Outcome(outcome.got, outcome.survived and not installed)


class _Endless(BaseHTTPRequestHandler):
    """A model card, and tensors that do not end."""

    folder = Path()
    sent = 0

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        name = self.path.rsplit("/", 1)[-1]
        self.wfile.write((self.folder / name).read_bytes())
        try:
            while name.endswith(".safetensors") and _Endless.sent < 400_000_000:
                _Endless.sent += self.wfile.write(bytes(1 << 16))
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@fault("weights", "a download of weights whose body does not end", "stopped at the size that they should have")
def endless(folder: Path) -> Outcome:
    card = _changed(_copied(folder), name="mine")
    for suffix in (".json", ".safetensors"):
        card.with_suffix(suffix).rename(folder / f"mine{suffix}")
    hemalens("weights", "seal", folder / "mine.json")
    _Endless.folder = folder
    with ThreadingHTTPServer(("127.0.0.1", 0), _Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with mock.patch.dict(os.environ, {"HEMALENS_WEIGHTS": str(folder / "installed")}):
            said = hemalens("weights", "add", f"http://127.0.0.1:{server.server_address[1]}/mine.json")
        server.shutdown()
    good = said.code == 2 and said.is_plain and _Endless.sent < 20_000_000
    return Outcome(f"{said.sentence} ({_Endless.sent / 1e6:.0f} MB beyond it were sent)", good)


class _Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@fault("trainings", "a `last.ckpt` that runs a command when it is unpickled", "refused, not run")
def hostile_checkpoint(folder: Path) -> Outcome:
    from napari_hemalens.training.fit import CHECKPOINT, fit_steps  # noqa: PLC0415

    with (folder / CHECKPOINT).open("wb") as file:
        torch.save({"network": _Payload(folder / "ran")}, file)
    recipe = training_recipe("fine-tune", ["batch=1", "accelerator=cpu"], presets=DETECTION)
    network = torch.nn.Conv2d(3, 1, 1)
    try:
        finish(fit_steps(network, [0, 1, 2], recipe, folder, normalised=torch.Tensor.float))  # type: ignore[arg-type]
        said = "loaded"
    except HemaLensError as error:
        said = str(error)
    good = not (folder / "ran").exists() and "begin anew" in said
    return Outcome(f"{said} (lightning {metadata.version('lightning')})", good)


@fault("trainings", "a training run gone on with in its folder on other data", "refused; its folder stays")
def other_data(folder: Path) -> Outcome:
    from napari_hemalens.training.detection import read_data  # noqa: PLC0415
    from napari_hemalens.training.run_folder import keep_recipe  # noqa: PLC0415

    recipe = training_recipe("fine-tune", presets=DETECTION)
    for name, width in (("one", 20), ("two", 21)):
        for part in ("train", "val"):
            (folder / name / part).mkdir(parents=True)
            image = {"id": 1, "file_name": "a.png", "width": 100, "height": 100}
            box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [5, 5, width, 20]}
            coco = {"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "blast"}]}
            (folder / name / part / "coco.json").write_text(json.dumps(coco))
    keep_recipe(recipe, folder / "run", read_data([folder / "one"], 0.1).sha256)
    keep_recipe(recipe, folder / "run", read_data([folder / "one"], 0.1).sha256)
    try:
        keep_recipe(recipe, folder / "run", read_data([folder / "two"], 0.1).sha256)
    except HemaLensError as error:
        return Outcome(str(error).replace(f"{folder}/", ""), True)
    return Outcome("goes on silently", False)


_FIND = """
import numpy as np, sys, os
from napari_hemalens import detect
image = np.random.default_rng(0).integers(100, 255, (200, 200, 3), np.uint8)
def cells(_=0): return len(detect(image, pixel_size_um=0.15, device="cpu"))
"""


@fault("processes", "`os.fork` after a detection, and a detection in the child, with two threads", "works")
def fork(_: Path) -> Outcome:
    if not has_fork():
        return Outcome("this system knows no fork", True)
    child = "import torch\ntorch.set_num_threads(2)\nfirst = cells()\npid = os.fork()\n"
    child += "if pid == 0: os._exit(cells() != first)\n"
    said = script(f"{_FIND}{child}print('child ends with', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))")
    return Outcome(said.sentence or f"exit code {said.code}", said.out.strip() == "child ends with 0")


@fault("processes", "two threads that detect at once", "the same cells")
def threads(_: Path) -> Outcome:
    pool = "from concurrent.futures import ThreadPoolExecutor as Pool\n"
    said = script(f"{_FIND}{pool}with Pool(2) as pool: print(len(set(pool.map(cells, range(4)))), 'count')")
    return Outcome(said.sentence, said.out.strip() == "1 count")


_EARLY = """
import os, signal, sys
from napari_hemalens import cli
from napari_hemalens.models import weights
weights.known = lambda *_: os.kill(os.getpid(), signal.SIGTERM) or signal.pause()
sys.argv = ["hemalens", "weights", "list"]
cli.main()
"""


@fault("processes", "SIGTERM to `weights list`, before any run", "ends at once")
def sigterm_early(_: Path) -> Outcome:
    said = script(_EARLY)
    return Outcome(f"{said.sentence} (exit code {said.code})", said.code == 143 and said.is_plain)
