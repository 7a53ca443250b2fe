"""All commands are there."""

from pathlib import Path

from napari_hemalens import cli
from napari_hemalens.cli import commands

SHARED = {"__init__", "app", "commands", "given", "options", "stopping"}


def test_every_module_of_commands_is_loaded() -> None:
    there = {path.stem for path in Path(cli.__file__).parent.glob("*.py")} - SHARED
    assert there == {*commands.__all__} - {"app"}
