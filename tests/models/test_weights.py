"""Model cards: found by name or by file, and refused where they say too little."""

from pathlib import Path

import pytest

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights
from napari_hemalens.models.weights import DetectorCard


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


@pytest.mark.parametrize("name", weights.known())
def test_packed_weights_are_as_published_and_say_where_they_come_from(name: str) -> None:
    card = weights.model_card(name)
    weights.verify(card)
    assert card.name == name
    assert card.data
    assert card.licence
    assert card.metrics
