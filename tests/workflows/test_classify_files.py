"""Files of images are classified one by one, and what was found is written whatever happens."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pyarrow.parquet
import pytest
import tifffile

from napari_hemalens import workflows
from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import AnnotationError, RecipeError, WeightsError
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.reports.design import Sample
from napari_hemalens.workflows import ClassifiedBatch, Groups, OutlineFiles
from napari_hemalens.workflows.ome_zarr import read_labels

CASES = Path(os.environ.get("HEMALENS_CASES", Path(__file__).parents[3] / "shared" / "cases"))
SHAPE = (120, 160)
# y, x, radius: two alike side by side, one alone, one that the edge cuts
PLACES = ((60, 40, 12), (60, 67, 12), (60, 120, 12), (2, 100, 12))

Run = Callable[..., ClassifiedBatch]


def nuclei(*numbers: int) -> np.ndarray:
    """Return labels of nuclei at the places above, one for each number."""
    labels = np.zeros(SHAPE, dtype=np.int32)
    y, x = np.ogrid[: SHAPE[0], : SHAPE[1]]
    for number, (cy, cx, radius) in zip(numbers, PLACES, strict=False):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = number
    return labels


def field(folder: Path, name: str, labels: np.ndarray) -> Path:
    """Write an image of bright nuclei and its labels; return the image's path."""
    noise = np.random.default_rng(0).normal(900, 20, labels.shape)
    image = (noise + 5000 * (labels > 0)).astype(np.uint16)
    for place, values in (("images", image), ("nuclei", labels)):
        (folder / place).mkdir(exist_ok=True)
        tifffile.imwrite(folder / place / f"{name}.tif", values)
    return folder / "images" / f"{name}.tif"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two images; the numbers of the second go beyond 65,535."""
    return [field(tmp_path, "a", nuclei(1, 2, 3, 4)), field(tmp_path, "b", nuclei(5, 66_000, 70_000))]


def of(files: list[Path]) -> list[Path]:
    """Return the labels of images."""
    return [file.parent.parent / "nuclei" / file.name for file in files]


@pytest.fixture
def recipe(untrained_classifier: ClassifierCard) -> ClassificationRecipe:
    return ClassificationRecipe(weights=str(untrained_classifier.file), device="cpu")


@pytest.fixture
def classified(recipe: ClassificationRecipe, tmp_path: Path) -> Run:
    """Run to the end, into the folder `out` or another."""

    def run(files: list[Path], *, groups: Groups | None = None, out: str = "out", **outlines: Any) -> ClassifiedBatch:
        given = OutlineFiles(**outlines)
        steps = workflows.classify_files_steps(files, recipe, tmp_path / out, outlines=given, groups=groups or Groups())
        return finish(steps)

    return run


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_labels_pictures_and_tables_are_written_and_agree(
    files: list[Path], classified: Run, tmp_path: Path, untrained_classifier: ClassifierCard
) -> None:
    batch = classified(files, labels=of(files))
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        *(f"{stem}.{kind}" for stem in "ab" for kind in ("labels.tif", "micronuclei.tif", "classes.png")),
        *("cells.csv", "summary.csv", "run.json", "records"),
    }
    rows = table(out / "cells.csv")
    assert [(row["image"], int(row["cell"])) for row in rows] == [
        *(("a.tif", n) for n in (1, 2, 3, 4)),
        *(("b.tif", n) for n in (5, 66_000, 70_000)),
    ]
    assert {row["class"] for row in rows} <= {"micronucleus", "none"}
    assert [np.unique(tifffile.imread(out / f"{stem}.labels.tif")).tolist() for stem in "ab"] == [
        [0, 1, 2, 3, 4],
        [0, 5, 66_000, 70_000],
    ]
    assert batch.summary is not None
    positive = sum(row["class"] == "micronucleus" for row in rows)
    (rate,) = [r for r in table(out / "summary.csv") if r["level"] == "pooled" and "per 1,000" in r["measure"]]
    assert (int(rate["count"]), int(rate["total"]), rate["unit"]) == (positive, 7, "nucleus")

    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["weights"] == {untrained_classifier.name: untrained_classifier.sha256}
    assert run["recipe"]["labels"] == [str(path) for path in of(files)]
    assert run["recipe"]["task"] == "micronucleus"
    assert (run["failed"], [image["cells"] for image in run["images"]]) == ([], [4, 3])


def test_a_cell_at_the_border_is_classified_too(files: list[Path], classified: Run) -> None:
    (cells, _) = classified(files, labels=of(files)).fields
    assert CellMap.from_labels(nuclei(1, 2, 3, 4)).at_border.tolist() == [False, False, False, True]
    assert cells.ids.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(cells.probabilities.sum(axis=1), 1, rtol=1e-5)


def test_one_cell_is_enough(classified: Run, tmp_path: Path) -> None:
    file = field(tmp_path, "one", nuclei(1))
    assert [len(cells) for cells in classified([file], labels=of([file])).fields] == [1]


def test_cells_that_are_given_give_the_ratio_of_nucleus_to_cytoplasm(
    files: list[Path], classified: Run, tmp_path: Path
) -> None:
    (tmp_path / "around").mkdir()
    around = tmp_path / "around" / files[0].name
    tifffile.imwrite(around, np.repeat(np.int32([[1, 2]]), 80, axis=1).repeat(SHAPE[0], axis=0))
    classified(files[:1], labels=of(files[:1]), cells=[around])
    rows = table(tmp_path / "out" / "cells.csv")
    nuclei_in_1 = 2 * int(rows[0]["area"])
    assert float(rows[0]["nc_ratio"]) == pytest.approx(nuclei_in_1 / (80 * SHAPE[0] - nuclei_in_1), rel=1e-5)
    assert rows[0]["area_um2"] == ""  # no pixel size
    assert float(rows[0]["mean_intensity"]) > 100
    assert float(rows[0]["eccentricity"]) < 0.1


def test_tables_of_other_programs_are_written_where_asked_for(
    files: list[Path], recipe: ClassificationRecipe, tmp_path: Path
) -> None:
    asked = recipe.model_copy(update={"embeddings": True})
    outlines = OutlineFiles(labels=of(files))
    steps = workflows.classify_files_steps(
        files, asked, tmp_path / "out", outlines=outlines, formats=("csv", "parquet", "h5ad", "ome-zarr")
    )
    batch = finish(steps)
    found = anndata.read_h5ad(tmp_path / "out" / "cells.h5ad")
    assert found.n_obs == pyarrow.parquet.read_table(tmp_path / "out" / "cells.parquet").num_rows == 7
    (labels,) = read_labels(tmp_path / "out" / "b.ome.zarr")
    np.testing.assert_array_equal(np.asarray(labels.image.levels[0]), tifffile.imread(of(files)[1]))
    assert labels.classes == dict(zip(batch.fields[1].ids.tolist(), batch.fields[1].class_names.tolist(), strict=True))
    embeddings = [cells.embeddings for cells in batch.fields if cells.embeddings is not None]
    np.testing.assert_array_equal(found.obsm["X_embedding"], np.concatenate(embeddings))
    plain = finish(workflows.classify_files_steps(files, recipe, tmp_path / "plain", outlines=outlines))
    for one, other in zip(plain.fields, batch.fields, strict=True):
        assert one.embeddings is None
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-5)


def test_nuclei_in_pairs_are_cells_and_are_drawn_for_a_person(
    files: list[Path], classified: Run, tmp_path: Path
) -> None:
    batch = classified(files, labels=of(files), cells="paired")
    assert batch.cells is not None
    assert [cells.tolist() for cells in batch.cells] == [[1, 1, 3, 0], [5, 5, 70_000]]
    assert batch.summary is not None
    assert dict(batch.summary.rows)["Binucleated cells"] == "2"
    drawn = tmp_path / "out" / "a.cells.tif"
    assert np.unique(tifffile.imread(drawn)).tolist() == [0, 1, 3]
    again = classified(files, labels=of(files), cells=[drawn, tmp_path / "out" / "b.cells.tif"], out="again")
    assert again.summary == batch.summary
    assert [row["belongs_to"] for row in table(tmp_path / "again" / "cells.csv")][:4] == ["1", "1", "3", "0"]


def test_without_labels_the_images_are_segmented(files: list[Path], classified: Run, tmp_path: Path) -> None:
    batch = classified(files[1:])
    assert [len(cells) for cells in batch.fields] == [3]
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["recipe"]["segmentation"]["kind"] == "auto"
    assert run["recipe"]["labels"] is None


def test_micronuclei_found_are_counted_of_nuclei_called_micronucleated(
    files: list[Path], classified: Run, tmp_path: Path
) -> None:
    image = tifffile.imread(files[1])
    image[58:63, 138:143] = 5000  # beside the third
    tifffile.imwrite(files[1], image)
    batch = classified(files, labels=of(files))
    assert batch.micronuclei is not None
    assert [counts.tolist() for counts in batch.micronuclei if counts is not None] == [[0, 0, 0, 0], [0, 0, 1]]
    drawn = tifffile.imread(tmp_path / "out" / "b.micronuclei.tif")
    assert np.unique(drawn).tolist() == [0, 70_000]
    rows = table(tmp_path / "out" / "cells.csv")
    # One at least where a nucleus is called micronucleated, though no body was found; else none.
    assert [row["micronuclei"] for row in rows] == ["1" if row["class"] == "micronucleus" else "0" for row in rows]
    pooled = {r["measure"]: r["count"] for r in table(tmp_path / "out" / "summary.csv") if r["level"] == "pooled"}
    assert pooled["nuclei with 1 micronucleus"] == str([row["micronuclei"] for row in rows].count("1"))


def test_micronuclei_may_be_given(files: list[Path], classified: Run, tmp_path: Path) -> None:
    bodies = np.zeros(SHAPE, dtype=np.uint8)
    bodies[58:62, 138:142] = bodies[40:44, 118:122] = bodies[90:93, 40:43] = 1
    for name in "ab":
        tifffile.imwrite(tmp_path / f"{name}.mn.tif", bodies)
    batch = classified(files, labels=of(files), micronuclei=[tmp_path / "a.mn.tif", tmp_path / "b.mn.tif"])
    assert batch.micronuclei is not None
    assert [counts.tolist() for counts in batch.micronuclei if counts is not None] == [[1, 0, 2, 0], [1, 0, 2]]
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["recipe"]["micronuclei"] == [str(tmp_path / f"{name}.mn.tif") for name in "ab"]


def test_in_a_bright_image_micronuclei_are_not_counted_and_that_is_said(
    files: list[Path], classified: Run, tmp_path: Path
) -> None:
    tifffile.imwrite(files[0], (230 - 120 * (nuclei(1, 2, 3, 4) > 0)).astype(np.uint8))
    batch = classified(files, labels=of(files))
    assert not batch.failed
    assert "Micronuclei are counted in fluorescence images" in batch.uncounted[str(files[0])]
    assert batch.micronuclei is not None
    assert [counts is None for counts in batch.micronuclei] == [True, False]
    assert [row["micronuclei"] for row in table(tmp_path / "out" / "cells.csv")][:4] == [""] * 4
    assert not (tmp_path / "out" / "a.micronuclei.tif").exists()
    assert batch.summary is not None
    assert not any("with 1 micronucleus" in label for label, _ in batch.summary.rows)


def test_replicates_and_concentrations_come_from_the_design(files: list[Path], classified: Run) -> None:
    design = {"a": Sample("1", "0"), "b": Sample("1", "10")}
    batch = classified(files, labels=of(files), groups=Groups(design, ("0", "10")))
    assert batch.summary is not None
    assert batch.comparison is not None
    assert [group.level for group in batch.summary.groups].count("concentration") == 2
    assert (batch.comparison.first_counts[1], batch.comparison.second_counts[1]) == (4, 3)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (np.zeros(SHAPE, dtype=np.uint8), "hold no cell"),
        (np.ones((60, 80), dtype=np.uint8), "Labels of 60 x 80 pixels do not fit an image of 120 x 160"),
        (np.full(SHAPE, 0.5, dtype=np.float32), "Values of type float32 are not labels"),
        ((nuclei(1, 2, 3) > 0).astype(np.uint8), "One number stands for many separate cells"),
    ],
)
def test_labels_of_another_image_are_reported_and_the_rest_goes_on(
    files: list[Path], classified: Run, labels: np.ndarray, reason: str, tmp_path: Path
) -> None:
    tifffile.imwrite(of(files)[0], labels)
    batch = classified(files, labels=of(files))
    assert [cells.provenance.image for cells in batch.fields] == [str(files[1])]
    assert reason in batch.failed[str(files[0])]
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert [failure["image"] for failure in run["failed"]] == [str(files[0])]


def test_a_mask_of_all_nuclei_is_parted_where_that_is_asked_for(
    files: list[Path], recipe: ClassificationRecipe
) -> None:
    tifffile.imwrite(of(files)[1], (nuclei(1, 2, 3) > 0).astype(np.uint8))
    parted = recipe.model_copy(update={"relabel": True})
    out = files[0].parent / "out"
    batch = finish(workflows.classify_files_steps(files[1:], parted, out, outlines=OutlineFiles(of(files[1:]))))
    assert batch.fields[0].ids.tolist() == [1, 2, 3]
    assert np.unique(tifffile.imread(out / "b.labels.tif")).tolist() == [0, 1, 2, 3]


def test_an_unreadable_image_costs_only_the_comparison_that_needs_it(files: list[Path], classified: Run) -> None:
    files[0].write_bytes(b"no image")
    batch = classified(files, labels=of(files), groups=Groups(compare=("a.tif", "b.tif")))
    assert len(batch.fields) == 1
    assert batch.comparison is None
    assert "'a.tif' was counted" in batch.failed["comparison"]


def test_a_stopped_run_leaves_what_it_found(files: list[Path], recipe: ClassificationRecipe, tmp_path: Path) -> None:
    steps = workflows.classify_files_steps(files, recipe, tmp_path / "out", outlines=OutlineFiles(of(files)))
    step = next(steps)
    assert (step.done, step.total, step.message) == (1, 2, "a.tif: 4 cells")
    steps.close()
    assert len(table(tmp_path / "out" / "cells.csv")) == 4
    assert (tmp_path / "out" / "summary.csv").exists()
    assert (tmp_path / "out" / "run.json").exists()


def test_a_run_stopped_and_gone_on_with_gives_what_one_run_gives(
    files: list[Path], recipe: ClassificationRecipe, classified: Run, tmp_path: Path
) -> None:
    whole = classified(files, labels=of(files), cells="paired", out="whole")
    given = OutlineFiles(of(files), "paired")
    steps = workflows.classify_files_steps(files, recipe, tmp_path / "out", outlines=given)
    next(steps)
    steps.close()
    batch = classified(files, labels=of(files), cells="paired")
    assert (batch.kept, batch.failed, batch.unpictured) == (1, {}, {})
    assert batch.summary == whole.summary
    for path in (tmp_path / "whole").glob("*.*"):
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()


def test_labels_that_changed_are_looked_at_again_and_a_comparison_may_come(files: list[Path], classified: Run) -> None:
    classified(files, labels=of(files))
    tifffile.imwrite(of(files)[1], nuclei(5, 6))
    batch = classified(files, labels=of(files), groups=Groups(compare=("a.tif", "b.tif")))
    assert batch.kept == 1
    assert batch.comparison is not None
    assert [len(cells) for cells in batch.fields] == [4, 2]


def test_a_damaged_label_image_costs_only_its_image(files: list[Path], classified: Run) -> None:
    whole = of(files)[0].read_bytes()
    of(files)[0].write_bytes(whole[:200])
    batch = classified(files, labels=of(files))
    assert list(batch.failed) == [str(files[0])]
    assert len(batch.fields) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": []}, "0 label images for 2 images"),
        ({"cells": [Path(__file__)]}, "1 label images of cells for 2 images"),
        ({"micronuclei": [Path(__file__)]}, "1 label images of micronuclei for 2 images"),
        ({"groups": Groups({"a": Sample("1", "0")})}, "does not name the image 'b.tif'"),
        ({"groups": Groups(compare=("a.tif", "c.tif"))}, r"'c.tif' to compare. Known: a.tif, b.tif"),
    ],
)
def test_what_cannot_be_reported_is_refused_before_any_work(
    files: list[Path], classified: Run, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(AnnotationError, match=message):
        classified(files, **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("spoil", [lambda data: data[: len(data) // 2], lambda data: data[:-1] + b"x", lambda _: None])
def test_weights_cut_short_altered_or_gone_are_refused(
    files: list[Path], classified: Run, untrained_classifier: ClassifierCard, spoil: Callable[[bytes], bytes | None]
) -> None:
    spoiled = spoil(untrained_classifier.file.read_bytes())
    untrained_classifier.file.unlink()
    if spoiled is not None:
        untrained_classifier.file.write_bytes(spoiled)
    with pytest.raises(WeightsError, match=r"is damaged or was exchanged|is missing"):
        classified(files, labels=of(files))


def test_weights_of_another_task_are_refused(files: list[Path], recipe: ClassificationRecipe, tmp_path: Path) -> None:
    other = recipe.model_copy(update={"task": "leukocyte"})
    with pytest.raises(WeightsError, match="answer the task micronucleus; the task is leukocyte"):
        finish(workflows.classify_files_steps(files, other, tmp_path / "out", outlines=OutlineFiles(of(files))))


def test_labels_that_are_read_are_not_replaced_by_results(files: list[Path], recipe: ClassificationRecipe) -> None:
    folder = of(files)[0].parent
    with pytest.raises(RecipeError, match="folder of their own"):
        next(workflows.classify_files_steps(files, recipe, folder, outlines=OutlineFiles(of(files))))
    assert not (folder / "run.json").exists()


def answers(path: Path) -> list[tuple[str, ...]]:
    """Return what stands of each cell in a table, but for the name of the image."""
    return [tuple(value for key, value in row.items() if key != "image") for row in table(path)]


@pytest.mark.parametrize("names", [("actin", "tubulin", "DAPI"), ("Hoechst", "actin")])
def test_a_dna_channel_gives_what_the_grey_image_gives(
    files: list[Path], classified: Run, tmp_path: Path, names: tuple[str, ...]
) -> None:
    assert not classified(files[:1], labels=of(files[:1])).failed
    wanted = answers(tmp_path / "out" / "cells.csv")
    grey = tifffile.imread(files[0])
    planes = np.random.default_rng(1).integers(0, 4000, (len(names), *SHAPE), dtype=np.uint16)
    planes[[name in {"DAPI", "Hoechst"} for name in names]] = grey
    tifffile.imwrite(files[0], planes, ome=True, metadata={"axes": "CYX", "Channel": {"Name": list(names)}})
    assert not classified(files[:1], labels=of(files[:1])).failed
    assert answers(tmp_path / "out" / "cells.csv") == wanted


@pytest.mark.skipif(not CASES.is_dir(), reason="no cases: set HEMALENS_CASES to their folder")
@pytest.mark.parametrize(
    "case",
    [f"dna_stain_in_colour/{colour}" for colour in ("blue", "green", "red")]
    + [f"multichannel_fluorescence/{planes}" for planes in ("dapi_first", "dapi_third", "two")],
)
def test_stains_in_colour_and_in_channels_give_the_classes_of_grey(case: str, tmp_path: Path) -> None:
    """The channels of the second kind carry noise of their own: grey is the stain alone there."""
    image = next((CASES / case).iterdir())
    labels = next((CASES / case).parent.joinpath("labels").iterdir())
    stain = CASES / "dna_stain_in_colour" / "grey" / "f.png"
    if image.suffix == ".tif":
        stain = tmp_path / "grey.tif"
        planes = tifffile.imread(image)
        tifffile.imwrite(stain, planes[2 if "third" in case else 0])
    tables = []
    for name, file in (("wanted", stain), ("found", image)):
        steps = workflows.classify_files_steps(
            [file], ClassificationRecipe(device="cpu"), tmp_path / name, outlines=OutlineFiles([labels])
        )
        assert not finish(steps).failed
        tables.append(answers(tmp_path / name / "cells.csv"))
    assert tables[0] == tables[1]
    assert 18 <= sum("micronucleus" in row for row in tables[1]) <= 22
