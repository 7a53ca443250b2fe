"""What a second worker brings: one slide by tiles, with one process and with two.

    python benchmarks/cluster.py [--side PIXELS] [--workers 1 2]

The slide is the rendered marrow smear, side by side until it is as large as asked for. The clock runs from the first
tile to the last, so that what happens once (starting processes, loading torch and weights) is told apart; so are the
bytes that a call and its answer take. A machine that does other work prolongs all of it: its load is printed.
"""

import argparse
import os
import pickle
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cloudpickle
import numpy as np
import tifffile

from machine import machine
from napari_hemalens import workflows
from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.tile_plan import plan_tiles
from napari_hemalens.models.weights import detector_card
from napari_hemalens.workflows.same_run import SameRun
from napari_hemalens.workflows.slide_calls import SlideJob, find_in_tiles, look_first

SMEAR = Path(__file__).parents[1] / "sample_data" / "marrow_smear.tif"
RECIPE = DetectionRecipe(pixel_size_um=0.15, device="cpu", naming="none")  # tiles alone


def write_slide(path: Path, side: int) -> Path:
    field = tifffile.imread(SMEAR)
    times = [-(-side // length) for length in field.shape[:2]]
    pixels = np.tile(field, (*times, 1))[:side, :side]
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(512, 512), compression="jpeg")
    return path


def run(slide: Path, workers: int, out: Path) -> tuple[float, float, int]:
    """Return seconds until the first tile, seconds from it to the last, and how many tiles those are."""
    begin, first, last, tiles = time.monotonic(), 0.0, 0.0, []
    cluster = ClusterRecipe(scheduler="local", workers=workers)
    for step in workflows.detect_files_steps([slide], RECIPE, out, cluster=cluster):
        if ": tile " not in step.message or (tiles and step.message == tiles[-1]):
            continue
        last = time.monotonic()
        first = first or last
        tiles.append(step.message)
    return first - begin, last - first, len(tiles) - 1


def bytes_moved(slide: Path) -> tuple[int, int, int]:
    """Return bytes of a call, of its answer, and of the pixels that the worker reads itself."""
    job = SlideJob(SameRun.of(RECIPE.weights), slide, RECIPE)
    origin = look_first(job)
    plan = plan_tiles(job.slide(), detector_card(RECIPE.weights), RECIPE, pixel_size_um=RECIPE.pixel_size_um)
    share = replace(plan, tiles=plan.tiles[len(plan.tiles) // 2 :][:1])
    answer = find_in_tiles(job, share, origin)
    call = len(cloudpickle.dumps((find_in_tiles, (job, share, origin))))
    return call, len(pickle.dumps(answer)), 3 * RECIPE.tile**2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=3200, help="pixels of the slide along a side")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="processes, of a thread each")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(machine("torch", "distributed", "napari-hemalens"))
    with tempfile.TemporaryDirectory() as folder:
        slide = write_slide(Path(folder) / "slide.tif", options.side)
        call, answer, pixels = bytes_moved(slide)
        print(f"a tile: {call:,} bytes out, {answer:,} bytes back, {pixels:,} bytes of pixels that it reads itself")
        for workers in options.workers:
            out = Path(folder) / "out"
            start, seconds, tiles = run(slide, workers, out)
            shutil.rmtree(out)
            load = "" if not hasattr(os, "getloadavg") else f"; load {os.getloadavg()[0]:.1f}"
            rate = f"{tiles / seconds:.2f} tiles a second" if seconds else "too few tiles"
            print(f"{workers} workers: {start:.1f} s to the first tile, then {tiles} in {seconds:.1f} s: {rate}{load}")


if __name__ == "__main__":
    main()
