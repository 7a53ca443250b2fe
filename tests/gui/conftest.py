"""What the tests of the window share: a stand-in for the network, a runner without threads, a viewer without Qt."""

import os
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_hemalens.cells import Detections, Provenance
from napari_hemalens.gui.session import Session
from napari_hemalens.progress import Progress
from napari_hemalens.recipes import DetectionRecipe

SHAPE = (400, 600)
NAMES = ("myelocyte", "erythroblast", "lymphocyte", "erythrocyte")


def found(count=12, *, shape=SHAPE, image="smear"):
    """Return cells on a grid, their scores falling from 0.95 to 0.1, their classes in turn."""
    columns = int(np.ceil(np.sqrt(count * shape[1] / shape[0])))
    step = shape[1] / (columns + 1)
    row, column = np.divmod(np.arange(count), columns)
    near = np.stack([row, column], axis=1) * step + 5
    return Detections.from_arrays(
        np.concatenate([near, near + 0.7 * step], axis=1),
        np.linspace(0.95, 0.1, count),
        np.arange(count) % len(NAMES),
        names=NAMES,
        image_shape=shape,
        recognised=NAMES,
        provenance=Provenance(image=image, weights="fake", sha256="0"),
    )


class FakeNetwork:
    """Stands in for `workflows.detect_steps`: finds what it is told to, in so many tiles."""

    def __init__(self):
        self.count = 12
        self.tiles = 4
        self.error = None
        self.asked = []
        self.go = threading.Event()  # cleared, it waits after the first tile
        self.go.set()

    def __call__(self, image, recipe, *, region=None):
        self.asked.append((image, recipe, region))
        result = found(self.count, shape=image.shape, image=image.name).above(recipe.min_score)
        recipe = recipe.model_dump(mode="json")
        result = replace(result, provenance=replace(result.provenance, recipe=recipe))
        if region is not None:
            inside = (result.centres >= region[:2]) & (result.centres < region[2:])
            result = result.take(inside.all(axis=1))
        for tile in range(1, self.tiles + 1):
            part = result.take(np.arange(len(result)) < len(result) * tile / self.tiles)
            yield Progress(tile, self.tiles, f"tile {tile} of {self.tiles}", part)
            self.go.wait(60)
            if self.error is not None:
                raise self.error
        return result


class StepRunner:
    """Runs everything in this thread, when it is told to."""

    def __init__(self):
        self.jobs = []
        self.drawings = []

    def start(self, steps, listener):
        job = (steps, listener)
        self.jobs.append(job)

        def stop():
            if job in self.jobs:
                self.jobs.remove(job)
                steps.close()
                listener.on_end()

        return stop

    def trickle(self, steps):
        self.drawings.append(steps)
        return lambda: self.drawings.remove(steps) if steps in self.drawings else None

    def step(self):
        """Do one step of the oldest job."""
        steps, listener = self.jobs[0]
        try:
            listener.on_step(next(steps))
        except StopIteration:
            self.jobs.pop(0)
            listener.on_end()

    def draw(self):
        """Finish all drawing; return how many steps it took."""
        taken = 0
        while self.drawings:
            steps = self.drawings[0]
            taken += sum(1 for _ in steps)
            self.drawings.remove(steps)
        return taken

    def run(self):
        """Finish everything."""
        while self.jobs:
            self.step()
        self.draw()


@pytest.fixture(autouse=True)
def _writes_from_the_main_thread_only(monkeypatch):
    monkeypatch.setenv("NAPARI_ENSURE_PLUGIN_MAIN_THREAD", "1")


@pytest.fixture(autouse=True)
def _a_display_for_windows(request):
    displays = "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    if request.node.get_closest_marker("window") and sys.platform == "linux" and not displays:
        pytest.skip("no display: run under xvfb-run, as `make test` does")


@pytest.fixture
def viewer():
    model = ViewerModel()
    model.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="smear", scale=(0.1, 0.1), units=("um", "um"))
    return model


@pytest.fixture
def runner():
    return StepRunner()


@pytest.fixture
def network():
    return FakeNetwork()


@pytest.fixture
def session(viewer, runner, network):
    return Session(viewer, runner, network)


@pytest.fixture
def recipe():
    return DetectionRecipe(min_score=0.5)


@pytest.fixture
def analysed(session, viewer, runner, recipe):
    """A session after a run on the one image of its viewer: six cells at a score of 0.5, twelve at 0.1."""
    session.start([viewer.layers["smear"]], recipe)
    runner.run()
    return session
