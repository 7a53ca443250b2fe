"""napari with its own readers and writers, and ours."""

from pathlib import Path

import npe2
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def plugins(npe2pm):
    """Return npe2's plugins: napari's own, which come first, and this checkout's."""
    builtins = npe2.PluginManifest.from_distribution("napari")
    with npe2pm.tmp_plugin(manifest=builtins), npe2pm.tmp_plugin(manifest=ROOT / "napari.yaml"):
        yield npe2pm
