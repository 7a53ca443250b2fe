"""The work that a project keeps: what Detect and Classify found in its images, as a person left it.

    >>> from napari_hemalens.workflows import open_work
    >>> work = open_work("my project")  # doctest: +SKIP
    >>> for each in work.detected:  # doctest: +SKIP
    ...     print(each.image.name, each.cells.counts(), each.cells.corrections)
    >>> for each in work.classified:  # doctest: +SKIP
    ...     print(each.image.path, each.cells.counts(), each.labels.shape)

A window may have the project open meanwhile: what is read is what it wrote last.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from napari_hemalens.projects import document
from napari_hemalens.projects.project import Project
from napari_hemalens.projects.work import KINDS, WorkFiles, read_document
from napari_hemalens.records.detections import pooled_differential
from napari_hemalens.records.differential import Differential
from napari_hemalens.records.taxonomy import ICSH
from napari_hemalens.workflows.classified_work import ClassifiedWork, KeptClasses, read_classified
from napari_hemalens.workflows.detected_work import DetectedWork, KeptBoxes, read_detected
from napari_hemalens.workflows.kept_images import KeptImage

__all__ = [
    "KINDS",
    "ClassifiedWork",
    "DetectedWork",
    "KeptBoxes",
    "KeptClasses",
    "Work",
    "WorkFiles",
    "check_work",
    "open_work",
    "read_work",
]


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What a project keeps.

    Attributes
    ----------
    detect : DetectedWork
        Of Detect, with its options.
    classify : ClassifiedWork
        Of Classify, with its options.
    missing : tuple of KeptImage
        Images whose files are not found.
    damaged : tuple of str
        A sentence for each image whose cells are damaged and left out.
    """

    detect: DetectedWork
    classify: ClassifiedWork
    missing: tuple[KeptImage, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def detected(self) -> tuple[KeptBoxes, ...]:
        """Images with the cells that were detected, `cells` as they were counted."""
        return self.detect.images

    @property
    def classified(self) -> tuple[KeptClasses, ...]:
        """Images with the cells that were classified, `cells` with a person's words."""
        return self.classify.images

    def differential(self) -> Differential:
        """Return the one differential of all images of Detect, counted as in the window."""
        choices = self.detect.choices
        return pooled_differential(
            [each.cells for each in self.detected],
            ICSH,
            choices.get("tissue", "marrow"),
            choices.get("unsure", "apart"),
        )


def open_work(project: str | Path | Project) -> Work:
    """Return what a project keeps of Detect and Classify; nothing is changed, and no window is in the way.

    Parameters
    ----------
    project : path or Project
        Its folder.

    Raises
    ------
    ProjectError
        If the folder is no project, or its work is damaged or of a newer version.
    """
    folder = project.folder if isinstance(project, Project) else Path(project)
    document.read(folder)
    for _ in range(2):  # a window that writes meanwhile deletes records that it has written anew
        work = read_work(folder)
        if not work.damaged:
            break
    return work


def read_work(folder: Path, files: WorkFiles | None = None, kinds: Collection[str] = KINDS) -> Work:
    """Return what lies in a project's folder, of some docks; `files`, which write there, learn of it.

    Raises
    ------
    ProjectError
        If it is damaged or of a newer version.
    """
    read = partial(read_document, folder) if files is None else files.read
    detect, classify = (read(kind) if kind in kinds else None for kind in KINDS)
    detected, damaged = read_detected(folder, detect, files)
    classified, also = read_classified(folder, classify, files)
    images = (*(each.image for each in detected.images), *(each.image for each in classified.images))
    missing = tuple(image for image in images if image.file and image.path is None)
    return Work(detected, classified, missing, (*damaged, *also))


def check_work(folder: Path) -> None:
    """Refuse work that cannot be opened, before anything is changed.

    Raises
    ------
    ProjectError
        If it is damaged or of a newer version.
    """
    for kind in KINDS:
        read_document(folder, kind)
