"""A network written as ONNX answers as torch does, on any number of cells, and says what it is."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from napari_hemalens.config.networks import Views
from napari_hemalens.errors import WeightsError
from napari_hemalens.models import portable
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.portable import answer, build_portable, input_shape, run_onnx, write_onnx
from napari_hemalens.models.portable_use import directions
from napari_hemalens.models.weights import detector_card
from napari_hemalens.rendering.fields import render_field


def pixels(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


@pytest.mark.parametrize("views", [1, 4])
def test_a_classifier_names_any_number_of_crops_alike(
    untrained_classifier: ClassifierCard, tmp_path: Path, views: Views
) -> None:
    untrained_classifier = untrained_classifier.seeing(views)
    network, shape = build_portable(untrained_classifier), input_shape(untrained_classifier)
    write_onnx(network, untrained_classifier, pixels(shape, 0), tmp_path / "a.onnx")
    crops = pixels((3, *shape[1:]), 1)
    (found,) = run_onnx(tmp_path / "a.onnx", crops).values()
    np.testing.assert_allclose(found, answer(network, crops)["probabilities"], atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    said = {entry.key: entry.value for entry in onnx.load(tmp_path / "a.onnx").metadata_props}
    assert said["classes"] == ",".join(untrained_classifier.classes)
    assert said["sha256"] == untrained_classifier.sha256
    assert said["use"] == "\n".join(directions(untrained_classifier))
    assert ("positive" in said) == ("threshold" in said) == (untrained_classifier.positive is not None)


def test_a_detector_finds_the_cells_of_other_tiles_and_of_none(tmp_path: Path) -> None:
    card = detector_card("marrow-lite")

    def tile(seed: int, density: float = 1.0) -> np.ndarray:
        image, _ = render_field((640, 640), pixel_size_um=card.pixel_size_um, seed=seed, density=density)
        return np.ascontiguousarray(image.transpose(2, 0, 1)[None], dtype=np.float32)

    network, file = build_portable(card), tmp_path / "a.onnx"
    write_onnx(network, card, tile(0), file)
    wanted, found = answer(network, tile(1, 0.3)), run_onnx(file, tile(1, 0.3))
    assert len(wanted["scores"]) > 10
    np.testing.assert_allclose(found["scores"], wanted["scores"], atol=1e-3)
    np.testing.assert_allclose(np.sort(found["boxes"], axis=0), np.sort(wanted["boxes"], axis=0), atol=1e-2)
    said = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    assert (said["fill"], said["channels"]) == ("128,128,128", "red,green,blue")
    empty, black = np.full((2, 1, 3, 640, 640), [[[[[128]]]], [[[[0]]]]], np.float32)
    assert (run_onnx(file, empty)["scores"] < card.score_threshold).all()  # what fills a tile is no cell
    assert (run_onnx(file, black)["scores"] > card.score_threshold).any()  # which is why it is not black
    white = np.full((1, 3, 640, 640), 240, np.float32)
    assert run_onnx(file, white)["boxes"].shape == (0, 4)


def test_nothing_is_written_where_the_answers_differ(
    untrained_classifier: ClassifierCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portable, "run_onnx", lambda *_: {"probabilities": np.full((1, 2), 0.9, np.float32)})
    network, shape = build_portable(untrained_classifier), input_shape(untrained_classifier)
    with pytest.raises(WeightsError, match="ONNX Runtime computes other probabilities than torch"):
        write_onnx(network, untrained_classifier, pixels(shape, 0), tmp_path / "a.onnx")
    assert not list(tmp_path.glob("*a.onnx*"))


def test_cells_of_equal_scores_may_stand_either_way_round() -> None:
    cells = {"boxes": np.eye(2, 4, dtype=np.float32), "labels": np.array([1, 2]), "scores": np.full(2, 0.9, np.float32)}
    portable._compare(cells, {name: values[::-1] for name, values in cells.items()}, "")
    with pytest.raises(WeightsError, match="other labels"):
        portable._compare(cells, {**cells, "labels": np.array([1, 1])}, "")
