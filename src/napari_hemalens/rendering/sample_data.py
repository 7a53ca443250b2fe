"""Makes the packed sample data: `python -m napari_hemalens.rendering.sample_data [FOLDER]`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from napari_hemalens.formats import coco
from napari_hemalens.records.differential import Tissue
from napari_hemalens.rendering.fields import render_field
from napari_hemalens.rendering.files import save
from napari_hemalens.rendering.named_samples import make_assay, make_lymphoblasts


@dataclass(frozen=True, slots=True)
class Sample:
    """One field of the sample data: the arguments of `render_field`, and the file name."""

    file: str
    tissue: Tissue
    shape: tuple[int, int]
    seed: int
    pixel_size_um: float = 0.15


SAMPLES = (
    Sample("marrow_smear.tif", "marrow", (1920, 2560), 7),
    Sample("blood_smear.tif", "blood", (1200, 1600), 13),
)


def make(out: Path, samples: Sequence[Sample] = SAMPLES) -> tuple[Path, ...]:
    """Write the samples and their truth, `truth.json`, into `out`; return the files."""
    truths = []
    for sample in samples:
        image, truth = render_field(
            sample.shape, pixel_size_um=sample.pixel_size_um, tissue=sample.tissue, seed=sample.seed
        )
        save(image, out / sample.file, sample.pixel_size_um)
        truths.append(replace(truth, provenance=replace(truth.provenance, image=sample.file)))
    coco.write(truths, out / "truth.json")
    return (*(out / sample.file for sample in samples), out / "truth.json")


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "sample_data")
    make(folder)
    make_assay(folder / "micronucleus_assay")
    make_lymphoblasts(folder / "lymphoblasts")
