"""Damage valid files at random, and see that every reader answers with a result or a sentence (`make fuzz`).

Whatever else a reader raises is printed with what to repeat it by. `python benchmarks/fuzz.py COUNT [SEED]`. Of 100,000
or more, benchmarks/fuzzed.json keeps the figures for the page of faults (`make faults`).
"""

import json
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from napari_hemalens.errors import HemaLensError
from napari_hemalens.formats import FORMATS, export, read_annotations
from napari_hemalens.formats.cell_table import read as read_cell_table
from napari_hemalens.formats.images import header_size
from napari_hemalens.formats.label_images import read_labels
from napari_hemalens.formats.results import read_results
from napari_hemalens.models.weights import model_card
from napari_hemalens.models.weights_folders import PACKED
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.slides.open import open_image

_WORDS = (b"", b"\0", b"-1", b"1e999", b"NaN", b"null", b"[]", b"{}", b'"', b"\xff\xfe", b"[" * 3000, b"9" * 400)
KEPT = Path(__file__).with_name("fuzzed.json")
_KEPT_FROM = 100_000
_PICTURES = ("png", "jpg", "bmp", "gif", "webp", "jp2")


@dataclass(frozen=True, slots=True)
class Target:
    """A reader, and a valid file of it."""

    name: str
    file: Path
    read: Callable[[Path], Any]


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Return a file with bytes changed, cut out, doubled, or words put in their place; or cut short."""
    data = bytearray(whole)
    for _ in range(int(rng.integers(1, 5))):
        start = int(rng.integers(0, len(data) + 1))
        end = min(len(data), start + int(rng.integers(1, 32)))
        match int(rng.integers(0, 5)):
            case 0:
                data[start:end] = rng.bytes(end - start)
            case 1:
                del data[start:end]
            case 2:
                data[start:start] = data[start:end]
            case 3:
                data[start:end] = _WORDS[int(rng.integers(0, len(_WORDS)))]
            case _:
                del data[start:]
    return bytes(data)


def targets(folder: Path) -> Iterator[Target]:
    """Write a valid file for each reader into a folder."""
    origin = Provenance(image="a.png", pixel_size_um=0.1)
    names = ("blast", "erythrocyte")
    boxes = [[1, 2, 9, 12], [4, 4, 20, 30]]
    cells = Detections.from_arrays(boxes, [0.9, 0.8], [0, 1], names=names, image_shape=(40, 50), provenance=origin)
    for name in FORMATS:
        export([cells], folder / name, [name])
        for file in sorted(path for path in (folder / name).rglob("*") if path.is_file()):
            root = folder / name / FORMATS[name].target
            yield Target(f"{name}: {file.name}", file, partial(_annotations, root, name))
    for name, file, text in _only_read(folder):
        file.write_text(text, encoding="utf-8")
        yield Target(name, file, partial(_annotations, file, name))
    rgb = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    for name, file in _pictures(folder, rgb):
        yield Target(name, file, _look)
    tiffs: dict[str, dict[str, Any]] = {
        "plain": {"photometric": "rgb"},
        "tiled": {"photometric": "rgb", "tile": (16, 16), "compression": "zlib"},
        "ome": {"photometric": "rgb", "ome": True, "metadata": {"axes": "YXS", "PhysicalSizeX": 0.1}},
    }
    for name, options in tiffs.items():
        tifffile.imwrite(folder / f"{name}.tif", rgb, **options)
        yield Target(f"tiff, {name}", folder / f"{name}.tif", _look)
    np.save(folder / "a.npy", rgb[..., 0])
    for name in ("a.npy", "plain.tif", "a.png"):
        yield Target(f"labels, {name}", folder / name, read_labels)
    (folder / "card.json").write_bytes(next(PACKED.glob("*.json")).read_bytes())
    yield Target("model card", folder / "card.json", model_card)
    table = "image,part,class,y0,x0,y1,x1\na.png,train,blast,1,2,9,12\n"
    (folder / "table.csv").write_text(table, encoding="utf-8")
    yield Target("table of cells", folder / "table.csv", read_cell_table)
    results = folder / "results"
    export([cells], results, ["csv"])
    (results / "run.json").write_text(json.dumps({"images": [{"image": "a.png", "path": "a.png"}]}), encoding="utf-8")
    for name in ("run.json", "cells.csv"):
        yield Target(f"results, {name}", results / name, lambda file: read_results(file.parent))


def _pictures(folder: Path, rgb: np.ndarray) -> Iterator[tuple[str, Path]]:
    """Write pictures that are read whole; yield name and file."""
    picture = Image.fromarray(rgb)
    for suffix in _PICTURES:
        picture.save(folder / f"a.{suffix}")
        yield suffix, folder / f"a.{suffix}"
    (folder / "deep.png").write_bytes(imagecodecs.png_encode(rgb.astype(np.uint16) * 16))
    yield "png, 12 bits in 16", folder / "deep.png"
    picture.save(folder / "moving.gif", save_all=True, append_images=[picture.rotate(90)])
    yield "gif of two pictures", folder / "moving.gif"


def _only_read(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield name, file and text of the formats that are read and not written."""
    shapes = (
        '<box label="a" xtl="1" ytl="2" xbr="9" ybr="12" rotation="30"/>'
        '<ellipse label="a" cx="9" cy="9" rx="3" ry="4"/>'
        '<polygon label="a" points="1,2;3,4;5,1"/><mask label="a" rle="1,2" left="1" top="2" width="3" height="4"/>'
    )
    image = f'<image id="0" name="a.png" width="50" height="40">{shapes}</image>'
    yield "cvat", folder / "cvat.xml", f"<annotations><version>1.1</version>{image}</annotations>"
    about = {"original_width": 50, "original_height": 40, "image_rotation": 0}
    values: dict[str, dict[str, Any]] = {
        "rectangle": {"x": 1, "y": 2, "width": 9, "height": 9, "rotation": 10},
        "ellipse": {"x": 1, "y": 2, "radiusX": 9, "radiusY": 9},
        "polygon": {"points": [[1, 2], [3, 4], [5, 1]]},
        "brush": {"format": "rle", "rle": [0, 0, 31, 64, 58, 222, 160, 255, 128]},
    }
    regions = [
        {**about, "type": f"{kind}labels", "value": {**value, f"{kind}labels": ["a"]}} for kind, value in values.items()
    ]
    tasks = [{"data": {"image": "a.png"}, "annotations": [{"result": regions}]}]
    yield "label_studio", folder / "label_studio.json", json.dumps(tasks)
    points = [[1, 2], [9, 12]]
    outlines = [{"label": "a", "points": points, "shape_type": kind} for kind in ("rectangle", "circle", "line")]
    labelme = {"shapes": outlines, "imagePath": "a.png", "imageHeight": 40, "imageWidth": 50}
    yield "labelme", folder / "labelme.json", json.dumps(labelme)
    boxes = [{"label": "a", "coordinates": {"x": 9, "y": 12, "width": 4, "height": 5}}]
    yield "create_ml", folder / "create_ml.json", json.dumps([{"image": "a.png", "annotations": boxes}])


