from pathlib import Path

import pytest

from napari_hemalens.models import int8_cards, weights_folders
from napari_hemalens.models.int8_cards import Int8Card, Measured


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_folders, "cache_folder", lambda: tmp_path)


def test_a_card_is_read_as_it_was_written() -> None:
    card = Int8Card(
        weights={"marrow-lite": "ab"},
        calibration="cd",
        images=("one.jpg",),
        measured=(Measured("AP", "val, 3 images", 0.5, 0.498),),
        versions={"nncf": "3"},
    )
    card.write("ab")
    assert Int8Card.read("ab") == card
    assert Int8Card.read("another") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"measured": [{"of": "AP"}]}'])
def test_a_card_that_cannot_be_read_is_none(text: str) -> None:
    file = int8_cards.file_of("ab")
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    assert Int8Card.read("ab") is None


@pytest.mark.parametrize(("of", "int8", "too_much"), [("AP", 0.498, False), ("AP", 0.49, True), ("AP", 0.6, False)])
def test_a_form_may_lose_less_than_the_limit(of: str, int8: float, too_much: bool) -> None:
    measured = Measured(of, "val", 0.5, int8)
    assert measured.too_much is too_much
    assert measured.sentence == f"AP 0.5000 in single precision, {int8:.4f} in int8 (val)"
