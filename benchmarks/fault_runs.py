"""Faults of runs over many images: names, folders, signals, disks."""

import errno
import json
import os
import resource
import shutil
import signal
from pathlib import Path
from unittest import mock

import imageio.v3 as iio
import numpy as np
import tifffile

from fault_trials import (
    Outcome,
    Said,
    detect,
    ended,
    fault,
    fields,
    hemalens,
    name_of,
    run_json,
    smear,
    start,
    stop_after_first,
)
from napari_hemalens.workflows.results_folder import ResultsFolder, RunIdentity, hold_folder

_IMAGES = 5
_OPTIONS = ("--pixel-size", "0.15", "--device", "cpu")
_ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGKILL: -9}


@fault("names", "`detect` on a folder in which a file's name is Latin-1", "tables; the name written with escapes")
def latin_1(folder: Path) -> Outcome:
    (file,) = fields(folder / "in", 1)
    file.rename(os.fsdecode(os.fsencode(folder / "in") + b"/bl\xe4t.png"))
    said = detect(folder / "in", out=folder / "out")
    table = (folder / "out" / "counts.csv").read_text(encoding="utf-8")
    return Outcome(f"exit code {said.code}; counts.csv names {table.splitlines()[1].split(',')[0]!r}", "bl\\" in table)


@fault("names", "files called `=1+1.png` and `-2.png`, and `@x.png`", "escaped in tables, and read back as they were")
def formulas(folder: Path) -> Outcome:
    for file, name in zip(fields(folder / "in", 3), ("=1+1.png", "-2.png", "@x.png"), strict=True):
        file.rename(file.with_name(name))
    said = detect(folder / "in", out=folder / "out")
    names = [line.split(",")[0] for line in (folder / "out" / "counts.csv").read_text("utf-8").splitlines()[1:]]
    converted = hemalens("convert", folder / "out" / "cells.csv", "--out", folder / "again", "--to", "coco")
    back = {each["file_name"] for each in json.loads((folder / "again" / "coco.json").read_text("utf-8"))["images"]}
    found = {Path(name).name for name in back}
    good = all(name.startswith("'") for name in names) and {"=1+1.png", "-2.png", "@x.png"} >= found > set()
    got = f"{', '.join(sorted(set(names)))}; read back as {', '.join(sorted(found))}"
    return Outcome(got, good and not (said.code or converted.code))


@fault("names", "two images of one name in two folders, and `a.png` beside `a.tif`", "tables and pictures of all")
def same_names(folder: Path) -> Outcome:
    for place in ("1", "2"):
        fields(folder / "in" / place, 1)
    whole = smear()[:160, :160]
    iio.imwrite(folder / "in" / "1" / "field00.tif", whole)
    said = detect(folder / "in" / "1", folder / "in" / "2", out=folder / "out")
    pictures = len(list((folder / "out").rglob("*.overlay.png")))
    return Outcome(f"exit code {said.code}, {pictures} pictures of 3 images", said.code == 0 and pictures == 3)


@fault("folders", "`detect DIR --out DIR`, where DIR holds one's own coco.json", "refused; nothing is replaced")
def own_folder(folder: Path) -> Outcome:
    fields(folder / "in", 1)
    (folder / "in" / "coco.json").write_text("mine")
    said = detect(folder / "in", out=folder / "in")
    return Outcome(said.sentence, said.code == 2 and (folder / "in" / "coco.json").read_text() == "mine")


@fault("folders", "`--out` holds a file of one's own that the run would write", "refused; the file stays")
def own_file(folder: Path) -> Outcome:
    fields(folder / "in", 1)
    (folder / "out").mkdir()
    (folder / "out" / "cells.csv").write_text("mine")
    said = detect(folder / "in", out=folder / "out")
    return Outcome(said.sentence, said.code == 2 and (folder / "out" / "cells.csv").read_text() == "mine")


@fault("folders", "`--out` is a file", "one sentence before the first image")
def out_is_a_file(folder: Path) -> Outcome:
    fields(folder / "in", 1)
    (folder / "out").write_text("a file")
    said = detect(folder / "in", out=folder / "out")
    return Outcome(said.sentence, said.code == 2 and said.is_plain)


@fault("folders", "`--out` where nothing can be written (in /proc)", "one sentence before the first image")
def out_read_only(folder: Path) -> Outcome:
    fields(folder / "in", 1)
    said = detect(folder / "in", out=Path("/proc/hemalens"))
    return Outcome(said.sentence, said.code == 2 and said.is_plain and "records" not in said.out)


