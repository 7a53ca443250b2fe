"""Write docs/results/marrow_histology.md of nuclei in tissue that have been learned and measured.

    python docs/make_histology_results.py RUN DATA

RUN is the folder of `hemalens train detection --recipe histology`, with what `hemalens evaluate points` says of its
weights in RUN/points and of the packed ones in RUN/packed. DATA is the folder of images and points, with the lists
train.txt and val.txt. What stands below the line of the page's last heading is written by hand and kept.
"""

import json
import math
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_laplace
from skimage.color import rgb2hed
from skimage.feature import peak_local_max

from napari_hemalens.atomic import writing
from napari_hemalens.config.presets import DETECTION
from napari_hemalens.evaluation.point_measures import best_score, figures, match
from napari_hemalens.formats.points import NUCLEUS, PointField, read_fields
from napari_hemalens.models import weights
from napari_hemalens.records.detections import Detections
from napari_hemalens.slides.open import open_image

PAGE = Path(__file__).parent / "results" / "marrow_histology.md"
PICTURE = "marrow_histology-curves.png"
PRESET = "histology"
KEPT = "## What it says\n"


def blobs(field: PointField) -> Detections:
    """Find round blobs of haematoxylin of a nucleus' size, as has been done without learning.

    Ruifrok and Johnston 2001, the dye alone; Lindeberg 1998, doi:10.1023/A:1008045108935, blobs by the Laplacian of a
    Gaussian. The score is the response, 1 where it is strongest in the image.
    """
    with open_image(field.nuclei.provenance.image) as slide:
        dye = rgb2hed(slide.read(0, 0, *slide.shape))[..., 0]
    half = field.diameter / 2
    response = -gaussian_laplace(dye, half / math.sqrt(2))
    centres = peak_local_max(response, min_distance=round(half / 2), threshold_abs=0, exclude_border=False)
    scores = response[tuple(centres.T)]
    return Detections.from_arrays(
        np.concatenate([centres - half, centres + half], axis=1),
        scores / scores.max(),
        np.zeros(len(centres)),
        names=(NUCLEUS,),
        image_shape=field.nuclei.image_shape,
    )


def blob_figures(data: Path, report: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of blobs on what a report is of, their score threshold chosen on the part train."""
    train, val = (read_fields(data, only=[part]) for part in ("train", report["part"]))
    least = best_score([blobs(field) for field in train], train, report["radius"])
    return figures([match(blobs(field).above(least), field, report["radius"]) for field in val])


def line(name: str, found: Mapping[str, float]) -> str:
    """Return a row of the table."""
    shares = " | ".join(f"{found[column]:.3f}" for column in ("precision", "recall", "F1"))
    return f"| {name} | {shares} | {found['bias']:+.1f} | {found['MAE']:.1f} | {found['relative']:.3f} |"


def evaluation(report: Mapping[str, Any], weights_name: str, out: str) -> str:
    """Return the command that measured a report."""
    return (
        f"$ hemalens evaluate points --data {report['data']} --only {report['part']} --tune train "
        f"--weights {weights_name} --pixel-size {report['pixel_size_um']:g} --radius {report['radius']:g} --out {out}"
    )


def page(run: Path, data: Path, kept: str) -> str:
    """Return the whole page."""
    learned, packed = (
        json.loads((run / name / "report.json").read_text(encoding="utf-8")) for name in ("points", "packed")
    )
    card = weights.detector_card(run / f"{learned['weights']}.json")
    recipe = DETECTION[PRESET]
    size = learned["pixel_size_um"]
    minutes = ((run / "last.ckpt").stat().st_mtime - (run / "recipe.json").stat().st_mtime) / 60
    lists = {part: (data / f"{part}.txt").read_text(encoding="utf-8").split() for part in ("train", "val")}
    parts = [
        "# Nuclei in sections of marrow, marked by points\n",
        f"Machine: {platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, "
        f"torch {metadata.version('torch')}. Written by `docs/make_histology_results.py`. "
        f"Data: biopsies of Kainz et al. 2015, 1200 x 1200, haematoxylin and eosin; pixel size assumed, {size:g} um "
        "(`formats/points.py`).\n",
        f"Trained on {', '.join(lists['train'])} ({len(read_fields(data, only=['train']))} images); measured on "
        f"{', '.join(lists['val'])} ({len(learned['images'])} images), other biopsies by their numbers. The lists are "
        "`train.txt` and `val.txt` beside `images/` and `points/`. The score threshold of every row is the one with "
        "the best F1 on the training images. Unsure points (class 3) are left out of all figures.\n",
        "```\n"
        f"$ hemalens train detection --data {learned['data']} --recipe {PRESET} --pixel-size {size:g} "
        f"--name {card.name} --out runs/{PRESET}\n"
        f"{evaluation(learned, f'runs/{PRESET}/{card.name}.json', f'runs/{PRESET}/points')}\n"
        f"{evaluation(packed, packed['weights'], f'runs/{PRESET}/packed')}\n"
        "```\n",
        f"Training: {recipe.epochs:g} epochs of {recipe.batch} windows of {recipe.side} px at "
        f"{recipe.network.pixel_size_um:g} um, from `{recipe.start}`; {minutes:.0f} minutes.\n",
        "| | precision | recall | F1 | count: bias | MAE | relative |",
        "|---|---:|---:|---:|---:|---:|---:|",
        line(f"trained for it (preset `{PRESET}`)", learned["overall"]),
        line(f"`{packed['weights']}` as it is, any nucleated class", packed["overall"]),
        line("blobs of haematoxylin (Laplacian of a Gaussian)", blob_figures(data, learned)),
        "\n## The trained weights by image and radius\n",
        (run / "points" / "report.md").read_text(encoding="utf-8"),
        f"![Curves]({PICTURE})\n",
    ]
    return "\n".join(parts) + "\n" + kept


if __name__ == "__main__":
    RUN, DATA = (Path(name) for name in sys.argv[1:])
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else KEPT
    text = page(RUN, DATA, before[before.index(KEPT) :])
    shutil.copyfile(RUN / "points" / "curves.png", PAGE.parent / PICTURE)
    with writing(PAGE) as file:
        file.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
