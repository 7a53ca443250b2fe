"""What a user installs is whole: the wheel, the wheel that a source distribution becomes, and a checkout."""

import importlib.resources
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import npe2
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.models import weights
from napari_hemalens.models.catalogue import entry_of, packed_catalogue
from napari_hemalens.records.tasks import EXPLAINABLE

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "napari_hemalens"
CATALOGUED = {entry.name: entry for entry in packed_catalogue()}
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

needs_uv = pytest.mark.skipif(UV is None, reason="uv, which builds and installs, is not there: pip install uv")
# A cold cache of packages has to fetch torch.
patient = pytest.mark.timeout(1800)


def run(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the source distribution, the wheel made from it, and the one made from the tree."""
    out = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--out-dir", out / "by_sdist", ROOT)
    run(UV, "build", "--wheel", "--out-dir", out / "by_tree", ROOT)
    (sdist,) = out.glob("by_sdist/*.tar.gz")
    (by_sdist,) = out.glob("by_sdist/*.whl")
    (by_tree,) = out.glob("by_tree/*.whl")
    return sdist, by_sdist, by_tree


def contents(wheel):
    with zipfile.ZipFile(wheel) as file:
        return {name: file.read(name) for name in file.namelist()}


def promised():
    """Return what a wheel has to hold beside modules, by the name it has there, with its bytes."""
    files = {
        "napari.yaml": ROOT / "napari.yaml",
        "py.typed": PACKAGE / "py.typed",
        "gui/icon.svg": PACKAGE / "gui" / "icon.svg",
    }
    reports = PACKAGE / "reports"
    texts = (*reports.glob("templates/*.html"), *reports.glob("locale/*/LC_MESSAGES/*.mo"))
    files |= {path.relative_to(PACKAGE).as_posix(): path for path in texts}
    samples = ROOT / "sample_data"
    files |= {f"sample_data/{path.relative_to(samples)}": path for path in samples.rglob("*") if path.is_file()}
    left_out = {f"{name}{suffix}" for name in CATALOGUED for suffix in (".json", ".safetensors")}
    weights = (path for path in (PACKAGE / "weights").glob("*.[js]*") if path.name not in left_out)
    files |= {f"weights/{path.name}": path for path in weights}
    return {f"napari_hemalens/{name}": path.read_bytes() for name, path in files.items()}


@needs_uv
@pytest.mark.slow
@patient
def test_the_wheels_from_the_tree_and_from_the_sdist_hold_the_same_files(built):
    _, by_sdist, by_tree = (path for path in built)
    assert contents(by_sdist) == contents(by_tree)


@needs_uv
@pytest.mark.slow
@patient
def test_the_wheel_holds_manifest_samples_weights_types_and_licence(built):
    held = contents(built[1])
    for name, data in promised().items():
        assert held.get(name) == data, name
    (licence,) = (data for name, data in held.items() if name.endswith("licenses/LICENSE"))
    assert licence == (ROOT / "LICENSE").read_bytes()
    for suffix in ("safetensors", "json"):
        files = {name.rpartition("/")[2] for name in held if name.startswith("napari_hemalens/weights/")}
        packed = {name.removesuffix(f".{suffix}") for name in files if name.endswith(suffix)} - {"catalogue"}
        assert packed == default_weights()


def default_weights():
    """Return the weights that a dock, a task or an option begins with, and one with attention of its own."""
    defaults = {DetectionRecipe().weights, *(task.weights for task in EXPLAINABLE.values() if task.weights)}
    cards = [weights.model_card(name) for name in defaults]
    return defaults | {name for card in cards for name in (getattr(card, "naming", None), card.name) if name}


def test_weights_that_the_wheel_leaves_out_are_those_of_the_catalogue():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    excluded = {path.rpartition("/")[2] for path in config["tool"]["hatch"]["build"]["exclude"]}
    assert excluded == {f"{name}.*" for name in CATALOGUED}
    there = {path.stem for path in (PACKAGE / "weights").glob("*.safetensors")}
    assert there == default_weights() | {*CATALOGUED}


@pytest.mark.parametrize("name", CATALOGUED)
def test_the_catalogue_says_what_the_left_out_files_are(name):
    entry = CATALOGUED[name]
    releases = f"{config_urls()['Repository']}/releases/download/v{entry.since}/"
    card = weights.model_card(PACKAGE / "weights" / f"{name}.json")
    seal = weights.seal_of(card.file.with_suffix(".json").read_bytes())
    assert entry == entry_of(card, seal, [f"{releases}{name}.json"], entry.since)
    assert weights.verify(card)


def config_urls():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]


@needs_uv
@pytest.mark.slow
@patient
def test_nothing_is_shipped_that_a_user_has_no_use_for(built):
    sdist, wheel, _ = built
    with tarfile.open(sdist) as file:
        top = {Path(name).parts[1] for name in file.getnames()}
    assert top == {
        *("src", "sample_data", "examples", "napari.yaml", "CHANGELOG.md", "CITATION.cff"),
        *("LICENSE", "README.md", "pyproject.toml", ".gitignore", "PKG-INFO"),
    }
    assert {Path(name).parts[0].partition("-")[0] for name in contents(wheel)} == {"napari_hemalens"}
    assert not [name for name in contents(wheel) if "__pycache__" in name or name.endswith(".pyc")]
    assert max(sdist.stat().st_size, wheel.stat().st_size) <= 30e6


@needs_uv
@pytest.mark.slow
@patient
def test_npe2_validates_the_wheel_in_an_empty_environment(built, tmp_path):
    environment = tmp_path / "environment"
    run(UV, "venv", "--quiet", "--python", sys.executable, environment)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pins = ROOT / "constraints.txt"
    limits = ("--constraints", pins) if pins.is_file() else ()
    wheel = f"napari-hemalens[all] @ {built[1].as_uri()}"
    run(UV, "pip", "install", "--quiet", "--python", python, *limits, wheel)
    said = run(python, "-m", "npe2", "validate", "napari-hemalens", "--imports")
    assert "valid" in said
    inside = (
        "import json, napari_hemalens as h, napari_hemalens.gui.sample_data as s; "
        "from napari_hemalens.models import weights; "
        "row = weights.detector_card('marrow-lite'); "
        "print(json.dumps([h.__file__, h.__version__, str(weights.verify(row)), len(s.marrow_smear())]))"
    )
    place, version, file, layers = json.loads(run(python, "-I", "-c", inside))
    assert Path(place).is_relative_to(environment)
    assert Path(file).is_relative_to(environment)
    assert version in built[1].name
    assert layers == 2
    for options, names in (((), default_weights()), (("--available",), CATALOGUED)):
        listed = run(environment / python.parent.name / "hemalens", "weights", "list", *options).splitlines()
        named = [line.split()[0] for line in listed if line and not line.startswith(" ")]  # licences are indented
        assert named == sorted(names)


def test_the_packed_manifest_is_a_file_and_says_what_the_top_one_says():
    packed = PACKAGE / "napari.yaml"
    assert not packed.is_symlink(), "a clone on Windows may hold no links"
    assert packed.read_bytes() == (ROOT / "napari.yaml").read_bytes(), "cp napari.yaml src/napari_hemalens/"


def test_the_icon_of_the_manifest_lies_in_the_package():
    manifest = npe2.PluginManifest.from_file(ROOT / "napari.yaml")
    package, _, name = manifest.icon.partition(":")
    assert importlib.resources.files(package).joinpath(name).is_file()


def test_this_environment_finds_the_manifest_with_every_command():
    manifest = npe2.PluginManifest.from_distribution("napari-hemalens")
    assert manifest.name == "napari-hemalens"
    assert manifest.package_version is not None
    assert next(widget.display_name for widget in manifest.contributions.widgets) == "Detect cells"
    for command in manifest.contributions.commands:
        module, _, name = command.python_name.partition(":")
        source = ROOT / "src" / Path(*module.split(".")).with_suffix(".py")
        assert f" {name}(" in source.read_text(encoding="utf-8"), command.python_name
