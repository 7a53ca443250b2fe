"""The slides of a project: which there are, and what is known of them.

>>> from napari_hemalens.workflows.project_slides import add_slides, read_slides
>>> add_slides("my project", ["smears/*.tif"], table="patients.csv")  # doctest: +SKIP
>>> for slide in read_slides("my project"):  # doctest: +SKIP
...     print(slide.path, slide.patient, slide.group)
"""

from collections.abc import Sequence
from pathlib import Path

from napari_hemalens.errors import ImageError
from napari_hemalens.progress import counted
from napari_hemalens.projects import document, slides_table
from napari_hemalens.projects.slides_table import COLUMNS, FIELDS, ProjectSlide, SlidesTable, write
from napari_hemalens.records.notes import listed
from napari_hemalens.slides.open import images_in, is_image

__all__ = ["COLUMNS", "FIELDS", "ProjectSlide", "SlidesTable", "add_slides", "read_slides", "write"]


def read_slides(project: str | Path) -> SlidesTable:
    """Return the slides of a project.

    Raises
    ------
    HemaLensError
        If the folder is no project, or `slides.csv` in it is no table of slides.
    """
    document.read(Path(project))
    return slides_table.read(Path(project))


def add_slides(project: str | Path, images: Sequence[str | Path] = (), table: str | Path | None = None) -> SlidesTable:
    """Add images to the slides of a project, and what a table says of slides; return all of them.

    Parameters
    ----------
    project : path
        Its folder.
    images : sequence of path
        Images, folders or patterns. Slides that are there already stay as they are.
    table : path, optional
        A table as any spreadsheet saves it, with the column path and any of patient, sample, stain and group; other
        columns are kept. Paths are from the table's own folder; a name alone may be that of a slide that is there, or
        of an image that is added. What it leaves empty changes nothing.

    Raises
    ------
    HemaLensError
        If the folder is no project, a file is no image, a folder or pattern holds none, or the table cannot be used.
    """
    folder = Path(project)
    slides = read_slides(folder)
    if images:
        found = images_in(images)
        other = next((file for file in found if file.is_file() and not is_image(file)), None)
        if other is not None:
            raise ImageError(f"Nothing was added: {other.name} is no image.")
        slides = slides.with_images(found, folder)
    if table is not None:
        slides = slides.with_table(slides_table.read_file(Path(table), folder), folder)
    write(slides, folder)
    return slides


def missing_in_words(project: str | Path, slides: SlidesTable) -> str:
    """Return a sentence that names slides whose file is not there, as a table may misspell them; '' if all are."""
    missing = slides.missing(Path(project))
    return f"{counted(len(missing), 'slide is', 'slides are')} not there: {listed(missing)}." if missing else ""
