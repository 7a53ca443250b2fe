"""Plasma cells alone, or cut where they clearly touch; other nucleated cells off them; blocks that stay together."""

from collections.abc import Sequence
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from numpy.typing import NDArray

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats.cell_table import licence_of, read
from napari_hemalens.inference.cell_finder import CellFinder
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.training.plasma_cells import OTHER, PLASMA_CELL, origin, other_cells, prepare_steps, single_cells

UM = 0.2
Y, X = np.mgrid[:300, :400]


def ellipse(y: float, x: float, height: float = 70, width: float = 70) -> NDArray[np.bool_]:
    return ((Y - y) / height) ** 2 + ((X - x) / width) ** 2 < 0.25


def test_a_cell_that_stands_alone_is_taken_with_its_box() -> None:
    found = single_cells(ellipse(100, 150) | ellipse(220, 300, 60, 90), UM)
    assert found.boxes.tolist() == [[66, 116, 135, 185], [191, 256, 250, 345]]


def test_touching_cells_are_cut_at_a_clear_neck() -> None:
    found = single_cells(ellipse(100, 100) | ellipse(100, 166), UM)
    assert len(found) == 2
    assert sorted(box[1] for box in found.boxes.tolist()) == pytest.approx([66, 133], abs=3)


@pytest.mark.parametrize(
    "mask",
    [
        ellipse(100, 100) | ellipse(100, 144),  # a neck too wide to cut
        ellipse(100, 100, 20, 20),  # a speck
        ellipse(150, 200, 140, 140),  # a clump
        ellipse(100, 34),  # the edge cuts it
        ellipse(100, 150) & ~ellipse(90, 130, 50, 50),  # a crescent
        np.zeros((300, 400), bool),
    ],
    ids=["neck", "speck", "clump", "edge", "crescent", "nothing"],
)
def test_what_is_no_single_cell_is_left_out(mask: NDArray[np.bool_]) -> None:
    assert len(single_cells(mask, UM)) == 0


def detections(boxes: Sequence[Sequence[float]], names: Sequence[str]) -> Detections:
    return Detections.from_arrays(
        boxes, np.linspace(0.9, 0.5, len(boxes)), range(len(names)), names=tuple(names), image_shape=(300, 400)
    )


def test_other_cells_are_nucleated_whole_and_off_the_mask() -> None:
    boxes = [[50, 50, 90, 90], [120, 180, 160, 220], [0, 50, 40, 90], [10, 300, 50, 340], [196, 190, 230, 230]]
    names = ["lymphocyte", "monocyte", "erythroblast", "erythrocyte", "basophil"]
    found = detections(boxes, names)
    mask = ellipse(150, 200, 80, 80)  # its far edge is at 190
    assert other_cells(found, mask, 4).tolist() == [boxes[0], boxes[4]]
    assert other_cells(found, mask, 8).tolist() == [boxes[0]]


def test_blocks_are_runs_of_file_numbers_and_stay_in_one_part() -> None:
    assert origin(308) == ("Delhi 1", "3", "choose")
    assert origin(601) == ("Delhi 1", "6", "val")
    assert origin(1700)[:2] == origin(1749)[:2] == ("Delhi 2", "34")
    parts = [origin(number)[2] for number in range(1000, 1000 + 50 * 70, 50)]
    assert {part: parts.count(part) for part in set(parts)} == {"train": 50, "choose": 10, "val": 10}


class OneCell:
    """A finder that finds one lymphocyte."""

    def find_steps(self, slide: object, recipe: object, *, provenance: Provenance) -> Steps[Detections]:
        yield Progress(1, 1)
        return detections([[20, 320, 60, 360]], ["lymphocyte"])


def one_cell_steps(*_: object) -> Steps[OneCell]:
    yield Progress(0, 0, "loading")
    return OneCell()


@pytest.fixture
def fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two fields with a plasma cell each."""
    for folder in ("images", "masks"):
        (tmp_path / "marrow_fields" / folder).mkdir(parents=True)
    for number in (308, 1800):
        iio.imwrite(tmp_path / "marrow_fields" / "images" / f"{number}.jpg", np.full((300, 400, 3), 200, np.uint8))
        mask = (ellipse(100, 150) * 255).astype(np.uint8)
        iio.imwrite(tmp_path / "marrow_fields" / "masks" / f"{number}.png", mask)
    monkeypatch.setattr(CellFinder, "load_steps", one_cell_steps)
    return tmp_path


def test_the_table_names_plasma_cells_and_others_of_both_cameras(fields: Path, tmp_path: Path) -> None:
    counts = finish(prepare_steps(fields, tmp_path / "out"))
    assert counts == {
        f"Delhi 1 choose {OTHER}": 1,
        f"Delhi 1 choose {PLASMA_CELL}": 1,
        f"Delhi 2 train {OTHER}": 1,
        f"Delhi 2 train {PLASMA_CELL}": 1,
    }
    cells = read(tmp_path / "out" / "cells.csv")
    assert cells.pixel_sizes.tolist() == pytest.approx([0.21, 0.21, 0.166, 0.166])
    assert cells.boxes[0].tolist() == [66, 116, 135, 185]
    assert cells.boxes[1].tolist() == [20, 320, 60, 360]
    assert cells.blocks[0] == "Delhi 1 3"
    assert Path(cells.images[0]) == fields / "marrow_fields" / "images" / "308.jpg"
    assert "BY-NC" in licence_of([tmp_path / "out"])
    assert finish(prepare_steps(fields / "marrow_fields", tmp_path / "again")) == counts


def test_a_set_that_is_not_there_or_lacks_a_mask_is_refused(fields: Path, tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="does not hold marrow_fields"):
        finish(prepare_steps(tmp_path / "out", tmp_path / "none"))
    masks = fields / "marrow_fields" / "masks"
    iio.imwrite(masks / "308.png", np.zeros((30, 40), np.uint8))
    with pytest.raises(AnnotationError, match=r"has another size than 308\.jpg"):
        finish(prepare_steps(fields, tmp_path / "none"))
    (masks / "308.png").unlink()
    with pytest.raises(AnnotationError, match=r"308\.jpg has no mask"):
        finish(prepare_steps(fields, tmp_path / "none"))
    assert not (tmp_path / "none").exists()
