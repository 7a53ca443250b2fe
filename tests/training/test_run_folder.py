from pathlib import Path

import pytest

from napari_hemalens.config.training import DetectionTraining
from napari_hemalens.errors import TrainingError
from napari_hemalens.training.run_folder import keep_recipe


def test_a_folder_goes_on_only_under_its_own_recipe(tmp_path: Path) -> None:
    keep_recipe(DetectionTraining(epochs=2), tmp_path)
    keep_recipe(DetectionTraining(epochs=5), tmp_path)
    with pytest.raises(TrainingError, match="holds a run of another recipe"):
        keep_recipe(DetectionTraining(learning_rate=0.5), tmp_path)
