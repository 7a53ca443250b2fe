"""One button makes a training set of the corrections on screen. No Qt."""

import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.classes import display_name
from napari_hemalens.gui.running import KeepResult
from napari_hemalens.progress import counted
from napari_hemalens.workflows.collection import Collected, collect_steps


def collect_corrections_steps(save: Callable[[Path], object], out: Path) -> Generator[str, None, None]:
    """Write the results of a dock to a passing folder, and make a training set of them; yields sentences.

    Parameters
    ----------
    save : callable
        Writes results into a folder, as *Save* does.
    out : Path
        New or empty folder.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="hemalens-") as results:
            save(Path(results))
            steps = KeepResult(collect_steps([results], out))
            for progress in steps:
                yield f"Collecting: {progress.message}"
    except (HemaLensError, OSError) as error:
        yield f"Nothing could be collected: {error}"
        return
    yield collected_in_words(steps.result, out)


def collected_in_words(found: Collected, out: Path) -> str:
    """Return what a training set holds, and what trains on it."""
    images = counted(found.images, "image")
    classes = ", ".join(f"{count:,} {display_name(name)}" for name, count in found.counts.items())
    said = f"Collected {images} in {out}{f' ({classes})' if classes else ''}."
    trains = [f"Train with {'; '.join(found.commands)}."] if found.commands else []
    return " ".join((said, *trains, *found.notes))
