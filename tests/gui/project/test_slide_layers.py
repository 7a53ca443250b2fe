"""A slide is shown with what runs found in it, once, and alone."""

import numpy as np

from napari_hemalens.gui.project.slide_layers import show_slide
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.workflows.project_results import SlideResults


def test_boxes_labels_and_heatmaps_lie_over_the_image(viewer, study, labels):
    image = study / "c0.png"
    classes = {4: "micronucleus", 7: "none"}
    heatmap = np.linspace(0, 1, labels.size, dtype=np.float32).reshape(labels.shape)
    results = (
        SlideResults("classify-1", labels=labels, classes=classes),
        SlideResults("explain-1", labels=labels, heatmaps={"grad-cam": heatmap}),
    )
    layer = show_slide(viewer, image, results)
    assert [each.name for each in viewer.layers if each.visible] == [
        *("c0.png", "c0.png, classify-1: cells", "c0.png, explain-1: grad-cam"),
    ]
    shown = viewer.layers["c0.png, classify-1: cells"]
    assert shown.features["class"].tolist() == ["micronucleus", "none"]
    assert tuple(shown.colormap.map(4)) != tuple(shown.colormap.map(7))
    np.testing.assert_array_equal(viewer.layers["c0.png, explain-1: grad-cam"].data, heatmap)
    assert show_slide(viewer, image, results) is layer
    assert len(viewer.layers) == 4  # with the image that was open before
    show_slide(viewer, study / "c1.png", ())
    assert [each.name for each in viewer.layers if each.visible] == ["c1.png"]
    show_slide(viewer, image, ())
    assert len([each for each in viewer.layers if each.visible]) == 3


def test_a_slide_that_is_opened_is_known_by_its_file(viewer, study):
    layer = show_slide(viewer, study / "c0.png", ())
    assert layer.source.path == str((study / "c0.png").resolve())  # so that a project counts what is found in it


def test_layers_of_boxes_name_their_image_once(viewer, study, labels):
    of = Provenance(image="c0.png")
    box = [[10, 20, 40, 60]]
    cells = Detections.from_arrays(box, [1], [0], names=("blast",), image_shape=labels.shape, provenance=of)
    layer = show_slide(viewer, study / "c0.png", (SlideResults("detect-1", cells=cells),))
    assert [each.name for each in viewer.layers if each.visible] == [layer.name, "c0.png, detect-1: cells"]
