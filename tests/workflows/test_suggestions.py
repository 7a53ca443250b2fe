"""Suggestions for images in files: a table, a sheet, and what cannot be read."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.config.active_learning import SuggestionRecipe
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.workflows import GivenCells, SuggestedCells

Run = Callable[..., SuggestedCells]
SHADES = {3: 40, 5: 90, 8: 140, 9: 190}
"""Of the cells of each image, by number."""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two images of four cells, and labels beside them."""
    found = []
    for name in ("a", "b"):
        image, labels = np.full((120, 120, 3), 235, np.uint8), np.zeros((120, 120), np.uint16)
        y, x = np.ogrid[:120, :120]
        for place, (number, shade) in enumerate(SHADES.items()):
            cy, cx = (30 + 60 * i for i in divmod(place, 2))
            inside = (y - cy) ** 2 + (x - cx) ** 2 < 12**2
            image[inside], labels[inside] = (shade, 60, 150), number
        for folder, values in (("images", image), ("labels", labels)):
            (tmp_path / folder).mkdir(exist_ok=True)
            iio.imwrite(tmp_path / folder / f"{name}.png", values)
        found.append(tmp_path / "images" / f"{name}.png")
    return found


def labels_of(files: list[Path]) -> list[Path]:
    return [file.parent.parent / "labels" / file.name for file in files]


@pytest.fixture
def suggested(untrained_classifier: ClassifierCard, tmp_path: Path) -> Run:
    """Run to the end, into the folder `out`."""
    card = untrained_classifier
    recipe = ClassificationRecipe(task=card.task, weights=str(card.file), device="cpu", pixel_size_um=0.2)

    def run(files: list[Path], named: Path | None = None, **choice: object) -> SuggestedCells:
        given = GivenCells(labels_of(files), named)
        options = SuggestionRecipe.from_options(**{"first": 3, **choice})
        return finish(workflows.suggest_cells_steps(files, recipe, options, tmp_path / "out", given=given))

    return run


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_a_table_a_sheet_and_a_record_are_written(suggested: Run, files: list[Path], tmp_path: Path) -> None:
    found = suggested(files)
    assert (found.cells, found.named, len(found.chosen)) == (8, 0, 3)
    rows = table(tmp_path / "out" / "suggestions.csv")
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert {row["image"] for row in rows} <= {"a.png", "b.png"}
    assert all(int(row["cell"]) in SHADES and row["class"] == "" for row in rows)
    margins = [float(row["margin"]) for row in rows]
    assert margins == sorted(margins)
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert (run["strategy"], run["first"], run["cells"]) == ("margin", 3, 8)
    assert run["files"] == [str(file) for file in files]
    assert list(run["pixel_sizes_um"]) == run["images"]
    assert {"labels", "named_by"} <= run.keys()


def test_the_sheet_shows_the_cells_of_the_table(suggested: Run, files: list[Path], tmp_path: Path) -> None:
    suggested(files, first=8, strategy="random")
    sheet = iio.imread(tmp_path / "out" / "suggestions.png")
    for k, row in enumerate(table(tmp_path / "out" / "suggestions.csv")):
        middle = sheet[6 + 48, 6 + k * 102 + 48]
        assert middle.tolist() == [SHADES[int(row["cell"])], 60, 150]


def test_cells_that_have_a_name_are_not_suggested(suggested: Run, files: list[Path], tmp_path: Path) -> None:
    first = suggested(files, first=5)
    assert len(first.chosen) == 5
    filled = tmp_path / "filled.csv"
    text = (tmp_path / "out" / "suggestions.csv").read_text(encoding="utf-8").splitlines()
    filled.write_text("\n".join([text[0], *(f"{line}some class" for line in text[1:])]) + "\n", encoding="utf-8")
    before = {(row["image"], row["cell"]) for row in table(filled)}
    second = suggested(files, filled, first=50)
    after = {(row["image"], row["cell"]) for row in table(tmp_path / "out" / "suggestions.csv")}
    assert (second.cells, second.named) == (8, 5)
    assert len(after) == 3
    assert not before & after


