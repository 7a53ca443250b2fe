"""Packed weights come before installed ones; installed ones lie in a folder that a variable may name."""

from pathlib import Path

import pytest

from napari_hemalens.errors import WeightsError
from napari_hemalens.models import weights_folders
from napari_hemalens.models.weights_folders import PACKED, cache_folder


def test_a_variable_names_the_folder_of_installed_weights(
    monkeypatch: pytest.MonkeyPatch, installed_weights: Path
) -> None:
    assert weights_folders.installed_folder() == installed_weights
    assert weights_folders.origin_of(installed_weights) == "installed"
    monkeypatch.delenv("HEMALENS_WEIGHTS")
    own = weights_folders.installed_folder()
    assert own.parts[-2:] == ("napari-hemalens", "weights")
    assert own.is_relative_to(Path.home())


def test_a_variable_names_the_folder_of_what_can_be_made_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEMALENS_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "openvino"
    monkeypatch.delenv("HEMALENS_CACHE")
    assert cache_folder().parts[-2:] == ("napari-hemalens", "openvino")


def test_cards_are_found_by_name_packed_before_installed(installed_weights: Path) -> None:
    for name in ("mine", "marrow-lite"):
        (installed_weights / f"{name}.json").write_text("{}", encoding="utf-8")
    assert weights_folders.card_path("mine") == installed_weights / "mine.json"
    assert weights_folders.card_path("marrow-lite") == PACKED / "marrow-lite.json"
    assert weights_folders.card_path("here/mine.safetensors") == Path("here/mine.json")
    assert not weights_folders.card_path("nobody").is_file()


@pytest.mark.parametrize("name", ["", "../evil", "a/b", ".hidden", "mine.json", "two words", "x" * 65])
def test_a_name_that_could_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(WeightsError, match="cannot be called"):
        weights_folders.check_name(name, replace=False)


def test_names_that_are_taken_are_refused(installed_weights: Path) -> None:
    with pytest.raises(WeightsError, match="Packed weights are called Marrow-Lite"):
        weights_folders.check_name("Marrow-Lite", replace=True)
    weights_folders.check_name("mine", replace=False)
    (installed_weights / "mine.json").write_text("{}", encoding="utf-8")
    with pytest.raises(WeightsError, match="mine are installed already; --replace"):
        weights_folders.check_name("mine", replace=False)
    weights_folders.check_name("mine", replace=True)


def test_what_is_not_installed_is_not_removed(installed_weights: Path) -> None:
    (installed_weights / "mine.json").write_text("{}", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"The weights marrow-lite are packed; installed are: mine\."):
        weights_folders.uninstall("marrow-lite")
    with pytest.raises(WeightsError, match="No weights 'nobody' are installed"):
        weights_folders.uninstall("nobody")
    weights_folders.uninstall("mine")
    assert list(installed_weights.iterdir()) == []


def test_the_catalogue_beside_packed_weights_is_no_card(installed_weights: Path) -> None:
    assert (PACKED / weights_folders.CATALOGUE).is_file()
    assert "catalogue" not in weights_folders.cards_in(PACKED)
    with pytest.raises(WeightsError, match="No weights can be called Catalogue"):
        weights_folders.check_name("Catalogue", replace=True)


def test_of_a_folder_of_weights_the_file_in_it_is_named(tmp_path: Path) -> None:
    for end in (".json", ".safetensors"):
        (tmp_path / f"mine{end}").touch()
    said = weights_folders.lacking(tmp_path)
    assert said == f"{tmp_path} is a folder: give the file of weights in it, {tmp_path / 'mine.safetensors'}."
    (tmp_path / "mine.json").unlink()
    assert weights_folders.lacking(tmp_path) is None
