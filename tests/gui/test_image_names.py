"""What an image is called where it is saved."""

import imageio.v3 as iio
import numpy as np
from napari.components import ViewerModel

from napari_hemalens.gui.image_names import image_name, of_image_now
from napari_hemalens.records.detections import Provenance


def test_an_image_is_known_by_its_file_else_by_its_layer(tmp_path, npe2pm):
    viewer, file = ViewerModel(), tmp_path / "a.png"
    iio.imwrite(file, np.zeros((8, 8, 3), np.uint8))
    with npe2pm.tmp_plugin(package="napari"):
        (opened,) = viewer.open(str(file), plugin="napari")
    made = viewer.add_image(np.zeros((8, 8)), name="made")
    opened.name = made.name = "patient 7"
    assert image_name(opened) == str(file)
    assert image_name(made) == made.name
    (tmp_path / "pool" / "images").mkdir(parents=True)
    copy = file.rename(tmp_path / "pool" / "images" / "0cb73c8193ac28ae.png")
    with npe2pm.tmp_plugin(package="napari"):
        (kept,) = viewer.open(str(copy), plugin="napari")
    kept.name = "patient 8"
    assert image_name(kept) == str(copy)
    (tmp_path / "project.json").write_text("{}")
    assert image_name(kept) == "patient 8"
    came = Provenance(image="made", weights="w", frame="T=2")
    assert of_image_now(came, made) == Provenance(image=made.name, weights="w", frame="T=2")
