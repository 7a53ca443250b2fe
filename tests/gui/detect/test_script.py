"""The script that Copy as Python makes does what was clicked."""

import ast
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

import napari_hemalens
from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.gui.detect.script import ScriptedImage, as_python


@pytest.fixture
def calls(monkeypatch, network):
    """What a script asked `detect` for; it gets the cells of the stand-in."""
    from napari_hemalens.progress import finish
    from napari_hemalens.workflows import as_slide

    seen = []

    def detect(image, recipe, *, region=None, frame=(), **options):
        seen.append((image, recipe, {"region": region, "frame": frame, **options}))
        return finish(network(as_slide(image, frame=frame), recipe, region=region))

    monkeypatch.setattr(napari_hemalens, "detect", detect, raising=False)
    return seen


def layer(name="smear", **options):
    return Image(np.zeros((400, 600, 3), np.uint8), rgb=True, name=name, **options)


def test_a_file_is_analysed_with_the_options_that_are_not_the_default(tmp_path, calls, capsys):
    path = tmp_path / "smear's.png"
    iio.imwrite(path, np.zeros((400, 600, 3), np.uint8))
    script = as_python([ScriptedImage(path, ((0, 0, 200, 300),))], DetectionRecipe(score_threshold=0.5, tissue="blood"))
    assert "recipe = hemalens.DetectionRecipe(score_threshold=0.5, tissue='blood')" in script
    exec(compile(script, "script", "exec"), {})  # noqa: S102
    ((image, recipe, options),) = calls
    assert (image, options["region"]) == (str(path), (0, 0, 200, 300))
    assert recipe == DetectionRecipe(score_threshold=0.5, tissue="blood")
    assert "ICSH asks for 200 nucleated cells in blood" in capsys.readouterr().out


def test_one_of_our_samples_needs_no_viewer(npe2pm, calls, capsys):
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        (image, *_) = ViewerModel().open_sample("napari-hemalens", "blood_smear")
    script = as_python([ScriptedImage(image)], DetectionRecipe(score_threshold=0.5))
    assert "viewer" not in script
    exec(compile(script, "script", "exec"), {})  # noqa: S102
    np.testing.assert_array_equal(calls[0][0], image.data)
    assert "Nucleated cells" in capsys.readouterr().out


def test_pixels_without_a_file_are_taken_from_the_viewer():
    script = as_python([ScriptedImage(layer("my 'smear'"))], DetectionRecipe())
    ast.parse(script)
    assert "viewer = napari.current_viewer()" in script
    assert """hemalens.detect(viewer.layers["my 'smear'"].data, recipe, axes='YXC')""" in script


def test_images_of_several_pixel_sizes_have_each_their_own():
    images = [layer("a", scale=(0.1, 0.1), units=("um", "um")), layer("b")]
    script = as_python([ScriptedImage(image) for image in images], DetectionRecipe())
    assert "recipe, pixel_size_um=0.1, axes='YXC')" in script
    assert "viewer.layers['b'].data, recipe, axes='YXC')" in script


def test_a_stack_is_analysed_at_its_frame(calls, monkeypatch, tmp_path):
    stack = Image(np.zeros((4, 400, 600), np.uint8), name="stack", axis_labels=("z", "y", "x"))
    stack._source = stack.source.model_copy(update={"path": str(tmp_path / "stack.tif")})
    viewer = ViewerModel()
    viewer.layers.append(stack)
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    script = as_python([ScriptedImage(stack, frame=(3,))], DetectionRecipe(score_threshold=0.5))
    exec(compile(script, "script", "exec"), {})  # noqa: S102
    assert calls[0][2] == {"region": None, "axes": "ZYX", "frame": (3,)}


def test_a_session_writes_the_script_of_its_images(session, viewer, recipe):
    script = session.script([viewer.layers["smear"], Path("a.tif")], recipe, "whole")
    ast.parse(script)
    assert "hemalens.detect('a.tif', recipe)" in script


@pytest.mark.parametrize("tissue", ["marrow", "blood"])
@pytest.mark.parametrize("unsure", ["apart", "counted"])
def test_the_script_gives_the_count_that_is_on_screen(named_session, tmp_path, calls, capsys, tissue, unsure):
    path = tmp_path / "smear.png"
    iio.imwrite(path, np.zeros((400, 600, 3), np.uint8))
    recipe = DetectionRecipe(score_threshold=0.5, tissue=tissue, unsure=unsure)
    named_session.results.choose_odds(tissue, prior=True)
    named_session.results.choose_unsure(unsure)
    exec(compile(as_python([ScriptedImage(path)], recipe), "script", "exec"), {})  # noqa: S102
    assert capsys.readouterr().out.strip() == napari_hemalens.differential_text(named_session.results.differential())
