import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.weights_server import RECORD, Server

from napari_hemalens import workflows
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.models import weights, weights_folders
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.models.int8_cards import Int8Card, Measured
from napari_hemalens.progress import Steps


def test_a_laboratory_chooses_the_least_score_on_its_own_images(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], two_fields: Path, tmp_path: Path
) -> None:
    packed = weights.detector_card(DetectionRecipe().weights)
    assert hemalens("weights", "tune", "--data", two_fields, "--out", tmp_path, "--pixel-size", "0.15") == 0
    said = capsys.readouterr().out
    assert f"{packed.name}-tuned: AP50 " in said
    assert f"--weights {tmp_path / f'{packed.name}-tuned.safetensors'}" in said
    assert hemalens("weights", "verify", tmp_path / f"{packed.name}-tuned.json") == 0


def test_cells_that_weights_are_not_tuned_on_are_named(
    untrained: DetectorCard,
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    two_fields: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "classes.json").write_text('{"lymphocyte": "droplet"}', encoding="utf-8")
    told = ("--data", two_fields, "--classes", tmp_path / "classes.json", "--pixel-size", "0.15")
    assert hemalens("weights", "tune", untrained.file, *told, "--out", tmp_path / "tuned") == 0
    assert re.search(r"stand in no row: .*\d+ droplet", " ".join(capsys.readouterr().out.split()))


def test_a_file_says_what_to_call_classes_in_training_tuning_and_measuring(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], two_fields: Path, tmp_path: Path
) -> None:
    names = {category["name"] for category in json.loads((two_fields / "val.json").read_text("utf-8"))["categories"]}
    (tmp_path / "classes.json").write_text(json.dumps(dict.fromkeys(names, "droplet")), encoding="utf-8")
    told = ("--data", two_fields, "--classes", tmp_path / "classes.json", "--pixel-size", "0.15")
    assert hemalens("weights", "tune", *told, "--out", tmp_path / "tuned") == 2
    assert "is annotated by a class that marrow-lite knows" in capsys.readouterr().err
    nowhere = (*told[:3], tmp_path / "none.csv")
    for command in (("train", "detection"), ("evaluate", "detection")):
        assert hemalens(*command, *nowhere, *(("--out", tmp_path / "run") if command[0] == "train" else ())) == 2
        assert "none.csv" in capsys.readouterr().err


def test_weights_of_another_name_are_not_written_over(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], two_fields: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.safetensors").write_bytes(b"trained for a week")
    options = ("--out", tmp_path, "--name", "mine", "--pixel-size", "0.15")
    assert hemalens("weights", "tune", "--data", two_fields, *options) == 2
    assert "mine.safetensors holds other weights; choose another name or folder." in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.safetensors"]
    assert (tmp_path / "mine.safetensors").read_bytes() == b"trained for a week"


def test_weights_are_installed_listed_shown_verified_and_removed(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], untrained: DetectorCard, installed_weights: Path
) -> None:
    card = untrained.file.with_suffix(".json")
    said = json.loads(card.read_text(encoding="utf-8")) | {"licence": "CC BY-NC-SA 4.0"}
    card.write_text(json.dumps(said), encoding="utf-8")
    assert hemalens("weights", "add", untrained.folder) == 0
    assert "Use it with: --weights untrained" in capsys.readouterr().out

    assert hemalens("weights", "list") == 0
    listed = capsys.readouterr().out.splitlines()
    at = listed.index("untrained  (installed, detection)  Untrained")
    assert listed[at + 1] == "    licence: non-commercial use only: CC BY-NC-SA 4.0"
    assert any(line.startswith("marrow-lite  (packed, detection)") for line in listed)

    assert hemalens("weights", "show", "untrained") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["origin"], shown["file"]) == ("installed", str(installed_weights / "untrained.safetensors"))

    assert hemalens("weights", "verify") == 0
    assert "untrained (installed): as published" in capsys.readouterr().out
    assert hemalens("weights", "add", untrained.folder) == 2
    assert "--replace" in capsys.readouterr().err
    assert hemalens("weights", "add", untrained.folder, "--replace") == 0

    assert hemalens("weights", "remove", "untrained") == 0
    assert list(installed_weights.iterdir()) == []
    assert hemalens("weights", "remove", "marrow-lite") == 2
    assert "marrow-lite are packed" in capsys.readouterr().err


