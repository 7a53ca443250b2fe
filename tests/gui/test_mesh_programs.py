"""Meshes keep the function that passes their colours on; values are still turned into colours by their own."""

import numpy as np
import pytest
from vispy.visuals.mesh import MeshVisual

from napari_hemalens.gui.mesh_programs import keep_mesh_programs


@pytest.fixture(autouse=True)
def vispys_own(monkeypatch):
    build = MeshVisual._build_color_transform
    monkeypatch.setattr(MeshVisual, "_build_color_transform", getattr(build, "__wrapped__", build))


def transforms(colours, count=2):
    mesh = MeshVisual(np.zeros((3, 2)), np.array([[0, 1, 2]]))
    return [mesh._build_color_transform(colours) for _ in range(count)]


def test_colours_are_passed_on_by_the_same_function():
    before = transforms(np.zeros((3, 4)))
    assert before[0] is not before[1]
    keep_mesh_programs()
    after = transforms(np.zeros((3, 4))) + transforms(np.zeros(4))
    assert len({*map(id, after)}) == 1
    assert after[0].code == before[0].code


def test_values_have_the_limits_of_their_own_mesh():
    keep_mesh_programs()
    one, other = transforms(np.zeros((3, 1)))
    assert one is not other


def test_meshes_are_taught_once():
    keep_mesh_programs()
    taught = MeshVisual._build_color_transform
    keep_mesh_programs()
    assert MeshVisual._build_color_transform is taught


def test_without_vispy_there_is_nothing_to_teach(monkeypatch):
    monkeypatch.setattr("napari_hemalens.gui.mesh_programs._MESHES", "vispy.nowhere")
    keep_mesh_programs()
    assert not hasattr(MeshVisual._build_color_transform, "__wrapped__")
