"""The study of what moves boxes runs from annotated images to a table, and what it compares is comparable."""

from dataclasses import replace
from pathlib import Path

import pytest

from napari_hemalens.errors import RecipeError, TrainingError
from napari_hemalens.experiments.box_refinement import BUDGETS, SAMPLES, box_refinement_steps, split_for_refinement
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.refinement_variants import ROWS
from napari_hemalens.progress import finish
from napari_hemalens.training.detection import read_data


def test_a_variant_that_starts_from_another_comes_after_it() -> None:
    assert set(SAMPLES) == set(BUDGETS)
    names = list(ROWS)
    for name, row in ROWS.items():
        assert not row.starts_from or names.index(row.starts_from) < names.index(name)


def test_second_looks_learn_from_images_that_the_detector_has_not_seen(fields: Path) -> None:
    data = read_data([fields], None)
    for images, left in ((4, 2), (None, 1)):
        base, others = split_for_refinement(data, images)
        assert len(others) == left
        names = [{f.provenance.image for f in part} for part in (base.train, others)]
        assert not names[0] & names[1]
    with pytest.raises(TrainingError, match="none is left"):
        split_for_refinement(data, 6)


def test_images_are_held_out_from_every_class_of_a_sorted_list(fields: Path) -> None:
    data = read_data([fields], None)
    many = replace(data, train=data.train * 50)  # copies of the same records would count as seen
    many = replace(many, train=tuple(replace(field) for field in many.train))
    places = {id(field): place for place, field in enumerate(many.train)}
    _, others = split_for_refinement(many, 100)
    first = [places[id(field)] for field in others[:40]]
    assert first != sorted(first)
    assert min(first) < 60
    assert max(first) > 240
    assert [id(field) for field in split_for_refinement(many, 100)[1]] == [id(field) for field in others]


@pytest.mark.slow
def test_variants_share_one_detector_and_finished_trials_are_read(fields: Path, tmp_path: Path) -> None:
    options = ExperimentOptions((fields,), tmp_path, preset="ci")
    first = finish(box_refinement_steps(options))
    again = finish(box_refinement_steps(options))
    assert [trial.row for trial in first.trials] == list(ROWS)
    assert again.trials == first.trials
    still, oracle = (first.trials_of(name)[0] for name in ("still", "oracle-fine"))
    assert still.held["moved"] == 0
    assert still.held["IoU"] == still.held["IoU before"] < oracle.held["IoU"]
    assert all(trial.held["IoU before"] == still.held["IoU before"] for trial in first.trials)
    assert first.gains("still", "AP") == [0]

    said = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "NO RESULT" in said
    assert "| boxes not moved | 1 |" in said
    assert "oracle" in first.text()
    still_file, paper_file = (
        tmp_path / "trials" / f"{name}, seed 0" / "refinement.json" for name in ("still", "paper")
    )
    still_file.write_bytes(paper_file.read_bytes())
    with pytest.raises(TrainingError, match="another recipe"):
        finish(box_refinement_steps(options))


def test_a_row_without_the_one_that_it_starts_from_is_refused(fields: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="starts from 'imitation': ask for both"):
        finish(box_refinement_steps(ExperimentOptions((fields,), tmp_path, rows=("imitation-reward",))))


def test_a_row_that_is_not_there_is_refused_by_name(fields: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"No row 'magic'\. Known: still, paper, adamw"):
        finish(box_refinement_steps(ExperimentOptions((fields,), tmp_path, rows=("magic",))))
