"""One button makes a report of the results on screen. No Qt."""

import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.running import KeepResult
from napari_hemalens.workflows import report_steps
from napari_hemalens.workflows.ome_zarr import ImageCopy


def report_on_screen_steps(
    save: Callable[[Path], object], out: Path, recipe: ReportRecipe, images: Sequence[ImageCopy] = ()
) -> Generator[str, None, None]:
    """Write the results of a dock to a passing folder, and a report of them; yields sentences.

    Parameters
    ----------
    save : callable
        Writes results into a folder, as *Save* does.
    out : Path
        The report, HTML or PDF; without a suffix it is HTML.
    recipe : ReportRecipe
        How it is made.
    images : sequence of ImageCopy
        What opens the images on screen, with their cells; those that are files are read from there.
    """
    of = [(each.cells.provenance, each.open) for each in images]
    opened = {(said.image, said.frame): opener for said, opener in of}
    file = out if out.suffix else out.with_suffix(".html")
    try:
        with tempfile.TemporaryDirectory(prefix="hemalens-") as results:
            save(Path(results))
            steps = KeepResult(report_steps(results, file, recipe, opened=opened))
            for progress in steps:
                yield f"Reporting: {progress.message}"
    except (HemaLensError, OSError) as error:
        yield f"No report could be written: {error}"
        return
    yield f"Report written to {steps.result}."
