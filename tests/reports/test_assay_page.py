"""The report on classified cells shows figures of all images and of groups, and two groups compared."""

import json
from pathlib import Path

import numpy as np

from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Provenance
from napari_hemalens.reports.assay import summary
from napari_hemalens.reports.assay_page import assay_page
from napari_hemalens.reports.design import Sample
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.page import Page
from napari_hemalens.reports.stored_results import StoredAssay


def classified(image: str, positives: int, names: tuple[str, str]) -> Classified:
    classes = np.repeat([0, 1], [positives, 10 - positives])
    probabilities = np.eye(2, dtype=np.float32)[classes]
    numbers, centres = np.arange(1, 11), np.zeros((10, 2))
    return Classified(numbers, probabilities, classes, names, centres, numbers, (9, 9), Provenance(image=image))


def page(folder: Path, task: str, names: tuple[str, str], images: int = 2, code: str = "en") -> Page:
    (folder / "run.json").write_text(json.dumps({"images": []}))
    results = {f"{k}.tif": classified(f"{k}.tif", 2 + 4 * k, names) for k in range(images)}
    design = {name: Sample("", dose) for name, dose in zip(results, ("control", "10uM"), strict=False)}
    said = summary(list(results.values()), design=design if images == 2 else None) if images else None
    compared = said.compare("control", "10uM").sentence if said and images == 2 and task != "leukocyte" else ""
    run = {"recipe": {"task": task}}
    return assay_page(StoredAssay(folder, run, (), results, said, compared), ReportRecipe(), Language.of(code))


def test_rates_of_nuclei_are_shown_with_groups_and_comparison(tmp_path: Path) -> None:
    made = page(tmp_path, "micronucleus", ("micronucleus", "none"))
    assert made.counts is not None
    rate = made.counts.rows[2]
    assert (rate.title, rate.count, rate.share) == ("micronucleated nuclei per 1,000", "8 of 20", "400.0")
    assert made.title == "Micronucleus assay"
    concentrations, images = made.groups
    assert (concentrations.title, concentrations.names) == ("Concentrations", ("control", "10uM"))
    assert dict(images.rows)["micronucleated nuclei per 1,000"][0] == ("200.0", "56.7–509.8; 2 of 10")  # noqa: RUF001
    assert made.remarks[0] == "The unit is the nucleus."
    assert "Fisher's exact test" in made.remarks[-1]


def test_images_whose_micronuclei_were_not_counted_lack_those_figures(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"images": []}))
    results = {name: classified(name, 2, ("micronucleus", "none")) for name in ("a.tif", "b.tif")}
    for counted in ([None, np.repeat([1, 0], [2, 8])], [np.repeat([1, 0], [2, 8]), None]):
        said = summary(list(results.values()), micronuclei=counted)
        run = {"recipe": {"task": "micronucleus"}}
        (images,) = assay_page(
            StoredAssay(tmp_path, run, (), results, said, ""), ReportRecipe(), Language.of("en")
        ).groups
        rows = dict(images.rows)
        assert rows["micronucleated nuclei"] == (("2", ""), ("2", ""))
        shown = [("8", ""), ("–", "")]  # noqa: RUF001
        assert sorted(rows["nuclei with 0 micronuclei"]) == sorted(shown)
        assert list(rows)[:3] == ["Images", "nuclei", "micronucleated nuclei"]


def test_an_assay_is_told_in_german(tmp_path: Path) -> None:
    made = page(tmp_path, "micronucleus", ("micronucleus", "none"), code="de")
    assert made.counts is not None
    assert [row.title for row in made.counts.rows[:2]] == ["Zellkerne", "Zellkerne mit Mikrokern"]
    assert made.counts.rows[2].share == "400,0"
    assert "exakter Test nach Fisher, zweiseitig, p = 0,1698" in made.remarks[-1]
    assert not any(word in " ".join(made.remarks) for word in (" the ", " of ", " are "))


def test_classes_of_one_image_are_shares_with_intervals(tmp_path: Path) -> None:
    made = page(tmp_path, "all", ("blast", "normal"), images=1)
    assert made.counts is not None
    assert [(row.title, row.count, row.share) for row in made.counts.rows[1:]] == [
        ("blast", "2 of 10", "20.0"),
        ("normal cell", "8 of 10", "80.0"),
    ]
    assert made.counts.rows[1].colour == "#aa3377"
    assert made.groups == ()


def test_a_run_without_cells_says_so(tmp_path: Path) -> None:
    made = page(tmp_path, "leukocyte", ("neutrophil", "monocyte"), images=0)
    assert made.remarks == ("No cell was classified.",)
