"""Results into a folder, as they are on screen."""

from collections.abc import Generator, Sequence
from pathlib import Path

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.formats import export
from napari_hemalens.records.detections import Detections, pooled_differential
from napari_hemalens.records.taxonomy import ICSH
from napari_hemalens.reports.detections import write_counts, write_differential, write_run


def save_steps(
    fields: Sequence[Detections], recipe: DetectionRecipe, folder: Path, formats: Sequence[str]
) -> Generator[str, None, None]:
    """Write cells in some formats, the counts and how they came about; yields a sentence at the end."""
    try:
        written = export(fields, folder, formats)
        write_counts(fields, folder / "counts.csv", tissue=recipe.tissue)
        pooled = pooled_differential(fields, ICSH, recipe.tissue)
        write_differential(pooled, folder / "differential.csv")
        write_run(fields, recipe.model_dump(mode="json"), folder / "run.json")
    except (HemaLensError, OSError) as error:
        yield f"Nothing could be saved in {folder}: {error}"
        return
    names = [path.name for path in written]
    yield f"Saved {', '.join([*names, 'counts.csv', 'differential.csv', 'run.json'])} in {folder}."
