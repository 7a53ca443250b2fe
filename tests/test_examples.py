"""The examples run as they stand, and say and write what they promise."""

import csv
import re
import runpy
import sys
from pathlib import Path

import pytest
import tifffile
from PIL import Image

ROOT = Path(__file__).parents[1]


@pytest.fixture
def run_example(tmp_path, monkeypatch, capsys):
    def run(name, *arguments):
        """Run an example in an empty folder and return what it prints; in this process, which has imported torch."""
        example = ROOT / "examples" / name
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [str(example), *map(str, arguments)])
        runpy.run_path(str(example), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.fixture(scope="module")
def part_of_a_smear(tmp_path_factory):
    """A quarter of the sample smear, which takes a quarter of the time."""
    pixels = tifffile.imread(ROOT / "sample_data" / "blood_smear.tif")[600:, :800]
    file = tmp_path_factory.mktemp("smear") / "part.tif"
    tifffile.imwrite(file, pixels, photometric="rgb", resolution=(1e4 / 0.15, 1e4 / 0.15), resolutionunit="CENTIMETER")
    return file


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_classes_are_taught_and_kept_in_a_project(run_example, part_of_a_smear, tmp_path):
    said = run_example("teach_classes.py", part_of_a_smear)
    assert re.search(r"\{'nucleated': \d+, 'other': \d+\}", said)
    assert "cells are taken for nucleated" in said
    assert len((tmp_path / "project" / "labels.jsonl").read_text().splitlines()) == 30


def test_two_observers_are_compared(run_example, tmp_path):
    said = run_example("agreement.py")
    assert re.search(r"Ann and Ben agree on \d\d\.\d % of \d+ cells", said)
    assert re.search(r"band_neutrophil: (\d+) and \d+ cells", said)
    assert (tmp_path / "agreement_of_observers" / "agreement.html").is_file()


@pytest.mark.slow
def test_one_image_becomes_a_differential_a_picture_and_tables(run_example, tmp_path):
    said = run_example("detect_one_image.py")
    out = tmp_path / "cells_of_one_image"
    assert "200 nucleated cells in blood" in said
    assert {path.name for path in out.iterdir()} == {
        *("overlay.png", "cells.csv", "counts.csv", "differential.csv", "coco.json", "run.json")
    }
    cells = rows(out / "cells.csv")
    assert len([cell for cell in cells if cell["class"] == "erythrocyte"]) > 300
    assert f"of {len(cells)} cells have a score of 0.9 or more" in said
    with Image.open(out / "overlay.png") as picture:
        assert picture.size == (1600, 1200)


@pytest.mark.slow
def test_cells_are_handed_to_other_programs(run_example, part_of_a_smear, tmp_path):
    said = run_example("exchange.py", part_of_a_smear)
    cells = int(re.search(r"AnnData: (\d+) cells, box_height_um", said)[1])
    assert cells > 50
    assert f"Parquet: {cells} rows" in said
    assert f"OME-Zarr: (3, 600, 800) pixels, {cells} cells" in said
    assert re.search(r"QuPath: detection [0-9a-f-]{36} is \w+", said)
    assert float(re.search(r"erythrocyte\s+([\d.]+)", said)[1]) == pytest.approx(7.5, abs=1.5)  # um


@pytest.mark.slow
def test_the_fields_of_a_folder_make_one_differential(run_example, tmp_path):
    said = run_example("detect_folder.py")
    assert "3 of 3: blood-1002.jpg" in said
    assert "images: 3" in said
    counted = rows(tmp_path / "cells_of_a_folder" / "counts.csv")
    assert len({row["image"] for row in counted}) == 3


@pytest.mark.slow
def test_two_groups_of_a_projects_patients_are_compared(run_example, tmp_path):
    said = run_example("compare_groups.py")
    assert "6 slides, groups control and case" in said
    assert "case compared with control" in said
    results = tmp_path / "compared_project" / "results"
    assert {row["group"] for row in rows(results / "detect-1-groups" / "patients.csv")} == {"control", "case"}
    assert rows(results / "detect-1-groups" / "tests.csv")


@pytest.mark.slow
def test_a_folder_of_the_users_own_is_taken_and_a_damaged_image_named(run_example, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    Image.new("RGB", (300, 200), (235, 230, 235)).save(folder / "glass.png")
    (folder / "broken.png").write_bytes(b"no picture")
    said = run_example("detect_folder.py", "mine", "results")
    assert "not read: Cannot read mine/broken.png" in said
    assert "glass.png: 0 cells" in said
    assert (tmp_path / "results" / "run.json").is_file()


@pytest.mark.slow
def test_layers_show_the_cells_and_a_correction_changes_the_count(run_example):
    said = run_example("napari_headless.py")
    assert "2 layers: " in said
    assert "(Image)" in said
    assert "(Shapes)" in said
    found, corrected = map(int, re.search(r"(\d+) cells found, (\d+) after", said).groups())
    assert corrected == found - 1 > 20
    assert "plasma_cell (1 given by hand)" in said


@pytest.mark.slow
def test_a_pyramid_is_looked_into_by_region(run_example, tmp_path):
    said = run_example("whole_slide.py")
    assert "3 levels: 5120 x 7680, 1280 x 1920, 320 x 480; 0.150 um a pixel" in said
    tiles = [(int(tile), int(last)) for tile, last in re.findall(r"^tile (\d+) of (\d+)", said, re.MULTILINE)]
    assert tiles == [(tile, len(tiles)) for tile in range(1, len(tiles) + 1)]
    with Image.open(tmp_path / "overview.png") as picture:
        assert picture.size == (960, 640)
    cells = next(line for line in said.splitlines() if " cells, between " in line)
    count, low, high = (int(word) for word in cells.split() if word.isdigit())
    assert count > 100
    assert low >= 1960
    assert high <= 4440


@pytest.mark.slow
def test_training_ends_in_weights_that_detect(run_example, tmp_path):
    said = run_example("train_on_your_cells.py")
    assert "4 of 4: loss" in said
    assert (tmp_path / "my_detector" / "my-detector.safetensors").is_file()
    assert "at scores of my-detector" in said


@pytest.mark.slow
def test_nuclei_are_outlined_classified_and_reported(run_example, tmp_path):
    said = run_example("classify_nuclei.py")
    nuclei = rows(tmp_path / "classified_nuclei" / "cells.csv")
    assert f"nuclei {len(nuclei):,}" in " ".join(said.split())
    assert "micronucleated nuclei per 1,000" in said
    assert {row["class"] for row in nuclei} == {"micronucleus", "none"}
    (first,) = re.findall(r"Look at these first: (\d+)", said)
    assert max(nuclei, key=lambda row: float(row["entropy"]))["cell"] == first


@pytest.mark.slow
def test_a_heatmap_lies_in_the_frame_of_the_image(run_example, tmp_path):
    said = run_example("explain_nuclei.py")
    heatmap = tifffile.imread(tmp_path / "explained_nuclei" / "heat.tif")
    with Image.open(tmp_path / "explained_nuclei" / "heat.png") as picture:
        assert picture.size == heatmap.shape[::-1]
    told = re.findall(r"^nucleus \d+: looked most at y (-?\d+), x (-?\d+)", said, re.MULTILINE)
    assert len(told) >= 5
    inside = [(int(y), int(x)) for y, x in told if 0 <= int(y) < heatmap.shape[0] and 0 <= int(x) < heatmap.shape[1]]
    # What is told is rounded to a pixel, and guided maps are sharp: the heat is looked for in the pixels around it.
    assert min(heatmap[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].max() for y, x in inside) > 0.3


@pytest.mark.slow
def test_the_full_story_ends_in_a_picture_of_where_the_network_looked(run_example, part_of_a_smear, tmp_path):
    said = run_example("full_story.py", part_of_a_smear)
    (named,) = (line for line in said.splitlines() if line.startswith("By the classifier: "))
    counts = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", named)}
    assert counts["neutrophil"] >= 2
    assert sum(counts.values()) >= 4
    with Image.open(tmp_path / "full_story.png") as picture:
        assert picture.size == (800, 600)
