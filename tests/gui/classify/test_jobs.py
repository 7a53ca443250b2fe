"""What a run reads, and what it refuses, before any cell is classified."""

import numpy as np
from napari.layers import Layer

from napari_hemalens.config.options import SegmentationRecipe
from napari_hemalens.gui.layers import as_layers, detections_from_layer
from napari_hemalens.records.detections import Detections

SHAPE = (400, 600)


class TestCells:
    def test_the_boxes_of_detected_cells_become_labels(self, classifying, boxes, image, runner, question, classifier):
        classifying.start_run(image, boxes, question)
        runner.run()
        _, labels, _ = classifier.asked[0]
        assert set(np.unique(labels)) == {0, 1, 2, 3}  # the fourth is a red cell
        y0, x0, y1, x1 = detections_from_layer(boxes).boxes[1]
        rows, columns = np.nonzero(labels == 2)
        np.testing.assert_allclose([rows.min(), columns.min(), rows.max(), columns.max()], [y0, x0, y1, x1], atol=2)

    def test_boxes_of_nothing_are_no_cells(self, classifying, viewer, image, runner, question, said):
        nothing = as_layers(Detections.empty((), SHAPE), like=image)
        classifying.start_run(image, viewer.add_layer(Layer.create(*nothing[0])), question)
        runner.run()
        assert "hold no cell" in said[-1]

    def test_one_cell_is_no_mask(self, classifying, viewer, image, labels, runner, question):
        one = viewer.add_labels(np.where(labels == 7, 7, 0), name="one")  # no scale: on the pixels of the image
        classifying.start_run(image, one, question)
        runner.run()
        layer = viewer.layers["one: micronucleus"]
        assert len(layer.features) == 1
        np.testing.assert_array_equal(layer.scale, image.scale)


class TestNames:
    def test_progress_calls_an_image_as_its_layer_is_called_now(self, classifying, image, nuclei, runner, question):
        classifying.start_run(image, nuclei, question)
        runner.step()
        told = []
        classifying.progressed.connect(lambda words, _: told.append(words))
        image.name = "patient 7"
        runner.run()
        assert "patient 7: classified" in told
        assert not [words for words in told if "smear" in words]

    def test_so_does_that_of_outlining(self, classifying, image, runner):
        classifying.segment(image, SegmentationRecipe())
        runner.step()
        told = []
        classifying.progressed.connect(lambda words, _: told.append(words))
        image.name = "patient 7"
        runner.run()
        assert told[0].startswith("patient 7: ")
        assert not [words for words in told if "smear" in words]


class TestErrors:
    def test_another_shape_is_said(self, classifying, viewer, image, runner, question, said):
        other = viewer.add_labels(np.ones((40, 50), np.uint8), name="other")
        classifying.start_run(image, other, question)
        runner.run()
        assert "Labels of 40 x 50 pixels do not fit an image of 400 x 600" in said[-1]

    def test_no_cells_are_said(self, classifying, viewer, image, runner, question, said):
        classifying.start_run(image, viewer.add_labels(np.zeros(SHAPE, np.uint8)), question)
        runner.run()
        assert "hold no cell" in said[-1]

    def test_numbers_that_cannot_be_coloured_are_said(self, classifying, viewer, image, labels, runner, question, said):
        labels[labels == 9] = 2_000_000_000
        classifying.start_run(image, viewer.add_labels(labels), question)
        runner.run()
        assert "2,000,000,000 cannot be shown in colours" in said[-1]
