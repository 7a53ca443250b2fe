"""What naming costs: a crowded field detected with and without the classifier that names its nucleated cells.

    python benchmarks/naming.py --naming NAME_OR_FILE [--weights NAME_OR_FILE] [--image FILE] [--rounds 5]

Both take turns in one process, and what is printed are medians of the rounds. The aim is a ratio of at most 1.35.
"""

import argparse
import statistics
import time

from fields import SAMPLE
from machine import machine
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.inference.cell_finder import BY_DETECTOR
from napari_hemalens.progress import finish
from napari_hemalens.records.taxonomy import cell_class
from napari_hemalens.slides.open import open_image
from napari_hemalens.workflows import detect_steps


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--naming", default=None, help="weights that name; by default those of the detector")
    parser.add_argument("--weights", default=DetectionRecipe().weights)
    parser.add_argument("--image", default=SAMPLE, help="a crowded field; by default the sample")
    parser.add_argument("--pixel-size", type=float, default=None, help="of the image, if it does not say it")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    slide = open_image(options.image)
    recipe = DetectionRecipe(weights=options.weights, pixel_size_um=options.pixel_size, naming=options.naming)
    plain = recipe.model_copy(update={"naming": BY_DETECTOR})
    seconds: dict[str, list[float]] = {"without": [], "with": []}
    for turn in range(options.rounds + 1):  # the first loads the weights
        for name, chosen in (("without", plain), ("with", recipe)):
            start = time.perf_counter()
            found = finish(detect_steps(slide, chosen))
            if turn:
                seconds[name].append(time.perf_counter() - start)
    without, named = (statistics.median(seconds[name]) for name in ("without", "with"))
    nucleated = sum(cell_class(name).nucleated for name in found.class_names)
    print(machine("torch"))
    print(f"{options.image}: {len(found):,} cells, {nucleated:,} of them nucleated")
    print(f"without naming {without:.2f} s, with {named:.2f} s: ratio {named / without:.2f}")


if __name__ == "__main__":
    main()
