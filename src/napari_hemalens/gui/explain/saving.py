"""Pictures and heatmaps into files, as they are on screen."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

from napari_hemalens.atomic import writing
from napari_hemalens.errors import HemaLensError
from napari_hemalens.figures.heatmaps import gallery
from napari_hemalens.gui.explain.state import ExplanationState
from napari_hemalens.gui.image_names import of_image_now
from napari_hemalens.records.explained import Explained
from napari_hemalens.reports.detections import RESEARCH_USE
from napari_hemalens.workflows.annotations import file_stems
from napari_hemalens.workflows.heatmap_methods import write_heatmap


def save_gallery_steps(
    results: Sequence[Explained], titles: Sequence[str], n: int, file: Path
) -> Generator[str, None, None]:
    """Write the picture of the n most and the n least certain of some cells; yields a sentence at the end."""
    came = results[0].provenance
    words = f"{came.image}; weights {came.weights} ({came.sha256[:12]}), class {results[0].target}. {RESEARCH_USE}"
    with writing(file) as temporary:
        gallery(results, n, titles=titles, words=words).picture.save(temporary)
    yield f"Saved {file}."


def heatmap_files(state: ExplanationState, folder: Path) -> dict[str, Path]:
    """Return where the heatmap of an image by each method is written."""
    files = {}
    for name, found in [*state.shown.items()]:
        origin = of_image_now(found.tiles.take(found.tiles.ids[:1]).provenance, state.image)
        files[name] = folder / f"{file_stems([origin.title])[0]}.{name}.tif"
    return files


def save_heatmaps_steps(state: ExplanationState, folder: Path) -> Generator[str, None, None]:
    """Write the heatmap of an image by every method, as the command line does; yields a sentence at the end."""
    written = []
    try:
        for name, file in heatmap_files(state, folder).items():
            found = state.shown[name]
            one = found.tiles.take(found.tiles.ids[:1])  # which has the image's name and its pixel size
            write_heatmap(replace(one, heatmap=found.heatmap.levels[0]), file)
            written.append(file.name)
    except (HemaLensError, OSError) as error:
        yield f"Not all could be saved in {folder}: {error}"
        return
    yield f"Saved {', '.join(written)} in {folder}."
