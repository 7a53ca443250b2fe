from dataclasses import replace
from pathlib import Path

import pytest

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import DeviceError, WeightsError
from napari_hemalens.evaluation import quantising
from napari_hemalens.models import weights_folders
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.int8_cards import LOSSES, Int8Card
from napari_hemalens.progress import finish

pytest.importorskip("openvino", reason="OpenVINO is not installed: pip install 'napari-hemalens[fast]'.")
pytest.importorskip("nncf", reason="NNCF is not installed: pip install 'napari-hemalens[fast]'.")


def test_a_form_that_loses_little_is_kept_and_another_is_refused(
    untrained: DetectorCard, two_fields: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_folders, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(quantising, "quantise", lambda part, _, about: replace(part.kept, about=about))  # in 32 bits
    recipe = DetectionRecipe(weights=str(untrained.file), pixel_size_um=0.15, tile=320)
    options = recipe.model_dump() | {"precision": "int8", "device": "cpu"}
    image = min((two_fields / "images").iterdir())

    def form() -> Int8Card:
        return finish(workflows.quantise_weights_steps([image], recipe, data=two_fields))

    monkeypatch.setitem(LOSSES, "AP", -1.0)  # so that no form is good enough
    with pytest.raises(WeightsError, match=r"loses too much and is not kept: AP .* in int8 \(two_fields.*, 2 images\)"):
        form()
    assert workflows.int8_card(untrained.file) is None
    with pytest.raises(DeviceError, match=r"^There is no form of int8"):
        workflows.detect(image, **options)

    monkeypatch.setitem(LOSSES, "AP", 0.003)
    made = form()
    assert workflows.int8_card(untrained.file) == made
    assert made.images == (str(image),)
    assert dict(made.weights) == {"untrained": untrained.sha256}
    assert [(each.of, each.single - each.int8) for each in made.measured] == [("AP", pytest.approx(0, abs=1e-3))]
    found = workflows.detect(image, **options).provenance
    assert found.versions["int8 calibration"] == made.calibration[:12]