def test_a_table_in_which_classes_were_filled_in_is_not_replaced(
    suggested: Run, files: list[Path], tmp_path: Path
) -> None:
    suggested(files)
    suggested(files)  # nothing is filled in: written anew
    written = tmp_path / "out" / "suggestions.csv"
    rows = table(written)
    with written.open("w", encoding="utf-8", newline="") as lines:
        out = csv.DictWriter(lines, rows[0].keys())
        out.writeheader()
        out.writerows([{**rows[0], "class": "blast"}, *rows[1:]])
    with pytest.raises(AnnotationError, match=r"suggestions\.csv has classes that were filled in"):
        suggested(files)
    assert table(written)[0]["class"] == "blast"


def test_images_that_cannot_be_read_are_reported(suggested: Run, files: list[Path], tmp_path: Path) -> None:
    files[0].write_bytes(b"no image")
    found = suggested(files)
    assert list(found.failed) == ["a.png"]
    assert found.images == ("b.png",)
    assert {row["image"] for row in table(tmp_path / "out" / "suggestions.csv")} == {"b.png"}


def test_images_without_labels_are_segmented(untrained_classifier: ClassifierCard, files: list[Path]) -> None:
    card, out = untrained_classifier, files[0].parent.parent / "segmented"
    recipe = ClassificationRecipe(task=card.task, weights=str(card.file), device="cpu", pixel_size_um=0.4)
    steps = workflows.suggest_cells_steps(files[:1], recipe, SuggestionRecipe(), out)
    found = finish(steps)
    assert found.cells > 0
    assert (out / "a.labels.tif").is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [("image,cell\nc.png,3\n", "names cells of c.png, which is none of the images: a.png, b.png")],
)
def test_named_cells_of_other_images_are_refused(
    text: str, message: str, suggested: Run, files: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "named.csv").write_text(text, encoding="utf-8")
    with pytest.raises(AnnotationError, match=message):
        suggested(files, tmp_path / "named.csv")


def test_a_named_cell_that_is_not_there_is_reported(suggested: Run, files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "named.csv").write_text("image,cell\na.png,7\n", encoding="utf-8")
    found = suggested(files, tmp_path / "named.csv")
    assert found.failed == {"a.png": "a.png has no cell 7, which is said to have a name."}


def test_weights_of_whole_fields_are_refused(untrained_of_fields: ClassifierCard, files: list[Path]) -> None:
    card = untrained_of_fields
    recipe = ClassificationRecipe(task=card.task, weights=str(card.file), device="cpu")
    with pytest.raises(AnnotationError, match="name whole images, not the cells of them: choose others"):
        next(workflows.suggest_cells_steps(files, recipe, SuggestionRecipe(), files[0].parent.parent / "out"))


def test_results_do_not_lie_among_the_images(suggested: Run, files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    beside = [file.rename(tmp_path / "out" / file.name) for file in files]
    with pytest.raises(RecipeError, match="folder of their own"):
        suggested(beside)


def test_an_image_that_the_weights_cannot_judge_is_named(
    files: list[Path], nucleated: ClassifierCard, tmp_path: Path
) -> None:
    labels = iio.imread(labels_of(files)[1])
    iio.imwrite(files[1], np.where(labels > 0, 200, 10).astype(np.uint8))
    recipe = ClassificationRecipe(task=nucleated.task, weights=str(nucleated.file), device="cpu", pixel_size_um=0.2)
    found = finish(
        workflows.suggest_cells_steps(
            files, recipe, SuggestionRecipe(first=1), tmp_path / "out", given=GivenCells(labels_of(files))
        )
    )
    (note,) = found.notes
    assert note.startswith(f"Dark ground, as of fluorescence: the weights {nucleated.name} know only stained cells")
    assert note.endswith("(1 of 2 images: b.png)")
    assert json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["notes"] == [note]
