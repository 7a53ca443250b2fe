"""Images of a dock copied with their cells as OME-Zarr, in sentences. No Qt."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_hemalens.gui.running import KeepResult
from napari_hemalens.progress import counted
from napari_hemalens.workflows.ome_zarr import ENDING, ImageCopy, copy_images_steps


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of images that were to be copied.

    Attributes
    ----------
    images : int
        How many there were.
    failed : mapping of str to str
        Those that could not be copied, with the reason of each.
    """

    images: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What is said of them: empty where there were none."""
        done = self.images - len(self.failed)
        copied = counted(done, "image is copied there with its", "images are copied there with their")
        lost = f"Not copied: {' '.join(self.failed.values())}"
        return " ".join((*((f"{copied} cells (*{ENDING}).",) if done else ()), *((lost,) if self.failed else ())))


def copy_steps(images: Sequence[ImageCopy], folder: Path) -> Generator[str, None, Copied]:
    """Write images with their cells to a folder; yields a sentence after every tile."""
    steps = KeepResult(copy_images_steps(images, folder))
    for progress in steps:
        yield f"Saving: {progress.message}"
    return Copied(len(images), steps.result)
