import os
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from napari_hemalens.models.kept_models import KeptModel, drop_unused, key_of, note_use

KEPT = KeptModel(torch.arange(5, dtype=torch.uint8), torch.arange(9, dtype=torch.uint8), {"calibration": "abc"})


def test_a_kept_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    KEPT.write(tmp_path / "new" / "part.safetensors")
    found = KeptModel.read(tmp_path / "new" / "part.safetensors")
    assert found is not None
    assert found.model.equal(KEPT.model)
    assert found.weights.equal(KEPT.weights)
    assert found.about == KEPT.about


def test_a_file_that_is_missing_or_damaged_is_none(tmp_path: Path) -> None:
    file = tmp_path / "part.safetensors"
    assert KeptModel.read(file) is None
    KEPT.write(file)
    whole = file.read_bytes()
    numbers = load_file(file)["weights"].numpy().tobytes()
    for damaged in (whole[: len(whole) // 2], b"", whole.replace(numbers, bytes(9))):
        file.write_bytes(damaged)
        assert KeptModel.read(file) is None


def test_a_file_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.warns(UserWarning, match="cannot be kept"):
        KEPT.write(tmp_path / "file" / "part.safetensors")


def test_parts_of_other_numbers_or_layers_have_other_keys() -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed: pip install 'napari-hemalens[fast]'.")
    torch.manual_seed(0)
    one, other = nn.Linear(2, 3), nn.Linear(2, 3)
    same = nn.Linear(2, 3)
    same.load_state_dict(one.state_dict())
    assert key_of(one) == key_of(same)
    assert len({key_of(one), key_of(other), key_of(nn.Sequential(one))}) == 3


def test_models_that_nobody_uses_any_more_are_deleted(tmp_path: Path) -> None:
    old, used, of_int8 = (tmp_path / name for name in ("old.safetensors", "used.safetensors", "int8/part.safetensors"))
    for file in (old, used, of_int8):
        KEPT.write(file)
        os.utime(file, (long_ago := time.time() - 91 * 24 * 3600, long_ago))
    note_use(used)
    drop_unused(tmp_path)
    assert not old.exists()
    assert used.exists()
    assert of_int8.exists()  # made by a person, who would miss it
