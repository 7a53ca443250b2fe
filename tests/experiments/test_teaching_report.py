"""The table of a simulated annotation."""

from pathlib import Path

from napari_hemalens.experiments.teaching_report import TeachingTable
from napari_hemalens.formats.tables import read_rows


def test_the_table_says_mean_and_deviation() -> None:
    table = TeachingTable("Teaching", (20, 40), {"random": [[0.5, 0.6], [0.7, 0.6]]})
    assert "| random | 0.600 ± 0.141 | 0.600 ± 0.000 |" in table.text()


def test_what_training_brought_stands_below_the_table_and_in_the_csv(tmp_path: Path) -> None:
    table = TeachingTable("Teaching", (20, 40), {"margin": [[0.5, 0.6], [0.7, 0.6]]}, trained=(0.75, 0.85))
    table.write(tmp_path)
    assert "from the 40 labels of `margin`: 0.800 ± 0.071." in (tmp_path / "teaching.md").read_text(encoding="utf-8")
    rows = read_rows(tmp_path / "teaching.csv", ("strategy", "trial", "labels", "balanced_accuracy"), "figures")
    assert [row["balanced_accuracy"] for row in rows if row["strategy"] == "train-properly"] == ["0.75", "0.85"]
