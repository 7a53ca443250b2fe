"""What the table of slides says of the images on screen: whose they are, and of which sample. No Qt."""

from collections.abc import Sequence
from pathlib import Path

from napari.layers import Image

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.kept_layers import file_of
from napari_hemalens.gui.project.session import ProjectSession
from napari_hemalens.workflows.project_slides import ProjectSlide, read_slides


def known_sample(project: ProjectSession, images: Sequence[Path | Image | None]) -> tuple[str, str]:
    """Return patient and sample of images, as the slides of the open project have them.

    Either is '' where one of the images is no slide, or they are of several.

    Parameters
    ----------
    project : ProjectSession
        Which project is open.
    images : sequence of Path, Image or None
        Files, or their layers; None where neither is there any more.
    """
    if project.project is None:
        return "", ""
    folder = project.project.folder
    try:
        slides = {slide.located(folder): slide for slide in read_slides(folder)}
    except HemaLensError:  # Slides… says what is wrong with the table
        return "", ""
    files = [file_of(image) if isinstance(image, Image) else image for image in images]
    found = [slides.get(file.resolve()) if file is not None else None for file in files]
    return _common(found, "patient"), _common(found, "sample")


def _common(slides: Sequence[ProjectSlide | None], what: str) -> str:
    said = {"" if slide is None else getattr(slide, what) for slide in slides}
    return str(said.pop()) if len(said) == 1 else ""
