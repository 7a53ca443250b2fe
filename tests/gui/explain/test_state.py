"""Which cells are explained, and which lies at a place."""

import numpy as np
import pytest

from napari_hemalens.gui.explain import state as states
from napari_hemalens.gui.explain import view as views

RESULT = "smear: Attention, layer 5"


class TestLarge:
    @pytest.fixture
    def few(self, monkeypatch):
        """An image of more than two cells is large."""
        monkeypatch.setattr(states, "MANY", 2)
        monkeypatch.setattr(views, "REST", 0)

    @staticmethod
    def look(viewer, image, region):
        """Move what the canvas of a window would show."""
        image.corner_pixels = np.array([region[:2], region[2:]])
        camera = getattr(viewer, "scene", viewer).camera
        camera.center = (*camera.center[:-1], camera.center[-1] + 1)

    def test_cells_are_explained_as_they_come_into_view(
        self, few, explaining, viewer, image, nuclei, runner, asking, explainer
    ):
        words = []
        explaining.progressed.connect(lambda said, _: words.append(said))
        self.look(viewer, image, (80, 80, 200, 250))
        explaining.start_run(image, nuclei, asking, ("layer-5", "grad-cam"))
        runner.run()
        assert [only for *_, only in explainer.asked] == [[7, 9], [7, 9]]
        assert words[-1] == "2 of 4 cells; more as they come into view."
        self.look(viewer, image, (80, 180, 390, 590))
        runner.draw()
        runner.run()
        assert [only for *_, only in explainer.asked[2:]] == [[70_000], [70_000]]  # those known are not done again
        assert explaining.results.current.classified.ids.tolist() == [7, 9, 70_000]
        heatmap = viewer.layers[RESULT].data
        assert (heatmap[120, 120], heatmap[320, 420], heatmap[20, 120]) == (0.75, 0.75, 0)
        self.look(viewer, image, (80, 180, 390, 590))
        runner.draw()
        assert not explaining.running

    def test_of_too_many_in_view_those_in_the_middle_are_explained(
        self, few, explaining, viewer, image, nuclei, runner, asking, explainer
    ):
        self.look(viewer, image, (0, 0, 399, 599))
        explaining.start_run(image, nuclei, asking)
        runner.run()
        assert [only for *_, only in explainer.asked] == [[9, 70_000]]


def test_planes_that_were_taken_for_colours_are_doubted(explaining, viewer, nuclei, runner, asking):
    stack = viewer.add_image(np.zeros((3, 400, 600), np.uint8), name="stack", scale=(1, 0.1, 0.1))
    explaining.start_run(stack, nuclei, asking)
    runner.run()
    assert "Its 3 planes are taken for colours or channels" in " ".join(explaining.results.current.doubts)
    stack.axis_labels = ("z", "y", "x")
    assert explaining.results.current.doubts == ()


class TestLook:
    def test_what_lies_beside_a_nucleus_belongs_to_the_nearest_one(self, explained, image):
        assert explained.results.at((14.2, 22.0), [image])[1] == 9  # 22 pixels below its middle
        assert explained.results.at((14.2, 22.0), []) is None  # another cell of napari's grid
        assert explained.results.at((20.0, 10.0), [image]) is None
        assert explained.results.at((-5.0, 10.0), [image]) is None

    def test_the_extremes_are_the_most_and_the_least_certain(self, explained):
        results, titles = explained.extremes(1)
        assert results[0].cells.ids.tolist() == [4, 70_000]
        assert len(titles) == 2