def _annotations(root: Path, name: str, _: Path) -> None:
    read_annotations(root, format=name)


def _look(file: Path) -> None:
    header_size(file)
    with open_image(file, frame=(0,)) as slide:
        slide.read(0, 0, min(20, slide.shape[0]), min(20, slide.shape[1]))


def fuzz(folder: Path, count: int, seed: int) -> tuple[int, list[str]]:
    """Try damaged files in turn.

    Returns
    -------
    (int, list of str)
        How many were read nevertheless, and a line for each bare exception.
    """
    chosen = [(target, target.file.read_bytes()) for target in targets(folder)]
    read, bare = 0, []
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # says the same of each damaged file
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(count):
            target, whole = chosen[number % len(chosen)]
            target.file.write_bytes(damaged(whole, np.random.default_rng((seed, number))))
            try:
                target.read(target.file)
                read += 1
            except HemaLensError:
                pass  # the sentence that is asked for
            except Exception as error:  # noqa: BLE001 -- what is looked for
                bare.append(f"{target.name}, seed {seed}, number {number}: {type(error).__name__}: {error}"[:300])
            target.file.write_bytes(whole)
    return read, bare


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with tempfile.TemporaryDirectory() as folder:
        read, bare = fuzz(Path(folder), count, seed)
    refused = count - read - len(bare)
    print(f"{count:,} damaged files: {read:,} read, {refused:,} refused in a sentence, {len(bare):,} bare exceptions")
    print("\n".join(bare))
    if count >= _KEPT_FROM:
        figures = {"inputs": count, "seed": seed, "read": read, "refused": refused, "bare": len(bare)}
        KEPT.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    sys.exit(bool(bare))


if __name__ == "__main__":
    main()
