"""Labels become a table that training reads: split by image, random cells apart."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.active_learning.labelled_table import labelled_table
from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.errors import TrainingError
from napari_hemalens.projects.decisions import Decision
from napari_hemalens.projects.project import Project
from napari_hemalens.records.taught_cells import TaughtImage

CROP = CropRecipe(side=64, width=20.0, unit="um")


def project_of(folder: Path, images: int, cells: Sequence[tuple[str, bool]], pixel: float | None = 0.2) -> Project:
    """Return a project with labels, cell k on image k modulo their number."""
    project = Project.create(folder / "p", ["a", "b", "rare"])
    for k in range(images):
        (folder / f"{k}.png").touch()
    project.remember_images(TaughtImage(str(folder / f"{k}.png"), f"f{k}", (400, 400), pixel) for k in range(images))
    rng = np.random.default_rng(0)
    for k, (name, test) in enumerate(cells):
        y, x = rng.uniform(0, 380, 2)
        of = project.classes.named(name)
        box = (float(y), float(x), float(y) + 20, float(x) + 20)
        project.decide([Decision("label", f"cell{k}", of.id, name, f"f{k % images}", box, test)])
    return project


ENOUGH = [("ab"[k // 2 % 2], k % 6 == 0) for k in range(48)]


def test_images_are_split_and_random_cells_are_a_part_of_their_own(tmp_path: Path) -> None:
    with project_of(tmp_path, 10, ENOUGH) as project:
        found = labelled_table(project, CROP)
    cells = found.cells
    assert (cells.parts == "val").sum() == 8
    train, choose = (set(cells.images[cells.parts == part].astype(str)) for part in ("train", "choose"))
    assert (len(train), len(choose), train & choose) == (8, 2, set())
    assert (found.classes, found.notes) == (("a", "b"), ())
    assert all(Path(image).is_file() for image in cells.images)


def test_one_image_is_split_by_blocks_and_that_is_said(tmp_path: Path) -> None:
    with project_of(tmp_path, 1, ENOUGH) as project:
        found = labelled_table(project, CROP)
    assert "All labels are of one image" in found.notes[0]
    held = found.cells.take(found.cells.parts == "choose")
    assert 1 <= len(held) < 20
    rest = found.cells.take(found.cells.parts == "train")
    blocks = [{tuple((box[:2] + 10) // 100) for box in part.boxes.tolist() and part.boxes} for part in (held, rest)]
    assert not blocks[0] & blocks[1]


def test_every_class_keeps_cells_to_train_on(tmp_path: Path) -> None:
    cells = [("a" if k % 2 else "b", False) for k in range(20)]  # image 0 has all of b, image 1 all of a
    with project_of(tmp_path, 2, cells) as project:
        found = labelled_table(project, CROP)
    assert set(found.cells.class_names[found.cells.parts == "train"].tolist()) == {"a", "b"}
    assert (found.cells.parts == "choose").sum() == 4
    assert "Too few images hold every class" in found.notes[0]


def test_rare_classes_and_lost_images_are_left_out_and_said(tmp_path: Path) -> None:
    with project_of(tmp_path, 6, [*ENOUGH, ("rare", False), ("rare", True)]) as project:
        (tmp_path / "3.png").unlink()
        found = labelled_table(project, CROP)
    assert found.classes == ("a", "b")
    assert "rare" not in found.cells.class_names
    assert any("8 labels are of images that are no files, or not found" in note for note in found.notes)
    assert any("'rare' is left out: it has 1 of the 3 labels" in note for note in found.notes)


def test_too_few_labels_are_refused(tmp_path: Path) -> None:
    with (
        project_of(tmp_path, 2, [("a", False)] * 5 + [("b", True)] * 5) as project,
        pytest.raises(TrainingError, match="two classes with 3 labels each"),
    ):
        labelled_table(project, CROP)


def test_a_picture_of_one_cell_is_as_wide_as_its_crop(tmp_path: Path) -> None:
    with project_of(tmp_path, 6, ENOUGH, None) as project:
        np.testing.assert_allclose(labelled_table(project, CROP).cells.pixel_sizes, 20 / 400)


def test_another_label_gives_another_digest_and_a_random_cell_does_not(tmp_path: Path) -> None:
    with project_of(tmp_path, 10, ENOUGH) as project:
        before = labelled_table(project, CROP).digest
        a = project.classes.named("a")
        project.decide([Decision("label", "more", a.id, "a", "f0", (0, 0, 9, 9), test=True)])
        assert labelled_table(project, CROP).digest == before
        project.decide([Decision("label", "more2", a.id, "a", "f0", (0, 0, 9, 9))])
        assert labelled_table(project, CROP).digest != before
