"""Model cards are found by name or by file, and refused where they say too little."""

from pathlib import Path

import pytest

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights
from napari_hemalens.models.cards import DetectorCard


def test_a_card_is_found_by_either_of_its_files(untrained: DetectorCard) -> None:
    assert weights.detector_card(untrained.file) == untrained
    assert untrained.folder == untrained.file.parent


def test_unknown_weights_are_refused_with_those_that_are_known() -> None:
    with pytest.raises(WeightsError, match=r"No weights 'wbc'. Known: "):
        weights.detector_card("wbc")


def test_a_card_that_lacks_what_a_card_must_say_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")
    with pytest.raises(WeightsError, match="does not describe weights"):
        weights.detector_card(tmp_path / "a.json")


@pytest.mark.parametrize("name", weights.packed())
def test_packed_weights_are_as_published_and_say_where_they_come_from(name: str) -> None:
    card = weights.model_card(name)
    weights.verify(card)
    assert card.name == name
    assert card.data
    assert card.licence
    assert card.metrics


def test_installed_weights_that_cannot_be_used_are_told_apart(installed_weights: Path) -> None:
    packed = weights.detector_card("marrow-lite")
    for name in ("marrow-lite", "alone"):
        (installed_weights / f"{name}.json").write_text(
            packed.model_copy(update={"name": name}).model_dump_json(), encoding="utf-8"
        )
    (installed_weights / "broken.json").write_bytes(b"\xff")
    reasons = weights.unusable_cards()
    assert "packed weights are called marrow-lite, too" in reasons["marrow-lite"]
    assert "alone.safetensors is missing" in reasons["alone"]
    assert "does not describe weights" in reasons["broken"]
    assert weights.installed() == ()
    assert weights.detector_card("marrow-lite") == packed
    with pytest.raises(WeightsError, match="does not describe weights"):
        weights.model_card("broken")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Invalid JSON"),
        ('{"task": "detection"}', "name: Field required"),
        ('{"task": "all", "name": "a"}', "description: Field required"),
        ('{"task": "astrology"}', "name: Field required"),
    ],
)
def test_what_is_wrong_with_a_card_is_said_of_its_kind(text: str, said: str) -> None:
    with pytest.raises(WeightsError, match=f"mine does not describe weights: {said}"):
        weights.read_card(text.encode(), "mine")
