"""`hemalens suggest` from a shell."""

from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.models.cards import ClassifierCard


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image of two cells, with labels beside it."""
    pixels, labels = np.full((80, 120, 3), 230, np.uint8), np.zeros((80, 120), np.uint8)
    for number, x in ((1, 30), (2, 90)):
        pixels[28:52, x - 12 : x + 12], labels[28:52, x - 12 : x + 12] = (90, 40, 140), number
    iio.imwrite(tmp_path / "a.png", pixels)
    iio.imwrite(tmp_path / "a_labels.png", labels)
    return tmp_path / "a.png"


def test_suggestions_are_written_from_a_shell(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    untrained_classifier: ClassifierCard,
    image: Path,
    tmp_path: Path,
) -> None:
    options = ("--labels", tmp_path / "a_labels.png", "--weights", untrained_classifier.file, "--pixel-size", "0.3")
    out = tmp_path / "out"
    assert hemalens("suggest", image, *options, "--strategy", "margin-diversity", "-n", "1", "--out", out) == 0
    assert "1 of 2 cells, 0 of which have a name" in " ".join(capsys.readouterr().out.split())
    assert len((out / "suggestions.csv").read_text(encoding="utf-8").splitlines()) == 2
    assert (out / "suggestions.png").is_file()


def test_cells_are_seen_in_as_many_ways_round_as_asked_for(
    hemalens: Callable[..., int], untrained_classifier: ClassifierCard, image: Path, tmp_path: Path
) -> None:
    options = ("--labels", tmp_path / "a_labels.png", "--weights", untrained_classifier.file, "--pixel-size", "0.3")
    pixels = iio.imread(image)
    pixels[28:34, 24:50] = 20  # else a cell looks alike from all sides
    iio.imwrite(image, pixels)
    said = []
    for views in ("1", "8"):
        assert hemalens("suggest", image, *options, "--views", views, "--out", tmp_path / views) == 0
        rows = (tmp_path / views / "suggestions.csv").read_text(encoding="utf-8").splitlines()[1:]
        said.append({row.split(",")[6] for row in rows})
    assert said[0] != said[1]


def test_fluorescence_is_said_to_be_none_of_the_weights_kind(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    nucleated: ClassifierCard,
    image: Path,
    tmp_path: Path,
) -> None:
    iio.imwrite(image, np.where(iio.imread(tmp_path / "a_labels.png") > 0, 200, 10).astype(np.uint8))
    options = ("--labels", tmp_path / "a_labels.png", "--weights", nucleated.file, "--pixel-size", "0.3")
    assert hemalens("suggest", image, *options, "--out", tmp_path / "out") == 0
    assert f"doubtful Dark ground, as of fluorescence: the weights {nucleated.name}" in capsys.readouterr().err


def test_an_image_without_its_labels_ends_in_one_sentence(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    untrained_classifier: ClassifierCard,
    image: Path,
    tmp_path: Path,
) -> None:
    arguments = (
        "--weights",
        untrained_classifier.file,
        "--labels",
        image,
        "--labels",
        tmp_path / "a_labels.png",
        "--out",
        tmp_path / "out",
    )
    assert hemalens("suggest", image, *arguments) == 2
    assert "Each image needs one" in " ".join(capsys.readouterr().err.split())
