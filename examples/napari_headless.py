"""Show detected cells as a napari layer, correct one, and count again: no window, no Qt.

    python examples/napari_headless.py [IMAGE]

Replace `ViewerModel()` by `napari.Viewer()`, and end with `napari.run()`, to see it in a window.
"""

import sys
from pathlib import Path

from napari.components import ViewerModel
from napari.layers import Layer

import napari_hemalens as hemalens
from napari_hemalens.gui.layers import detections_from_layer, image_layer
from napari_hemalens.slides.open import open_image

SAMPLE = Path(__file__).parents[1] / "sample_data" / "blood_smear.tif"

image = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE

viewer = ViewerModel()
slide = open_image(image)  # stays open: the layer reads from it
picture = viewer.add_layer(Layer.create(*image_layer(slide)))
cells = hemalens.detect(slide, region=(0, 0, 700, 700), tissue="blood")

# A Shapes layer coloured by class, or Points where there are very many; `like` puts it over the picture.
(layer,) = [viewer.add_layer(Layer.create(*data)) for data in hemalens.as_layers(cells, like=picture)]
print(f"{len(viewer.layers)} layers: {', '.join(f'{each.name} ({type(each).__name__})' for each in viewer.layers)}")
print(layer.features.head().to_string())

# Give the surest nucleated cell another class, and delete the least sure cell, as a person would by hand.
classes = layer.features["class"]
nucleated = ~classes.isin(["erythrocyte", "platelet"])
if nucleated.any():
    layer.features.loc[nucleated.idxmax(), "class"] = "plasma_cell"
layer.selected_data = {len(layer.features) - 1}
layer.remove_selected()

corrected = detections_from_layer(layer)
print(f"\n{len(cells)} cells found, {len(corrected)} after the correction")
print(hemalens.differential_text(corrected.differential(tissue="blood")))