def test_one_bad_installed_file_spoils_neither_list_nor_check(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], untrained: DetectorCard, installed_weights: Path
) -> None:
    assert hemalens("weights", "add", untrained.folder) == 0
    (installed_weights / "untrained.safetensors").write_bytes(b"other")
    (installed_weights / "broken.json").write_text("{}", encoding="utf-8")
    capsys.readouterr()
    assert hemalens("weights", "list") == 0
    assert "broken  (installed, cannot be used)" in capsys.readouterr().out
    assert hemalens("weights", "verify") == 2
    verified = capsys.readouterr()
    assert "marrow-lite (packed): as published" in verified.out
    assert "untrained: " in verified.err
    assert "is damaged or was exchanged" in verified.err
    assert "broken: " in verified.err


def test_the_licence_of_what_is_downloaded_is_agreed_to_first(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    untrained: DetectorCard,
    weights_server: Server,
    installed_weights: Path,
) -> None:
    assert hemalens("weights", "add", RECORD) == 2  # a test has nobody to ask
    said = capsys.readouterr()
    assert "    licence: not stated" in said.out
    assert f"safetensors/content, {untrained.file.stat().st_size / 1e6:.1f} MB" in said.out
    assert "--yes says so" in said.err
    monkeypatch.setattr(sys, "stdin", answering("n"))
    assert hemalens("weights", "add", RECORD) == 1
    assert "Nothing was installed." in capsys.readouterr().out
    assert list(installed_weights.iterdir()) == []
    assert not [path for path in weights_server.asked if "safetensors" in path]
    monkeypatch.setattr(sys, "stdin", answering("y"))
    assert hemalens("weights", "add", RECORD) == 0
    assert hemalens("weights", "add", f"doi:{RECORD}", "--file", "untrained.json", "--yes", "--replace") == 0
    assert "Use it with: --weights untrained" in capsys.readouterr().out


def test_a_catalogue_is_written_listed_and_used(
    hemalens: Callable[..., int], capsys: pytest.CaptureFixture[str], untrained: DetectorCard, tmp_path: Path
) -> None:
    assert hemalens("weights", "list", "--available") == 0
    assert "All weights of the catalogue are here." in capsys.readouterr().out
    assert hemalens("weights", "catalogue", untrained.file, "--out", tmp_path / "list.json") == 0
    own = ("--catalogue", tmp_path / "list.json")
    assert "Copy beside it" not in capsys.readouterr().out  # there they lie already
    (tmp_path / "shared").mkdir()
    assert hemalens("weights", "catalogue", untrained.file, "--out", tmp_path / "shared" / "list.json") == 0
    said = "".join(capsys.readouterr().out.split())
    assert "Copybesideit:" in said
    assert all(f"{untrained.file.with_suffix(end)}".replace(" ", "") in said for end in (".json", ".safetensors"))
    assert hemalens("weights", "list", "--available", *own) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed == [
        f"untrained  (detection, {untrained.file.stat().st_size / 1e6:.1f} MB)  Untrained",
        "    licence: not stated",
        f"    from: {tmp_path / 'untrained.json'}",
    ]
    assert hemalens("weights", "add", "untrained", *own, "--yes") == 0
    assert "Use it with: --weights untrained" in capsys.readouterr().out


def answering(text: str) -> io.StringIO:
    """Return a terminal at which somebody types an answer."""
    terminal = io.StringIO(f"{text}\n")
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    return terminal


def test_a_form_of_int8_is_made_by_a_command_and_shown(
    hemalens: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    untrained: DetectorCard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weights_folders, "cache_folder", lambda: tmp_path)
    form = Int8Card({"untrained": untrained.sha256}, "ab", ("a.tif",), (Measured("AP", "val", 0.5, 0.499),), {})

    def make(images: list[str], recipe: DetectionRecipe, **options: object) -> Steps[Int8Card]:
        yield from ()
        asked.update(options, images=images, weights=recipe.weights)
        form.write(untrained.sha256)
        return form

    asked: dict[str, object] = {}
    monkeypatch.setattr(workflows, "quantise_weights_steps", make)
    command = ("weights", "quantise", "smears", "--weights", untrained.file, "--number", "9", "--data", tmp_path)
    assert hemalens(*command) == 0
    said = capsys.readouterr()
    assert "AP 0.5000 in single precision, 0.4990 in int8 (val)" in said.out
    assert "--precision int8" in said.out
    assert (asked["images"], asked["number"], asked["data"]) == (["smears"], 9, tmp_path)
    assert hemalens("weights", "show", untrained.file) == 0
    assert json.loads(capsys.readouterr().out)["int8"]["images"] == ["a.tif"]
