"""Faults of files: images, label images and annotations that are damaged, odd or hostile."""

import json
import os
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import tifffile

from fault_trials import Outcome, Said, detect, fault, fields, hemalens, run_json, smear

_AT_ONCE_S = 3.0


def _only_others(said: Said, out: Path, bad: int, good: int) -> Outcome:
    """Judge a run over images of which some are bad: these fail in a sentence, the others are counted."""
    failed = [line for line in said.err.splitlines() if line.startswith(("not read", "not classified", "not done"))]
    names = run_json(out)
    count = len(names["images"])
    survived = said.is_plain and len(names["failed"]) == bad and count == good and len(failed) == bad
    first = failed[0] if failed else said.sentence
    return Outcome(f"{first.replace(str(out.parent) + '/', '')} The other {count} were done", survived)


def _beside_good(folder: Path, name: str, content: bytes) -> Outcome:
    fields(folder / "in", 2)
    (folder / "in" / name).write_bytes(content)
    return _only_others(detect(folder / "in", out=folder / "out"), folder / "out", bad=1, good=2)


def _png(width: int, height: int) -> bytes:
    """Return a PNG that says it is large, and holds nearly nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


_IMAGES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "an image of no bytes": ("a.png", lambda: b""),
    "an image cut short": ("a.png", lambda: iio.imwrite("<bytes>", smear()[:200, :200], extension=".png")[:3000]),
    "a text called `.tif`": ("a.tif", lambda: b"no image"),
    "a PNG that says it has 60,000 x 60,000 pixels": ("a.png", lambda: _png(60_000, 60_000)),
    "a TIFF whose list of images leads to itself": ("a.tif", lambda: b"II*\0\x08\0\0\0\0\0\x08\0\0\0"),
}
for _what, (_name, _content) in _IMAGES.items():
    fault("images", f"{_what} among good ones (`detect`)", "that image is named as failed, the rest is done")(
        lambda folder, name=_name, content=_content: _beside_good(folder, name, content())  # type: ignore[misc]
    )


@fault("images", "a named pipe and a link that leads to itself among images", "passed over or named; the rest is done")
def odd_files(folder: Path) -> Outcome:
    fields(folder / "in", 1)
    os.mkfifo(folder / "in" / "pipe.png")
    (folder / "in" / "loop.png").symlink_to("loop.png")
    said = detect(folder / "in", out=folder / "out")
    done = len(run_json(folder / "out")["images"])
    first = said.err.splitlines()[0] if said.err else ""
    return Outcome(f"{done} image done; {first}", done == 1 and said.is_plain)


@fault("images", "an image that is deleted while the run looks at another", "named as failed, the rest is done")
def deleted(folder: Path) -> Outcome:
    from unittest import mock  # noqa: PLC0415

    from napari_hemalens.workflows import batch  # noqa: PLC0415

    files, real = fields(folder / "in", 3), batch.write_record

    def write(*arguments: object, **options: object) -> None:
        files[1].unlink(missing_ok=True)
        real(*arguments, **options)  # type: ignore[arg-type]

    with mock.patch.object(batch, "write_record", write):
        said = detect(*files, out=folder / "out")
    return _only_others(said, folder / "out", bad=1, good=2)


@fault("images", "a constant float32 (-3.4e38) and a constant uint64 image among others", "zero cells, or a sentence")
def constant(folder: Path) -> Outcome:
    fields(folder / "in", 1)
    tifffile.imwrite(folder / "in" / "f.tif", np.full((200, 200), -3.4e38, np.float32))
    tifffile.imwrite(folder / "in" / "u.tif", np.full((200, 200), 2**64 - 1, np.uint64))
    iio.imwrite(folder / "in" / "purple.png", np.full((200, 200, 3), (120, 60, 120), np.uint8))
    said = detect(folder / "in", out=folder / "out")
    counts = {each["image"]: each["cells"] for each in run_json(folder / "out")["images"]} if said.code < 2 else {}
    numbers = [_number(counts.get(name)) for name in ("f.tif", "u.tif", "purple.png")]
    return Outcome(f"exit code {said.code}; {', '.join(map(str, numbers))} cells", numbers == [0, 0, 0])


def _number(cells: object) -> object:
    return sum(cells.values()) if isinstance(cells, dict) else len(cells) if isinstance(cells, list) else cells


@fault("images", "an image of 1 x 1 pixel; of 3 x 3, 1 x 40 and 12 x 12", "no cell")
def tiny(folder: Path) -> Outcome:
    (folder / "in").mkdir()
    for shape in ((1, 1), (3, 3), (1, 40), (12, 12)):
        iio.imwrite(folder / "in" / f"{shape[0]}x{shape[1]}.png", smear()[300:, 300:][: shape[0], : shape[1]])
    said = detect(folder / "in", out=folder / "out")
    cells = len((folder / "out" / "cells.csv").read_text("utf-8").splitlines()) - 1
    return Outcome(f"exit code {said.code}; {cells} cells", cells == 0 and said.code == 0)


@fault(
    "images", "an image of 12 x 12 pixels is the first of a run, before a whole field", "the field's count is the same"
)
def tiny_first(folder: Path) -> Outcome:
    from napari_hemalens.models import storage  # noqa: PLC0415

    (folder / "in").mkdir()
    iio.imwrite(folder / "in" / "b.png", smear()[:300, :300])
    detect(folder / "in", out=folder / "alone")
    iio.imwrite(folder / "in" / "a.png", smear()[:12, :12])
    storage._build_detector.cache_clear()  # as in a new process
    detect(folder / "in", out=folder / "out")
    rows = [(folder / out / "cells.csv").read_text("utf-8").splitlines()[1:] for out in ("alone", "out")]
    return Outcome(f"{len(rows[0])} cells alone, {len(rows[1])} behind it", sorted(rows[0]) == sorted(rows[1]))


@fault(
    "images",
    "a TIFF of three pages and an OME-TIFF of five axes, without and with `--frame`",
    "the option is named, and works",
)
def frames(folder: Path) -> Outcome:
    tifffile.imwrite(folder / "pages.tif", np.stack([smear()[:160, :160]] * 3), photometric="rgb")
    stack = np.broadcast_to(smear()[:160, :160], (2, 2, 160, 160, 3))
    tifffile.imwrite(folder / "five.ome.tif", stack, photometric="rgb", metadata={"axes": "TZYXS"})
    without = [detect(folder / name, out=folder / "a") for name in ("pages.tif", "five.ome.tif")]
    given = [
        detect(folder / "pages.tif", out=folder / "b", more=("--frame", "1")),
        detect(folder / "five.ome.tif", out=folder / "c", more=("--frame", "T=1,Z=0")),
    ]
    told = next((line for line in without[1].err.splitlines() if "--frame" in line), without[1].sentence)
    good = all("--frame" in said.err for said in without) and all(said.code == 0 for said in given)
    return Outcome(told.replace(f"{folder}/", ""), good)


@fault("label images", "a damaged label image, the second of three (`classify`)", "named as failed, the rest is done")
def labels(folder: Path) -> Outcome:
    files = fields(folder / "in", 3, side=200)
    (folder / "labels").mkdir()
    for number, file in enumerate(files):
        nuclei = np.zeros((200, 200), np.uint16)
        nuclei[60:120, 60:120] = 1
        tifffile.imwrite(folder / "labels" / f"{file.stem}.tif", nuclei, compression="zlib")
        if number == 1:
            path = folder / "labels" / f"{file.stem}.tif"
            path.write_bytes(path.read_bytes()[:200])
    more = ("--labels", str(folder / "labels"), "--out", folder / "out", "--device", "cpu", "--pixel-size", "0.15")
    return _only_others(hemalens("classify", folder / "in", *more), folder / "out", bad=1, good=2)


def _hostile(name: str, content: bytes, sentence: str = "") -> Callable[[Path], Outcome]:
    def attempt(folder: Path) -> Outcome:
        (folder / name).write_bytes(content)
        begin = time.perf_counter()
        said = hemalens("convert", folder / name, "--out", folder / "out", "--to", "csv")
        took = time.perf_counter() - begin
        words = said.sentence.replace(f"{folder}/", "")
        good = said.is_plain and took < _AT_ONCE_S and sentence in said.out + said.err and said.code in {0, 2}
        return Outcome(f"{words[:200]} ({took:.1f} s)", good)

    return attempt


def _coco(**annotation: object) -> bytes:
    cells = [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [5, 5, 20, 20]}]
    cells.append({"id": 2, "image_id": 1, "category_id": 1, "bbox": [50, 50, 20, 20]} | annotation)
    images = [{"id": 1, "file_name": "a.png", "width": 100, "height": 100}]
    categories = [{"id": 1, "name": "WBC"}]
    return json.dumps({"images": images, "categories": categories, "annotations": cells}).encode()


_XXE = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><annotation><filename>&e;</filename></annotation>'
_GROWING = b'<!ENTITY a "' + b"lol" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">'
_BOMB = b"<!DOCTYPE a [" + _GROWING + b"]><annotation>&b;</annotation>"
_ANNOTATIONS: dict[str, tuple[str, bytes, str]] = {
    "JSON nested 100,000 deep": ("a.json", b"[" * 100_000, ""),
    "JSON of a number with 100,000 digits": ("a.json", _coco(area=1).replace(b"1}]", b"9" * 100_000 + b"}]"), ""),
    "JSON in UTF-16, cut short": ("a.json", _coco().decode().encode("utf-16")[:99], ""),
    "XML of an encoding that nobody knows": ("a.xml", b'<?xml version="1.0" encoding="klingon"?><annotation/>', ""),
    "XML that wants a file of the machine (XXE)": ("a.xml", _XXE, ""),
    "XML whose entities grow to 3 MB": ("a.xml", _BOMB, ""),
    "a table with NUL bytes": ("cells.csv", b"image,class,x,y\0,w\0\n" * 50, ""),
    "COCO with a box of negative height": ("coco.json", _coco(bbox=[50, 50, 20, -20]), "corners in the wrong order"),
    "COCO with a box of NaN": ("coco.json", _coco(bbox=[50, 50, float("nan"), 20]), "no number"),
    "COCO with an annotation of no image": ("coco.json", _coco(image_id=7), "not listed"),
}
for _what, (_name, _content, _sentence) in _ANNOTATIONS.items():
    fault("annotations", f"{_what} (`convert`)", "a sentence, at once; the other cells")(
        _hostile(_name, _content, _sentence)  # type: ignore[arg-type]
    )


@fault("annotations", "YOLO's data.yaml nested 3,000 deep, with a date that is none", "a sentence, at once")
def yolo(folder: Path) -> Outcome:
    said, took = [], 0.0
    for number, text in enumerate(("names: " + "[" * 3000, "names: [WBC]\nmade: 2024-13-45 99:99:99\n")):
        (folder / f"{number}").mkdir()
        (folder / f"{number}" / "data.yaml").write_text(text)
        (folder / f"{number}" / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
        begin = time.perf_counter()
        said.append(hemalens("convert", folder / f"{number}", "--out", folder / "out", "--to", "csv"))
        took = max(took, time.perf_counter() - begin)
    words = " / ".join(each.sentence.replace(f"{folder}/", "")[:90] for each in said)
    return Outcome(f"{words} ({took:.1f} s)", all(each.is_plain for each in said) and took < _AT_ONCE_S)


@fault(
    "tiles", "tiles of 256 px against those of 640 px", "the same cells, but those whose score lies at the threshold"
)
def tiles(_: Path) -> Outcome:
    from napari_hemalens import detect as find  # noqa: PLC0415

    image = smear()[:700, :900]
    small, large = (find(image, pixel_size_um=0.15, tile=side) for side in (256, 640))
    threshold = min(float(small.scores.min()), float(large.scores.min()))
    unmatched = [*_without_partner(small, large), *_without_partner(large, small)]
    near = all(score < threshold + 0.15 for score in unmatched)
    scores = ", ".join(f"{score:.2f}" for score in unmatched) or "none"
    got = f"{len(small)} and {len(large)} cells; scores of cells in one alone: {scores} (threshold {threshold:.2f})"
    return Outcome(got, near and abs(len(small) - len(large)) <= 0.02 * len(large))


def _without_partner(some: object, others: object) -> list[float]:
    """Return the scores of cells that have no box within 8 pixels among others."""
    distance = np.linalg.norm(some.centres[:, None] - others.centres[None], axis=-1).min(axis=1)  # type: ignore[attr-defined]
    return [float(score) for score in some.scores[distance > 8]]  # type: ignore[attr-defined]
