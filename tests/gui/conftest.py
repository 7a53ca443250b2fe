"""What the tests of the window share: a stand-in for the network, a runner without threads, a viewer without Qt."""

import os
import sys
import threading
from dataclasses import replace

import imageio.v3 as iio
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer

from napari_hemalens.active_learning.embedded import Embedded
from napari_hemalens.active_learning.embedding_cache import EmbeddingCache
from napari_hemalens.active_learning.learning_curve import CurvePoint, Gain
from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe
from napari_hemalens.config.options import ClassificationRecipe, DetectionRecipe, ExplanationRecipe, TeachingRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.classify.session import ClassificationSession
from napari_hemalens.gui.detect.session import DetectionSession
from napari_hemalens.gui.explain.session import ExplanationSession
from napari_hemalens.gui.layers import as_layers
from napari_hemalens.gui.mesa import work_around_mesa
from napari_hemalens.gui.project.session import ProjectSession
from napari_hemalens.gui.project.slides import SlidesSession
from napari_hemalens.gui.teach.session import TeachSession
from napari_hemalens.gui.teach.sources import cells_of_layer
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.progress import Progress
from napari_hemalens.projects import queue
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.explained import Explained
from napari_hemalens.records.naming import Naming
from napari_hemalens.records.renaming import with_tissue
from napari_hemalens.records.tasks import task
from napari_hemalens.segmentation.record import Segmentation
from napari_hemalens.workflows import write_results
from napari_hemalens.workflows.fine_tuning import FineTuned
from napari_hemalens.workflows.project_queue import outcomes_of, queue_run
from napari_hemalens.workflows.project_slides import ProjectSlide, SlidesTable, write
from napari_hemalens.workflows.teaching import TeachingSession, open_project

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


UNSURE = (1, 4)
"""Which of the cells that `named_cells` names are unsure, counted from 0 by score."""


def named_cells(cells, recipe):
    """Return cells as a classifier names them, ever less certain: 0.9, 0.83 and so on.

    In blood all but the first would be lymphocytes. Nobody asked it about red cells.
    """
    names = NAMES[:3]
    rows = np.flatnonzero(cells.classes < len(names))
    naming = Naming.none(names, len(cells))
    certainty = 0.9 - 0.07 * rows
    lymphocyte = names.index("lymphocyte")
    naming.probabilities[rows] = 0
    naming.probabilities[rows, np.where(cells.classes[rows] == lymphocyte, 0, lymphocyte)] = 1 - certainty
    naming.probabilities[rows, cells.classes[rows]] = certainty
    naming.novelty[rows] = np.where(np.isin(rows, UNSURE), 1.5, 0.5)
    origin = replace(cells.provenance, naming={"namer": "1"})
    tissue = recipe.tissue if recipe.tissue_prior else None
    everyone = np.ones(len(cells), dtype=bool)
    return with_tissue(replace(cells, naming=naming, provenance=origin), tissue, everyone)


class FakeNetwork:
    """Stands in for `workflows.detect_steps`: finds what it is told to, in so many tiles."""

    def __init__(self):
        self.count = 12
        self.tiles = 4
        self.error = None
        self.names_cells = False  # whether a classifier names what it finds
        self.asked = []
        self.go = threading.Event()  # cleared, it waits after the first tile
        self.go.set()

    def __call__(self, image, recipe, *, region=None):
        self.asked.append((image, recipe, region))
        result = found(self.count, shape=image.shape, image=image.name)
        if self.names_cells:
            result = named_cells(result, recipe)
        result = result.above(recipe.score_threshold)
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


def named(labels, *, image="smear", recipe=None):
    """Return the cells of a label image, ever less certain to have a micronucleus: the last is the least certain."""
    cells = CellMap.from_labels(labels)
    positive = np.linspace(0.95, 0.55, len(cells), dtype=np.float32)
    options = (recipe or ClassificationRecipe()).model_dump(mode="json")
    return Classified(
        ids=cells.ids,
        probabilities=np.stack([positive, 1 - positive], axis=1),
        classes=np.zeros(len(cells), dtype=np.int64),
        names=("micronucleus", "none"),
        centres=cells.centres,
        areas=cells.areas,
        image_shape=labels.shape,
        provenance=Provenance(image=image, weights="fake", sha256="0", recipe=options),
    )


