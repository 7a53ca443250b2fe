"""Teach: the dock. A person names cells, and the machine chooses which."""

from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from napari_hemalens.config.options import TeachingRecipe
from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.cell_layers import may_be_of_image
from napari_hemalens.gui.preferences import preference
from napari_hemalens.gui.teach.keys import others
from napari_hemalens.gui.teach.session import teach_session
from napari_hemalens.gui.teach.sources import (
    CellSource,
    cells_of_folder,
    cells_of_layer,
    cells_of_stack,
    known_pixel_size,
)
from napari_hemalens.gui.teach.view import (
    accuracy_in_words,
    counts_in_words,
    curve_in_words,
    second_look_in_words,
    shown_cell,
)
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.cells_choice import cells_choice
from napari_hemalens.gui.widgets.choices import Choice, DeviceChoice, PrecisionChoice, image_choice
from napari_hemalens.gui.widgets.demo_hint import DemoHint
from napari_hemalens.gui.widgets.dock import Dock
from napari_hemalens.gui.widgets.fields import NumberEdit
from napari_hemalens.gui.widgets.form import RecipeForm, folded
from napari_hemalens.gui.widgets.gallery import GalleryView
from napari_hemalens.gui.widgets.gallery_dock import show_below
from napari_hemalens.gui.widgets.gallery_grid import no_cells
from napari_hemalens.gui.widgets.project_choice import follow_slides
from napari_hemalens.gui.widgets.rows import Rows, button, sentences
from napari_hemalens.gui.widgets.running import RunBar
from napari_hemalens.gui.widgets.teach_cell import CellToName
from napari_hemalens.gui.widgets.teach_curve import CurvePlot
from napari_hemalens.gui.widgets.teach_project import ProjectRows
from napari_hemalens.gui.widgets.teach_training import TrainingRows
from napari_hemalens.gui.workers import QtRunner
from napari_hemalens.workflows.teaching import TeachingSession

_OF_LAYER, _OF_STACK, _OF_FOLDER = "layer", "stack", "folder"
_SOURCES = "Labels or boxes over an image, a layer that is a stack of crops, or files of one cell each"
_SIZE = "Micrometres per pixel: crops are cut as wide as the network learned them"


