"""Cells of a report are cut from their images, the least certain first."""

import io
from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from PIL import Image

from napari_hemalens.progress import finish
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.differential import differential
from napari_hemalens.reports.gallery import Thumbnail
from napari_hemalens.reports.stored_results import StoredAssay, StoredImage, StoredSmear
from napari_hemalens.slides.axes import from_array
from napari_hemalens.workflows.report_gallery import cut_gallery_steps

NAMES = ("monocyte", "lymphocyte", "erythrocyte")
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def squares(path: Path) -> Path:
    picture = np.full((40, 60, 3), 200, np.uint8)
    for k, colour in enumerate(COLOURS):
        picture[0:20, 20 * k : 20 * k + 20] = colour
    iio.imwrite(path, picture)
    return path


def field(image: str, pixel_size: float | None) -> Detections:
    return Detections.from_arrays(
        [[0, 0, 20, 20], [0, 20, 20, 40], [0, 40, 20, 60]],
        [0.5, 0.9, 0.7],
        [0, 0, 2],
        names=NAMES,
        image_shape=(40, 60),
        provenance=Provenance(image=image, pixel_size_um=pixel_size),
    )


def smear(*images: tuple[str, Path | None], pixel_size: float | None = 0.5) -> StoredSmear:
    stored = tuple(StoredImage(name, {}, path) for name, path in images)
    fields = {name: field(name, pixel_size) for name, _ in images}
    return StoredSmear(Path(), {}, stored, fields, differential({}, []))


def middle(thumbnail: Thumbnail) -> list[int]:
    pixels = np.asarray(Image.open(io.BytesIO(thumbnail.jpeg)))
    side = len(pixels)
    assert pixels.shape == (side, side, 3)
    return pixels[side // 2, side // 2].round(-1).tolist()


def test_cells_are_cut_where_they_lie_least_certain_first(tmp_path: Path) -> None:
    cut = finish(cut_gallery_steps(smear(("a.png", squares(tmp_path / "a.png"))), 16))
    (monocytes,) = cut.classes  # no red cells
    assert (monocytes.name, monocytes.cells) == ("monocyte", 2)
    assert [round(cell.certainty, 1) for cell in monocytes.thumbnails] == [0.5, 0.9]
    first, second = (middle(cell) for cell in monocytes.thumbnails)
    assert np.argmax(first) == 0
    assert np.argmax(second) == 1
    assert (cut.width, cut.missing) == ("12 µm", ())


def test_no_more_cells_than_asked_for_are_cut(tmp_path: Path) -> None:
    stored = smear(("a.png", squares(tmp_path / "a.png")), pixel_size=None)
    cut = finish(cut_gallery_steps(stored, 1))
    assert [(each.cells, len(each.thumbnails)) for each in cut.classes] == [(2, 1)]
    assert cut.width == "23 px"
    assert finish(cut_gallery_steps(stored, 0)).classes == ()


def test_images_that_are_gone_or_damaged_are_named(tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    images = (("a.png", squares(tmp_path / "a.png")), ("gone.png", None), ("torn.png", tmp_path / "torn.png"))
    cut = finish(cut_gallery_steps(smear(*images), 16))
    assert cut.missing == ("gone.png", "torn.png")
    assert [(each.cells, len(each.thumbnails)) for each in cut.classes] == [(6, 2)]


def test_classified_cells_are_cut_around_their_centres(tmp_path: Path) -> None:
    found = Classified(
        np.array([1, 2]),
        np.array([[0.9, 0.1], [0.4, 0.6]], np.float32),
        np.array([0, 1]),
        ("blast", "normal"),
        np.array([[9.5, 9.5], [9.5, 49.5]]),
        np.array([300, 300]),
        (40, 60),
    ).with_corrections([-1, 0])
    image = StoredImage("a.png", {}, squares(tmp_path / "a.png"))
    cut = finish(cut_gallery_steps(StoredAssay(Path(), {}, (image,), {"a.png": found}, None, ""), 16))
    (blasts,) = cut.classes
    assert [(np.argmax(middle(cell)), cell.given) for cell in blasts.thumbnails] == [(0, False), (2, True)]


def test_a_layer_called_as_a_file_at_hand_is_pictured_from_what_opens_it(tmp_path: Path) -> None:
    other = tmp_path / "a.png"
    iio.imwrite(other, np.zeros((40, 60, 3), np.uint8))
    stored = smear(("a.png", other))
    stored = replace(stored, images=(StoredImage("a.png", {"path": "a.png"}, other),))
    shown = iio.imread(squares(tmp_path / "b.png"))
    cut = finish(cut_gallery_steps(stored, 1, {("a.png", ""): lambda: from_array(shown)}))
    assert np.argmax(middle(cut.classes[0].thumbnails[0])) == 0
    assert max(middle(cut.classes[0].thumbnails[0])) > 200