class FakeClassifier:
    """Stands in for `workflows.classify_steps`: two batches, and every cell has a micronucleus."""

    def __init__(self):
        self.asked = []
        self.error = None
        self.go = threading.Event()  # cleared, it waits after the first batch
        self.go.set()

    def __call__(self, image, labels, recipe):
        self.asked.append((image, labels, recipe))
        result = named(labels, image=image.name, recipe=recipe)
        first = np.isin(labels, result.ids[: (len(result) + 1) // 2])
        yield Progress(1, 2, "batch 1 of 2", named(np.where(first, labels, 0), image=image.name, recipe=recipe))
        self.go.wait(60)
        if self.error is not None:
            raise self.error
        yield Progress(2, 2, "batch 2 of 2", result)
        return result


def outlined(image, recipe, *, region=None):
    """Stand in for `workflows.segment_steps`: one cell."""
    labels = np.zeros(image.shape, dtype=np.int32)
    labels[100:150, 100:150] = 1
    yield Progress(1, 1, "outlined")
    return Segmentation(labels, None, (0, 0, *image.shape))


class FakeExplainer:
    """Stands in for `workflows.explanation.map_steps`: two batches, and heat of 0.75 all over each crop."""

    def __init__(self):
        self.asked = []
        self.error = None
        self.notes = ()  # against the image
        self.go = threading.Event()  # cleared, it waits after the first batch
        self.go.set()

    def __call__(self, slide, cells, recipe, *, only=None):
        self.asked.append((slide, cells, recipe, None if only is None else sorted(int(number) for number in only)))
        rows = np.arange(len(cells)) if only is None else np.flatnonzero(np.isin(cells.ids, only))
        heatmap = np.zeros(slide.shape, np.float32)
        for batch, some in enumerate(np.array_split(rows, 2)):
            yield Progress(
                batch + 1, 2, f"batch {batch + 1} of 2", explained(cells.take(some), heatmap, recipe, self.notes)
            )
            self.go.wait(60)
            if self.error is not None:
                raise self.error


def explained(cells, heatmap, recipe, notes=()):
    """Return cells that are ever less certain to have a micronucleus, with crops of 60 pixels of the image."""
    reach, names = 30.0, task(recipe.task).classes
    windows = np.concatenate([cells.centres + 0.5 - reach, cells.centres + 0.5 + reach], axis=1)
    for y0, x0, y1, x1 in windows.clip(0).astype(int):
        heatmap[y0:y1, x0:x1] = 0.75
    first = 0.5 + 0.4 / (1 + cells.ids.astype(np.float32))
    rest = np.repeat(((1 - first) / (len(names) - 1))[:, None], len(names) - 1, axis=1)
    found = Classified(
        ids=cells.ids,
        probabilities=np.concatenate([first[:, None], rest], axis=1),
        classes=np.zeros(len(cells), np.int64),
        names=names,
        centres=cells.centres,
        areas=cells.areas,
        image_shape=heatmap.shape,
        provenance=Provenance(
            image="smear",
            weights="fake",
            sha256="0",
            recipe=recipe.model_dump(mode="json"),
            versions={},
            notes=notes,
        ),
    )
    return Explained(
        heatmap=heatmap,
        cells=found,
        method=recipe.method,
        target=recipe.target,
        targets=found.classes,
        crops=np.full((len(cells), 16, 16, 3), 200, np.uint8),
        crop_heatmaps=np.full((len(cells), 16, 16), 0.75, np.float32),
        windows=windows,
    )


class FakeTeaching:
    """Stands in for `teaching.start_steps`: the cells are of two kinds in turn, which their embeddings tell apart."""

    def __init__(self):
        self.asked = []
        self.error = None

    def __call__(self, project, cells, recipe, known):
        self.asked.append((project, cells, recipe, known))
        count = len(cells.cells)
        yield Progress(0, count, "looking at cell 0")
        if self.error is not None:
            raise self.error
        rng, cache = np.random.default_rng(0), EmbeddingCache(project.caches, "ab", {})
        kinds, keys = np.arange(count) % 2, [f"{row:016x}" for row in range(count)]
        vectors = (np.eye(2, 8)[kinds] * 3 + rng.normal(0, 0.2, (count, 8))).astype(np.float32)
        pictures = np.full((count, 64, 64, 3), 40, np.uint8)
        pictures[kinds == 1] = 200
        cache.add(keys, vectors, pictures)
        cache.flush()
        yield Progress(count, count, "looked")
        return TeachingSession(project, Embedded(cells.cells, vectors, cache.thumbnails(keys), "fake", "ab"))


class FakeTuning:
    """Stands in for `fine_tuning.fine_tune_steps`: three steps whose loss falls, and the random cells named better."""

    def __init__(self, card):
        self.card = card
        self.asked = []
        self.error = None

    def __call__(self, taught, recipe):
        self.asked.append((taught, recipe))
        if self.error is not None:
            raise self.error
        return self.steps()

    def steps(self):
        yield Progress(0, 0, "cutting 20 cells")
        for step in (1, 2, 3):
            yield Progress(step, 3, f"loss {1 / step:.3f}", 1 / step)
        gain = Gain(20, 20, 20, 1, 40)
        return FineTuned(self.card, CurvePoint(20, 20, 40), CurvePoint(20, 39, 40), gain, ("Of one image.",))


class StepRunner:
    """Runs everything in this thread, when it is told to."""

    def __init__(self):
        self.jobs = []
        self.drawings = []
        self.later = []

    def run_in_background(self, steps, listener):
        job = (steps, listener)
        self.jobs.append(job)

        def stop():
            if job in self.jobs:
                self.jobs.remove(job)
                steps.close()
                listener.on_end()

        return stop

    def run_idle(self, steps):
        self.drawings.append(steps)
        return lambda: self.drawings.remove(steps) if steps in self.drawings else None

    def run_later(self, act, seconds):
        assert 0 < seconds < 1  # what a person loses at most
        self.later.append(act)

    def wait(self):
        """Do what was to be done later, and finish it."""
        waiting, self.later = self.later, []
        for act in waiting:
            act()
        self.run()

    def step(self):
        """Do one step of the oldest job."""
        steps, listener = self.jobs[0]
        try:
            listener.on_step(next(steps))
        except StopIteration:
            self.jobs.pop(0)
            listener.on_end()
        except HemaLensError as error:
            self.jobs.pop(0)
            listener.on_error(error)
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
        """Finish everything, and what comes of it."""
        while self.jobs or self.drawings:
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


@pytest.fixture(autouse=True)
def _torch_after_windows(request):
    """Let later tests load torch, also where this one drew a window and its runner knew no threads."""
    yield
    if request.node.get_closest_marker("window"):
        work_around_mesa()


@pytest.fixture
def viewer():
    model = ViewerModel()
    model.add_image(np.zeros((*SHAPE, 3), np.uint8), rgb=True, name="smear", scale=(0.1, 0.1), units=("um", "um"))
    return model


@pytest.fixture
def without_window(viewer, npe2pm, qtbot):
    """Show a dock in no window of napari's, for what is not seen on the canvas: it opens in a tenth of the time.

    It hears of layers as docks of a window do.
    """

    def show(kind):
        dock = kind(viewer)
        qtbot.addWidget(dock)
        dock.viewer = viewer
        for news in ("inserted", "removed", "reordered", "renamed"):
            viewer.layers.events[news].connect(dock.reset_choices)
        dock.show()
        return dock

    return show


@pytest.fixture
def ended():
    """When a run of a dock has ended; test files that know more say it."""
    return lambda dock: not dock.session.running


@pytest.fixture
def run(request, qtbot, ended):
    """Press Run in the `dock` of a test file, and wait for the end."""
    return pressing_run(request.getfixturevalue("dock"), qtbot, ended)


@pytest.fixture
def run_alone(request, qtbot, ended):
    """The same in the dock that is `alone`, without napari's window."""
    return pressing_run(request.getfixturevalue("alone"), qtbot, ended)


def pressing_run(dock, qtbot, ended):
    """Return what presses Run in a dock, and waits for the end, also on a busy machine without a graphics card."""

    def press():
        dock.running.run.click()
        qtbot.waitUntil(lambda: ended(dock), timeout=60_000)

    return press


@pytest.fixture
def runner():
    return StepRunner()


@pytest.fixture
def network():
    return FakeNetwork()


@pytest.fixture
def session(viewer, runner, network):
    return DetectionSession(viewer, runner, network)


@pytest.fixture
def recipe():
    return DetectionRecipe(score_threshold=0.5)


@pytest.fixture
def named_session(session, viewer, runner, network, recipe):
    """The same with a classifier: of the six cells on screen, one is a red cell and two are unsure."""
    network.names_cells = True
    session.start_run([viewer.layers["smear"]], recipe)
    runner.run()
    return session


@pytest.fixture
def analysed(session, viewer, runner, recipe):
    """A session after a run on the one image of its viewer: six cells at a score of 0.5, twelve at 0.1."""
    session.start_run([viewer.layers["smear"]], recipe)
    runner.run()
    return session


CELLS = (4, 7, 9, 70_000)
"""Numbers of the cells in the label image."""


@pytest.fixture
def labels():
    """Four cells of 40 x 40 pixels, the first at the border, their numbers with gaps."""
    labels = np.zeros(SHAPE, np.int32)
    for number, (y, x) in zip(CELLS, ((0, 100), (100, 100), (100, 200), (300, 400)), strict=True):
        labels[y : y + 40, x : x + 40] = number
    return labels


@pytest.fixture
def boxes(viewer):
    """Four cells as the detection shows them, the last a red cell."""
    return viewer.add_layer(Layer.create(*as_layers(found(4), like=viewer.layers["smear"])[0]))


@pytest.fixture
def nuclei(viewer, labels):
    return viewer.add_labels(labels, name="nuclei", scale=(0.1, 0.1), units=("um", "um"))


@pytest.fixture
def classifier():
    return FakeClassifier()


@pytest.fixture
def outlines():
    """What outlines one cell, without looking."""
    return outlined


@pytest.fixture
def card_file(tmp_path):
    """The file of a row of the task micronucleus; that of its weights is not there."""
    card = ClassifierCard(
        name="fake",
        description="Says what it is told to",
        task="micronucleus",
        classes=task("micronucleus").classes,
        network=ClassifierRecipe(),
        crop=CropRecipe(),
        metrics={},
        data="",
        licence="",
        training={},
        sha256="0",
    )
    file = tmp_path / "fake.json"
    file.write_text(card.model_dump_json(), encoding="utf-8")
    return file


@pytest.fixture
def question(card_file):
    return ClassificationRecipe(weights=str(card_file), device="cpu")


@pytest.fixture
def classifying(viewer, runner, classifier):
    return ClassificationSession(viewer, runner, classifier, outlined)


@pytest.fixture
def classified(classifying, viewer, nuclei, runner, question):
    """The same after a run."""
    classifying.start_run(viewer.layers["smear"], nuclei, question)
    runner.run()
    return classifying


@pytest.fixture
def looking():
    """What looks at cells to teach without a network."""
    return FakeTeaching()


@pytest.fixture
def tuning(card_file):
    """What trains without a network."""
    card = ClassifierCard.model_validate_json(card_file.read_text(encoding="utf-8"))
    return FakeTuning(card.model_copy(update={"name": "mine", "folder": card_file.parent}))


@pytest.fixture
def many_boxes(viewer):
    """Twenty nucleated cells as the detection shows them, over the smear."""
    cells = found(20)
    cells = replace(cells, classes=np.arange(20) % 3)
    return viewer.add_layer(Layer.create(*as_layers(cells, like=viewer.layers["smear"])[0]))


@pytest.fixture
def teach(viewer, runner, looking, tuning):
    return TeachSession(viewer, runner, looking, tuning)


@pytest.fixture
def taught(teach, viewer, runner, many_boxes, tmp_path):
    """The same with an open project of two classes, 'dark' (key 1) and 'bright' (key 2), and twenty cells."""
    teach.open_project(tmp_path / "project")
    for name in ("dark", "bright"):
        teach.change_classes(lambda project, name=name: project.add_class(name))
    teach.start([cells_of_layer(viewer.layers["smear"], many_boxes)], TeachingRecipe())
    runner.run()
    return teach


@pytest.fixture
def explainer():
    return FakeExplainer()


@pytest.fixture
def explaining(viewer, runner, explainer):
    return ExplanationSession(viewer, runner, explainer)


@pytest.fixture
def asking(card_file):
    return ExplanationRecipe(weights=str(card_file), device="cpu")


@pytest.fixture
def keeping(viewer, runner, session, classifying):
    """The project of the viewer, which keeps what Detect and Classify do."""
    made = ProjectSession(viewer, runner)
    made.join(session.keeper)
    made.join(classifying.keeper)
    return made


@pytest.fixture
def reopened(runner, network, classifier):
    """Open a project in a new viewer without layers: return its project, Detect, Classify and the viewer."""
    made = []

    def reopen(folder, viewer=None):
        viewer = ViewerModel() if viewer is None else viewer
        project = ProjectSession(viewer, runner)
        made.append(project)
        sessions = (
            DetectionSession(viewer, runner, network),
            ClassificationSession(viewer, runner, classifier, outlined),
        )
        for each in sessions:
            project.join(each.keeper)
        project.open(folder)
        runner.run()
        return project, *sessions, viewer

    yield reopen
    for project in made:
        project.end()


@pytest.fixture
def study(tmp_path):
    """A project of seven slides in two groups, and what Detect found in six of them: the last is no image."""
    folder = tmp_path / "study"
    open_project(folder).close()
    names = ("c0", "c1", "c2", "p0", "p1", "p2", "p3")
    for name in names:
        pixels = np.zeros((*SHAPE, 3), np.uint8)
        iio.imwrite(folder / f"{name}.png", pixels) if name != "p3" else (folder / f"{name}.png").touch()
    groups = (*("control",) * 3, *("patients",) * 4)
    slides = [
        ProjectSlide(f"{n}.png", patient=n, group=g, beside={"age": ""}) for n, g in zip(names, groups, strict=True)
    ]
    write(SlidesTable(tuple(slides), ("age",)), folder)
    run = queue_run(folder, "detect", DetectionRecipe())
    fields = [found(6 + i, image=str(folder / f"{name}.png")) for i, name in enumerate(names[:-1])]
    failed = {str(folder / "p3.png"): "Cannot read p3.png: the file is empty."}
    write_results(fields, DetectionRecipe(), run.results(folder), failed=failed)
    return folder


class FakeQueue:
    """Stands in for `project_queue.run_queue_steps`: three steps, after which a run is done."""

    def __init__(self):
        self.asked = []
        self.name = "detect-1"

    def __call__(self, folder):
        self.asked.append(folder)
        for slide in range(3):
            yield Progress(slide, 3, f"{self.name}: slide {slide}")
        run = queue.read(folder).named(self.name)
        queue.change(folder, lambda now: now.with_run(run.model_copy(update={"state": "done"})))
        return outcomes_of(folder)


@pytest.fixture
def run_queue():
    return FakeQueue()


@pytest.fixture
def slides(viewer, runner, run_queue, study):
    """The slides of the study, which is open in the viewer."""
    made = SlidesSession(viewer, runner, run_queue)
    made.projects.open(study)
    runner.run()
    yield made
    made.projects.end()