class TeachWidget(Dock):
    """Choose a project and cells, name one after the other, see how accuracy grows."""

    _chosen = False  # whether a person said which layer holds the cells

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self.session = teach_session(napari_viewer, QtRunner)
        self.hint = DemoHint(napari_viewer)
        self.project = ProjectRows(napari_viewer)
        kinds = [("a layer", _OF_LAYER), ("a stack of crops", _OF_STACK), ("a folder of images", _OF_FOLDER)]
        self.kind = Choice(kinds, label="Cells from", tooltip=_SOURCES)
        self.image = image_choice(napari_viewer)
        self.cells = cells_choice(napari_viewer, self.image)
        self.size = NumberEdit(empty="not known", label="Pixel size (µm)", tooltip=_SIZE)
        self.form: RecipeForm[TeachingRecipe] = RecipeForm(
            TeachingRecipe, (), {"device": DeviceChoice(), "precision": PrecisionChoice()}
        )
        self.form.options["device"].select(preference("device"))
        self.running = RunBar()
        self.cell, self.curve = CellToName(), CurvePlot()
        self.counted, self.accuracy, self.sentence = sentences(), sentences(), sentences(small=True)
        self.gallery = GalleryView(self.session.picture_of)
        self.gallery.setParent(self)  # until it is asked for
        self.gallery.hide()
        self._in_gallery: TeachingSession | None = None
        self.show_gallery, self.look_again = button("Gallery…"), button("Second look")
        self.show_gallery.setToolTip("All cells by class, below the canvas: correct several at once")
        self.look_again.setToolTip(
            "Shows the labels that a model contradicts which was not told them; Skip keeps a label"
        )
        self.training = TrainingRows(self.session)
        self._lay_out()
        self._connect()
        self._on_source()
        self._on_project()
        self._on_change()
        self._on_switched()
        self.session.look_for_devices()

    def _lay_out(self) -> None:
        self.running.run.setText("Look at the cells")
        self.sources, self.loop = Rows(self.kind, self.image, self.cells, self.size), QWidget()
        inner = QVBoxLayout(self.loop)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        for widget in (self.cell, self.counted, self.accuracy, self.curve, self.sentence):
            inner.addWidget(widget)
        beside = QHBoxLayout()
        beside.addWidget(self.show_gallery)
        beside.addWidget(self.look_again)
        inner.addLayout(beside)
        inner.addWidget(folded("Train properly", self.training))
        self.setup = folded(
            "Project and cells", self.project.choice, self.project.native, self.sources.native, self.form
        )
        self.setup.expand(animate=False)
        self.fill(self.hint, self.setup, self.running, self.loop)
        self.size.changed.connect(lambda _: self.image.keep())  # it is typed for this image
        self.following = (self.sources,)
        self.reset_choices()

    def _connect(self) -> None:
        session = self.session
        projects = self.project.choice.session
        projects.wait_for(lambda: session.busy)
        projects.changed.connect(self._on_switched)
        follow_slides(projects, self.image)
        self.project.plus.clicked.connect(self._add_class)
        self.project.new.returnPressed.connect(self._add_class)
        self.project.minus.clicked.connect(self._remove_class)
        for told, part in (("renamed", "name"), ("keyed", "key"), ("coloured", "colour")):
            getattr(self.project.table, told).connect(
                lambda name, value, part=part: self._change_class(name, part, value)
            )
        for choice in (self.kind, self.image, self.cells):
            choice.changed.connect(self._on_source)
            choice.changed.connect(session.take_back)
        self.cells.native.activated.connect(self._on_chosen)
        self.running.run.clicked.connect(self._start)
        self.cell.named.connect(session.label)
        self.cell.added.connect(self._add)
        self.cell.pressed.connect(self._press)
        self.cell.asked.connect(lambda name: getattr(session, name)())
        self.show_gallery.clicked.connect(self.open_gallery)
        self.look_again.clicked.connect(self._look_again)
        self.gallery.named.connect(session.label_rows)
        self.gallery.opened.connect(session.go_to)
        self.gallery.undone.connect(session.undo)
        self.gallery.redone.connect(session.redo)
        self.running.follow(session)
        session.devices_found.connect(self._on_devices)
        session.project_changed.connect(self._on_project)
        session.begun.connect(self._on_begun)
        session.changed.connect(self._on_change)
        session.drawn.connect(self._on_gallery)
        session.training.changed.connect(self._on_trained)

    def _add_class(self) -> None:
        self._add(self.project.new.text())
        self.project.new.clear()

    def _add(self, name: str) -> None:
        if name.strip():
            self.session.change_classes(lambda project: project.add_class(name.strip()))

    def _remove_class(self) -> None:
        name = self.project.table.chosen
        if name is not None:
            self.session.change_classes(lambda project: project.remove_class(name))

    def _change_class(self, name: str, part: str, value: str) -> None:
        self.session.change_classes(lambda project: project.change_class(name, **{part: value}))

    def _source(self) -> CellSource | None:
        """Return the cells that are chosen; None: no folder was chosen."""
        if self.kind.value == _OF_FOLDER:
            folder = QFileDialog.getExistingDirectory(self, "Folder of images of one cell each")
            return cells_of_folder(Path(folder)) if folder else None
        if self.kind.value == _OF_STACK and self.image.value is not None:
            return cells_of_stack(self.image.value)
        steps = self._viewer.dims.point
        return cells_of_layer(self.image.value, self.cells.value, steps, pixel_size_um=self.size.value)

    def _start(self) -> None:
        try:
            source = self._source()
            recipe = self.form.read()
        except HemaLensError as error:
            self.session.refuse(str(error))
            return
        if source is not None:
            self.session.start([source], recipe)

    def _press(self, key: str) -> None:
        project = self.session.project
        act = others({} if project is None else {each.name: each.key for each in project.classes}).get(key)
        if act is None:
            self.session.press(key)
        else:
            getattr(self.session, act)()

    def _on_chosen(self, _: int) -> None:
        self._chosen = True

    @while_alive
    def reset_choices(self, *_: Any) -> None:
        """Offer the layers of now; cells of the image that are seen come before hidden ones, until a person chooses."""
        super().reset_choices()
        there = [layer for layer in self.cells.choices if layer is not None and layer.visible]
        seen = [layer for layer in there if may_be_of_image(layer, self.image.value)]
        if seen and not self._chosen:
            self.cells.value = seen[-1]

    def _on_source(self, *_: Any) -> None:
        of_layer = self.kind.value == _OF_LAYER
        self.sources.show_row(self.image, self.kind.value != _OF_FOLDER)
        self.sources.show_row(self.cells, of_layer)
        self.sources.show_row(self.size, of_layer)
        with self.size.changed.blocked():
            self.size.value = known_pixel_size(self.image.value, self.cells.value)

    def _look_again(self) -> None:
        self.session.look_again()
        self.cell.setFocus()

    def open_gallery(self) -> None:
        """Show all cells by class below the canvas."""
        show_below(self._viewer, self.gallery, "Cells by class")
        self._on_gallery()

    @while_alive
    def _on_devices(self) -> None:
        self.form.options["device"].offer(self.session.devices)

    @while_alive
    def _on_switched(self) -> None:
        """Teach in the project that is open now, and go on where it was left."""
        project = self.project.choice.session.project
        if project is not self.session.project:
            self.running.message.hide()  # what was said of another project
            self.running.show_progress("", 0.0)
            self.session.take_project(project)
            self.session.resume(self.form.read())

    @while_alive
    def _on_project(self) -> None:
        self.project.show_project(self.session.project)

    @while_alive
    def _on_begun(self) -> None:
        self.setup.collapse(animate=False)
        self.cell.setFocus()
        self._on_gallery()

    @while_alive
    def _on_trained(self) -> None:
        if self.session.training.tuned is not None:
            self.running.note("The network is trained: what it brought stands under 'Train properly'.")

    @while_alive
    def _on_change(self) -> None:
        session, taught = self.session, self.session.taught
        self.loop.setVisible(taught is not None)
        if taught is None:
            self._leave_pool()
            return
        self.cell.show_classes(taught.project.classes, taught.pool.counts)
        self.cell.show_cell(shown_cell(taught), can_say=session.can_say)
        self.cell.controls["undo"].setEnabled(taught.can_undo and not taught.project.read_only)
        self.cell.controls["redo"].setEnabled(taught.can_redo and not taught.project.read_only)
        self.counted.setText(counts_in_words(taught))
        self.look_again.setText(second_look_in_words(session.second_look.left))
        self.accuracy.setText(accuracy_in_words(taught))
        self.curve.show_curve(taught.curve)
        self.sentence.setText(curve_in_words(taught))

    def _leave_pool(self) -> None:
        """Show no cells of a project that is open no more, but what to choose."""
        self.setup.expand(animate=False)
        if self._in_gallery is not None:
            self._in_gallery = None
            self.gallery.show_cells(no_cells())

    @while_alive
    def _on_gallery(self) -> None:
        taught = self.session.taught
        if taught is None or not self.gallery.isVisible():
            return
        classes = taught.project.classes
        self.gallery.show_undo(can_undo=taught.can_undo, can_redo=taught.can_redo)
        self.gallery.show_classes({c.name: c.key for c in classes}, {c.name: c.colour for c in classes})
        if taught is not self._in_gallery:
            self._in_gallery = taught
            self.gallery.show_cells(taught.gallery_cells)
        else:
            self.gallery.update_cells(taught.gallery_cells)
