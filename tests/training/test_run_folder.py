from pathlib import Path

import numpy as np
import pytest

from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.training.run_folder import data_hash, keep_recipe


def test_a_folder_goes_on_only_under_its_own_recipe(tmp_path: Path) -> None:
    keep_recipe(DetectionTraining(epochs=2), tmp_path, "a")
    (tmp_path / "last.ckpt").touch()
    keep_recipe(DetectionTraining(epochs=5, least_steps=200), tmp_path, "a")
    with pytest.raises(TrainingError, match="holds a run of another recipe"):
        keep_recipe(DetectionTraining(learning_rate=0.5), tmp_path, "a")


def test_a_folder_goes_on_only_with_its_own_data(tmp_path: Path) -> None:
    keep_recipe(DetectionTraining(), tmp_path, "a")
    (tmp_path / "last.ckpt").touch()
    keep_recipe(DetectionTraining(), tmp_path, "a")
    with pytest.raises(TrainingError, match=r"holds a run on other data \(data.json\)"):
        keep_recipe(DetectionTraining(), tmp_path, "b")
    (tmp_path / "data.json").unlink()  # of a run that began before there was one
    keep_recipe(DetectionTraining(), tmp_path, "b")


def test_a_run_that_was_refused_before_it_learned_takes_another_recipe(tmp_path: Path) -> None:
    keep_recipe(DetectionTraining(batch=8), tmp_path, "a")  # more than there are images: "lower `batch`"
    keep_recipe(DetectionTraining(batch=1), tmp_path, "b")
    (tmp_path / "mine.safetensors").touch()
    with pytest.raises(TrainingError, match="holds a run of another recipe"):
        keep_recipe(DetectionTraining(batch=8), tmp_path, "b")


def test_data_are_the_same_wherever_they_lie_and_others_are_not(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.png").write_bytes(b"123")
    (tmp_path / "b" / "2.png").write_bytes(b"1234")
    boxes, names = np.array([[1, 2, 3, 4]], np.float32), np.array(["blast"])
    first = data_hash([tmp_path / "a" / "1.png"], boxes, names)
    assert data_hash([tmp_path / "b" / "1.png"] * 2, boxes, names) == first
    others = (
        data_hash([tmp_path / "b" / "2.png"], boxes, names),
        data_hash([tmp_path / "a" / "1.png"], boxes + 1, names),
        data_hash([tmp_path / "a" / "1.png"], boxes, np.array(["other"])),
        data_hash([tmp_path / "a" / "1.png"], boxes[:0], names[:0]),
    )
    assert len({first, *others}) == 5
