"""Results into a folder, as they are on screen."""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.unsaved import SAVED
from napari_hemalens.records.detections import Detections
from napari_hemalens.workflows import write_results


def save_steps(
    fields: Sequence[Detections],
    recipe: DetectionRecipe,
    folder: Path,
    formats: Sequence[str],
    *,
    failed: Mapping[str, str],
) -> Generator[str, None, None]:
    """Write cells in some formats, the counts and how they came about; yields a sentence at the end."""
    try:
        written = write_results(fields, recipe, folder, formats=formats, failed=failed)
    except (HemaLensError, OSError) as error:
        yield f"Nothing could be saved in {folder}: {error}"
        return
    yield f"{SAVED} {', '.join(path.name for path in written)} in {folder}."
