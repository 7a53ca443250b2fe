"""Labels are outlines while heat lies over them."""

import numpy as np

RESULT = "smear: Attention, layer 5"


def test_labels_are_outlines_while_heat_is_shown_and_filled_afterwards(explained, viewer, nuclei, labels):
    heatmap = viewer.layers[RESULT]
    later = viewer.add_labels(labels, name="later")
    assert (nuclei.contour, later.contour) == (2, 2)
    heatmap.visible = False
    assert (nuclei.contour, later.contour) == (0, 0)
    heatmap.visible = True
    assert (nuclei.contour, later.contour) == (2, 2)
    viewer.layers.remove(heatmap)
    assert (nuclei.contour, later.contour) == (0, 0)


def test_what_a_person_has_outlined_or_filled_stays_so(explaining, viewer, image, nuclei, labels, runner, asking):
    own = viewer.add_labels(labels, name="own")
    own.contour = 5
    explaining.start_run(image, nuclei, asking)
    runner.run()
    nuclei.contour = 0
    viewer.add_labels(labels, name="later")
    assert nuclei.contour == 0
    viewer.layers.remove(RESULT)
    assert (own.contour, nuclei.contour) == (5, 0)


def test_labels_too_large_to_be_outlined_at_once_are_faded(explained, viewer):
    heatmap = viewer.layers[RESULT]
    large = viewer.add_labels(np.zeros((2001, 2000), dtype=np.uint8), name="large", opacity=0.6)
    levels = viewer.add_labels([large.data, large.data[::2, ::2]], name="levels", multiscale=True)
    assert (large.contour, large.opacity) == (0, 0.15)
    assert levels.contour == 2
    heatmap.visible = False
    assert (large.opacity, levels.contour) == (0.6, 0)
