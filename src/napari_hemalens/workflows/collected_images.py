"""Images of a training set: copied as they are where training reads them so, else as the picture that was looked at."""

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import tifffile
from PIL import Image

from napari_hemalens.atomic import writing
from napari_hemalens.errors import ImageError
from napari_hemalens.formats.image_names import is_file
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide

_LARGEST = 100_000_000  # pixels of an image that can be written as a picture


def copy_image(  # noqa: PLR0913 -- what was looked at, and what training reads
    image: Path, stem: Path, frame: str, look: Callable[[Slide], Slide], *, kept: Collection[str], suffix: str = ".png"
) -> tuple[Path, Path]:
    """Copy an image into a training set.

    Parameters
    ----------
    image : Path
        A file, a folder that is one image, or a part of these.
    stem : Path
        Where the copy goes, without suffix.
    frame : str
        Which frame was looked at; empty where there is one.
    look : callable
        Chooses the channel of the slide that was looked at.
    kept : collection of str
        Suffixes of files that are copied as they are; others become a picture.
    suffix : {'.png', '.tif'}
        Of that picture. A TIFF has the pixel size of the image.

    Returns
    -------
    copy : Path
        The copy.
    content : Path
        The file by whose content the image is held out or not: the image, so that its frames stay together, or the
        copy of what is no file.

    Raises
    ------
    ImageError
        If it cannot be read, or is too large to be trained on whole.
    """
    whole = is_file(image)
    if whole and not frame and image.suffix.lower() in kept:
        copy = stem.with_name(stem.name + image.suffix)
        with writing(copy) as temporary:
            shutil.copyfile(image, temporary)
        return copy, image
    copy = stem.with_name(stem.name + suffix)
    with open_image(image, frame=frame) as slide:
        height, width = slide.shape
        if height * width > _LARGEST:
            raise ImageError(
                f"{image.name} is too large to train on whole ({height} x {width} pixels): it is left out."
            )
        pixels, size = look(slide).read(0, 0, height, width), slide.pixel_size_um
    with writing(copy) as temporary:
        if suffix == ".png":
            Image.fromarray(pixels).save(temporary, format="PNG")
        else:
            known = {} if size is None else {"resolution": (1e4 / size,) * 2, "resolutionunit": "CENTIMETER"}
            tifffile.imwrite(temporary, pixels, photometric="rgb", compression="zlib", metadata=None, **known)
    return copy, image if whole else copy
