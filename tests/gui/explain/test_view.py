"""Cells are explained as they come into view."""

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

    def test_what_was_in_view_waits_while_a_person_looks_elsewhere(
        self, few, explaining, viewer, image, nuclei, runner, asking, explainer
    ):
        self.look(viewer, image, (80, 80, 200, 250))
        explaining.start_run(image, nuclei, asking)
        for _ in range(3):
            runner.step()
        self.look(viewer, image, (280, 380, 390, 590))
        runner.draw()
        assert explaining.running  # anew
        runner.run()
        assert [only for *_, only in explainer.asked] == [[7, 9], [70_000]]

    def test_stop_stops_following_the_view(self, few, explaining, viewer, image, nuclei, runner, asking, explainer):
        self.look(viewer, image, (80, 80, 200, 250))
        explaining.start_run(image, nuclei, asking)
        for _ in range(3):
            runner.step()
        explaining.stop()
        self.look(viewer, image, (280, 380, 390, 590))
        assert runner.drawings == []
        runner.run()
        assert len(explainer.asked) == 1

    def test_out_of_view_nothing_is_explained_until_there_is_something(
        self, few, explaining, viewer, image, nuclei, runner, asking, explainer
    ):
        self.look(viewer, image, (500, 700, 510, 710))
        explaining.start_run(image, nuclei, asking)
        runner.run()
        assert explainer.asked == []
        self.look(viewer, image, (280, 380, 390, 590))
        runner.draw()
        runner.run()
        assert [only for *_, only in explainer.asked] == [[70_000]]
        assert RESULT in viewer.layers
