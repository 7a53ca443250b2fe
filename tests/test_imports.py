"""Nothing heavy is loaded before it is used: napari starts, and a script is read, without torch."""

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "lightning")
WINDOWS = ("qtpy", "PyQt5", "PyQt6", "PySide2", "PySide6")

DISCOVERY = """
import npe2
npe2.PluginManager.instance().discover()
assert "napari-hemalens" in npe2.PluginManager.instance()
"""
COMMANDS = """
import npe2
for command in npe2.PluginManifest.from_distribution("napari-hemalens").contributions.commands:
    assert callable(command.python_name and npe2.manifest.utils.import_python_name(command.python_name))
"""
SAMPLES = """
import napari_hemalens.gui.sample_data
napari_hemalens.gui.sample_data.blood_smear()
"""


def loaded_by(code):
    """Return the top packages that code loads in a Python of its own."""
    listed = "import json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{listed}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "kept_out"),
    [
        ("import napari_hemalens", {*HEAVY, *WINDOWS, "napari", "npe2", "numpy"}),
        ("import napari_hemalens.workflows", {*HEAVY, *WINDOWS, "napari", "sklearn"}),
        ("import napari_hemalens.cli.commands", {*HEAVY, *WINDOWS, "napari", "sklearn"}),
        (DISCOVERY, {*HEAVY, *WINDOWS, "napari_hemalens"}),
        (SAMPLES, {*HEAVY, *WINDOWS}),
        (COMMANDS, {*HEAVY}),
    ],
    ids=["the package", "the workflows", "the command line", "discovery", "a sample", "every command"],
)
def test_loading_leaves_out_what_is_not_used_yet(code, kept_out):
    assert loaded_by(code) & kept_out == set()