@fault("folders", "`--out` with a name of 250 letters, and one of 300", "results there; one sentence")
def long_out(folder: Path) -> Outcome:
    fields(folder / "in", 1)
    first, second = (detect(folder / "in", out=folder / ("o" * letters)) for letters in (250, 300))
    got = f"exit code {first.code}; {second.sentence[:60]}… {second.sentence[-40:]}"
    return Outcome(got, (first.code, second.code) == (0, 2) and second.is_plain)


@fault("folders", "an image with a name of 250 letters", "its cells in the tables, its picture under a shorter name")
def long_image(folder: Path) -> Outcome:
    (file,) = fields(folder / "in", 1)
    file.rename(file.with_name("n" * 250 + ".png"))
    said = detect(folder / "in", out=folder / "out")
    picture = next((folder / "out").glob("*.overlay.png"), None)
    letters = len(picture.name) if picture else 0
    return Outcome(f"exit code {said.code}; a picture with a name of {letters} letters", said.code == 0 < letters)


@fault("folders", "a second run into a folder that another run holds", "refused in a sentence")
def two_runs(folder: Path) -> Outcome:
    fields(folder / "in", 1)
    with hold_folder(ResultsFolder(folder / "out"), RunIdentity("detect", {}, {})):
        said = detect(folder / "in", out=folder / "out")
    return Outcome(said.sentence, said.code == 2 and said.is_plain)


@fault("folders", "older results of other options in `--out`; then `--replace`", "named and kept; replaced whole")
def older_results(folder: Path) -> Outcome:
    fields(folder / "in", 2)
    detect(folder / "in", out=folder / "out")
    before = (folder / "out" / "cells.csv").read_bytes()
    refused = detect(folder / "in" / "field00.png", out=folder / "out", more=("--score-threshold", "0.9"))
    kept = (folder / "out" / "cells.csv").read_bytes() == before
    replaced = detect(folder / "in" / "field00.png", out=folder / "out", more=("--score-threshold", "0.9", "--replace"))
    pictures = sorted(path.name for path in (folder / "out").glob("*.overlay.png"))
    good = refused.code == 2 and kept and replaced.code == 0 and pictures == ["field00.overlay.png"]
    return Outcome(f"{refused.sentence} With --replace: {len(pictures)} picture of 1 image", good)


def _written(out: Path) -> dict[str, bytes]:
    """Return the files of a run: tables with what they hold, of others that they are there."""
    files = (path for path in out.rglob("*") if path.is_file() and "records" not in path.parts)
    return {path.relative_to(out).as_posix(): path.read_bytes() if path.suffix == ".csv" else b"" for path in files}


def _stopped(command: tuple[str, ...], folder: Path, signum: int) -> Outcome:
    """Stop a run after its first image by a signal, go on, and compare the tables with those of a run in one go."""
    files, out = fields(folder / "in", _IMAGES), folder / "out"
    stopped = stop_after_first(start(command[0], *files, "--out", out, *command[1:]), out, signum)
    complete = run_json(out).get("complete") if (out / "run.json").exists() else None
    again = hemalens(command[0], *files, "--out", out, *command[1:])
    hemalens(command[0], *files, "--out", folder / "whole", *command[1:])
    same = _written(out) == _written(folder / "whole")
    kept = [line for line in again.out.splitlines() if "done before" in line]
    told = signum == signal.SIGKILL or (complete is False and stopped.is_plain)
    got = stopped.sentence if signum != signal.SIGKILL else "killed"
    number = kept[0].rpartition(":")[2].strip() if kept else "0"
    good = stopped.code == _ENDS[signal.Signals(signum)] and same and bool(kept) and told
    files_are = "as" if same else "not as"
    return Outcome(
        f"{got} Again: {number} of {_IMAGES} images were done before; files {files_are} of a run in one go", good
    )


for _signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
    fault(
        "stops",
        f"{name_of(_signum)} after an image of {_IMAGES} (`detect`), and the same command again",
        "what was found stays; the rest is done; the same tables",
    )(lambda folder, signum=_signum: _stopped(("detect", *_OPTIONS), folder, signum))  # type: ignore[misc]
_OTHERS = {
    ("classify", "--task", "leukocyte", *_OPTIONS): signal.SIGTERM,
    ("explain", "--task", "leukocyte", *_OPTIONS): signal.SIGKILL,
    ("segment", "--pixel-size", "0.15"): signal.SIGHUP,
}
for _command, _signum in _OTHERS.items():
    fault(
        "stops",
        f"{name_of(_signum)} after an image of {_IMAGES} (`{_command[0]}`), and the same command again",
        "what was found stays; the rest is done; the same tables",
    )(lambda folder, command=_command, signum=_signum: _stopped(command, folder, signum))  # type: ignore[misc]


