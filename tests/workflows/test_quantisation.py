from pathlib import Path

import pytest

from napari_hemalens import extras, workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import MissingPackageError
from napari_hemalens.progress import finish


def test_a_form_of_int8_needs_packages_that_are_named(two_fields: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "nncf" else object())
    with pytest.raises(MissingPackageError, match=r"nncf: pip install 'napari-hemalens\[fast\]'"):
        finish(workflows.quantise_weights_steps([two_fields / "images"], DetectionRecipe()))
