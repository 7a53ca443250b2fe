"""Model cards are found by name or by file, and refused where they say too little."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights, weights_folders
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.storage import load_detector


def test_a_card_is_found_by_either_of_its_files(untrained: DetectorCard) -> None:
    assert weights.detector_card(untrained.file) == untrained
    assert untrained.folder == untrained.file.parent


def test_weights_that_were_renamed_say_what_to_call_them(untrained: DetectorCard) -> None:
    for suffix in (".json", ".safetensors"):
        untrained.file.with_suffix(suffix).rename(untrained.folder / f"mine{suffix}")
    with pytest.raises(WeightsError, match=rf"mine\.json is the card of the weights {untrained.name}, .* again\."):
        weights.detector_card(untrained.folder / "mine.safetensors")


def test_unknown_weights_are_refused_with_those_that_are_known() -> None:
    with pytest.raises(WeightsError, match=r"No weights 'wbc'. Known: "):
        weights.detector_card("wbc")


def test_a_file_without_its_card_says_what_must_lie_beside_it(untrained: DetectorCard) -> None:
    untrained.file.with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match=r"^untrained\.safetensors has no model card: untrained\.json must lie"):
        weights.detector_card(untrained.file)
    untrained.file.unlink()
    with pytest.raises(WeightsError, match=r"^There is no .*untrained\.safetensors\.$"):
        weights.detector_card(untrained.file)


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


@pytest.mark.parametrize(
    "change",
    [
        {"classes": ["platelet", "erythrocyte", "lymphocyte"]},
        {"score_threshold": 0.9},
        {"std": [0.5, 0.5, 0.5]},
        {"x": 1},
    ],
)
def test_a_card_that_was_altered_after_it_was_written_is_refused(
    untrained: DetectorCard, change: dict[str, Any]
) -> None:
    file = untrained.file.with_suffix(".json")
    file.write_text(weights.card_text(untrained), encoding="utf-8")
    assert weights.detector_card(file) == untrained
    said = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(said, indent=1), encoding="utf-8")
    assert weights.detector_card(file) == untrained  # what it says counts, and not how it is laid out
    file.write_text(json.dumps(said | change), encoding="utf-8")
    with pytest.raises(WeightsError, match=r"was altered after it was written|does not describe weights: x"):
        weights.detector_card(file)


def test_a_card_changed_by_hand_is_taken_again_once_it_is_sealed(untrained: DetectorCard) -> None:
    file = untrained.file.with_suffix(".json")
    said = json.loads(weights.card_text(untrained)) | {"score_threshold": 0.9}
    file.write_text(json.dumps(said), encoding="utf-8")
    assert weights.seal_card(file).score_threshold == 0.9
    assert weights.detector_card(file).score_threshold == 0.9
    assert file.read_text(encoding="utf-8") == weights.card_text(weights.detector_card(file))
    untrained.file.write_bytes(b"others")
    with pytest.raises(WeightsError, match="is damaged or was exchanged"):
        weights.seal_card(file)
    file.write_text("[1]", encoding="utf-8")
    with pytest.raises(WeightsError, match="does not describe weights"):
        weights.seal_card(file)
    with pytest.raises(WeightsError, match=r"There is no model card .*none\.json"):
        weights.seal_card(file.with_name("none.json"))


def test_a_packed_card_is_refused_if_it_was_altered_or_is_not_sealed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = json.loads((weights.PACKED / "leukocyte-types.json").read_text(encoding="utf-8"))
    monkeypatch.setattr(weights_folders, "PACKED", tmp_path)
    changed = said | {"classes": said["classes"][::-1]}
    unsealed = {key: value for key, value in said.items() if key != "card_sha256"}
    for card, why in ((changed, "was altered after it was written"), (unsealed, "has no card_sha256")):
        (tmp_path / "leukocyte-types.json").write_text(json.dumps(card), encoding="utf-8")
        with pytest.raises(WeightsError, match=why):
            weights.classifier_card("leukocyte-types")


def test_a_deviation_of_zero_is_refused(untrained: DetectorCard) -> None:
    file = untrained.file.with_suffix(".json")
    said = json.loads(untrained.model_dump_json())
    file.write_text(json.dumps(said | {"std": [0.0, 1.0, 1.0]}), encoding="utf-8")
    with pytest.raises(WeightsError, match="does not describe weights: std"):
        weights.detector_card(file)


def test_weights_that_would_add_to_themselves_are_refused(untrained: DetectorCard) -> None:
    file = untrained.file.with_suffix(".json")
    own = untrained.model_copy(update={"base": str(untrained.file), "base_sha256": untrained.sha256})
    file.write_text(weights.card_text(own), encoding="utf-8")
    for use in (lambda: weights.whole_hashes(file), lambda: load_detector(own, torch.device("cpu"))):
        with pytest.raises(WeightsError, match="is damaged: untrained would add to itself"):
            use()


def test_the_hash_of_the_whole_covers_card_file_and_base(untrained: DetectorCard) -> None:
    file = untrained.file.with_suffix(".json")
    first = weights.whole_hashes(file, None, "none")
    assert list(first) == ["untrained"]
    other = untrained.model_copy(update={"score_threshold": 0.9})
    file.write_text(weights.card_text(other), encoding="utf-8")
    assert weights.whole_hashes(file) != first
    assert list(weights.whole_hashes("marrow-attention")) == ["marrow-attention", "marrow-lite"]


@pytest.mark.parametrize("text", [b'{"name": "\xff\xfe"}', b"[" * 100_000, '{"name": 1}'.encode("utf-16")])
def test_a_card_that_is_no_text_or_nested_too_deep_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(WeightsError, match="does not describe weights"):
        weights.detector_card(tmp_path / "a.json")
