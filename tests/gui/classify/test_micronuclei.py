"""Micronuclei are marked where they were seen, and told apart by whether they count."""

import numpy as np
import pytest

from napari_hemalens.errors import ImageError
from napari_hemalens.gui.classify.micronuclei import COUNTED, UNCOUNTED
from napari_hemalens.gui.classify.session import ClassificationSession
from napari_hemalens.workflows.labels import Micronuclei

MARKS = "nuclei: micronuclei seen"


class Counter:
    """Sees one micronucleus beside each nucleus, or cannot look."""

    refuses = False

    def __call__(self, image, labels):
        if self.refuses:
            raise ImageError("It is bright.")
        ids = np.unique(labels)[1:]
        bodies = np.zeros_like(labels)
        bodies[200, : len(ids)] = ids
        return Micronuclei(bodies, np.ones(len(ids), np.int64))


@pytest.fixture
def counter():
    return Counter()


@pytest.fixture
def counted(viewer, runner, classifier, outlines, counter, nuclei, question):
    session = ClassificationSession(viewer, runner, classifier, outlines, count=counter)
    session.start_run(viewer.layers["smear"], nuclei, question)
    runner.run()
    return session


def colours(viewer, *numbers):
    return [viewer.layers[MARKS].colormap.color_dict[number] for number in numbers]


def test_micronuclei_are_outlined_over_the_image(counted, viewer):
    layer = viewer.layers[MARKS]
    assert {*np.unique(layer.data)} == {0, 4, 7, 9, 70_000}
    assert layer.contour == 1
    np.testing.assert_array_equal(layer.scale, viewer.layers["smear"].scale)
    np.testing.assert_array_equal(colours(viewer, 4, 70_000), [COUNTED, COUNTED])
    assert viewer.layers.selection.active is not layer


def test_those_of_a_nucleus_that_a_person_calls_without_do_not_count(counted, viewer):
    counted.results.begin_review()
    counted.results.press("2")
    np.testing.assert_array_equal(colours(viewer, 70_000, 4), [UNCOUNTED, COUNTED])


def test_marks_that_a_person_removes_stay_away(counted, viewer):
    viewer.layers.remove(MARKS)
    counted.results.begin_review()
    counted.results.press("2")
    assert MARKS not in viewer.layers


def test_marks_of_an_earlier_run_are_not_shown_where_nothing_was_counted(
    counted, viewer, counter, runner, nuclei, question
):
    counter.refuses = True
    counted.start_run(viewer.layers["smear"], nuclei, question)
    runner.run()
    assert {*viewer.layers[MARKS].colormap.color_dict} == {None, 0}