@fault("stops", "a record of an image is cut short, another is emptied, before the same command", "found again, unsaid")
def damaged_records(folder: Path) -> Outcome:
    files = fields(folder / "in", 3)
    detect(*files, out=folder / "out")
    before = (folder / "out" / "cells.csv").read_bytes()
    first, second = sorted((folder / "out" / "records").glob("*.npz"))[:2]
    first.write_bytes(first.read_bytes()[:500])
    second.write_bytes(b"")
    said = detect(*files, out=folder / "out")
    same = (folder / "out" / "cells.csv").read_bytes() == before
    return Outcome(f"exit code {said.code}; {said.out.splitlines()[0]}", same and said.code == 0)


@fault("disks", "no file may grow beyond 24 KiB (RLIMIT_FSIZE)", "one sentence an image; no file is half written")
def no_room_in_files(folder: Path) -> Outcome:
    files = fields(folder / "in", 2)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (24576, 24576))"
    said = ended(start("detect", *files, "--out", folder / "out", *_OPTIONS, before=limit))
    whole = [path for path in (folder / "out").rglob("*.png") if _opens(path)]
    half = len(list((folder / "out").rglob("*.png"))) - len(whole)
    lines = [line for line in said.err.splitlines() if "no picture" in line]
    return Outcome(lines[0] if lines else said.sentence, said.is_plain and half == 0 and said.code in {1, 2})


def _opens(path: Path) -> bool:
    try:
        iio.imread(path)
    except Exception:  # noqa: BLE001 -- whatever a decoder says
        return False
    return True


@fault("disks", "the disk is full before the first image (a fake `disk_usage`)", "one sentence before the first image")
def disk_full(folder: Path) -> Outcome:
    fields(folder / "in", 1)
    with mock.patch.object(shutil, "disk_usage", return_value=shutil._ntuple_diskusage(1 << 40, 1 << 40, 1000)):
        said = detect(folder / "in", out=folder / "out")
    return Outcome(said.sentence, said.code == 2 and said.is_plain)


@fault("disks", "the disk fills up after the first image (a fake ENOSPC)", "a sentence; the same command goes on")
def disk_fills_up(folder: Path) -> Outcome:
    from napari_hemalens.workflows import batch  # noqa: PLC0415

    files, real, count = fields(folder / "in", 3), batch.write_record, [0]

    def write(*arguments: object, **options: object) -> None:
        count[0] += 1
        if count[0] == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(*arguments, **options)  # type: ignore[arg-type]

    with mock.patch.object(batch, "write_record", write):
        said = detect(*files, out=folder / "out")
    again = detect(*files, out=folder / "out")
    return Outcome(said.sentence, said.code == 2 and said.is_plain and again.code == 0 and "done before" in again.out)


@fault("pictures", "a picture that cannot be drawn", "all tables; that picture is named")
def no_picture(folder: Path) -> Outcome:
    from napari_hemalens.workflows import detect_files  # noqa: PLC0415

    files = fields(folder / "in", 2)
    with mock.patch.object(detect_files, "overlay", side_effect=MemoryError()):
        said = detect(*files, out=folder / "out")
    tables = (folder / "out" / "cells.csv").exists()
    told = next((line for line in said.err.splitlines() if line.startswith("no picture")), said.sentence)
    return Outcome(told, said.code == 1 and tables and said.is_plain)


def large_tiff(path: Path, side: int = 60_000, tile: int = 1000) -> None:
    """Write a tiled TIFF without pyramid: glass, and a smear in its corner; every tile was compressed once."""
    from imagecodecs import zlib_encode  # noqa: PLC0415

    glass = zlib_encode(np.full((tile, tile, 3), (228, 218, 224), np.uint8).tobytes())
    cells = zlib_encode(np.ascontiguousarray(smear()[:tile, :tile]).tobytes())
    across = side // tile
    tiles = (cells if (i // across < 2 and i % across < 2) else glass for i in range(across**2))
    tifffile.imwrite(
        path,
        tiles,
        shape=(side, side, 3),
        dtype=np.uint8,
        tile=(tile // 16 * 16, tile // 16 * 16),
        photometric="rgb",
        compression="zlib",
        bigtiff=True,
    )


def _large(folder: Path) -> Said:
    large_tiff(folder / "large.tif", tile=1008, side=1008 * 60)
    return ended(start("detect", folder / "large.tif", "--out", folder / "out", *_OPTIONS))


@fault("pictures", "a tiled TIFF of 60,480 x 60,480 pixels without a pyramid", "cells and picture within 3 GiB")
def large_image(folder: Path) -> Outcome:
    said = _large(folder)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20  # GiB
    cells = len((folder / "out" / "cells.csv").read_text("utf-8").splitlines()) - 1
    good = said.code == 0 and (folder / "out" / "large.overlay.png").exists() and peak < 3 and cells > 0
    return Outcome(f"{cells:,} cells and a picture in {peak:.1f} GiB at most", good)
