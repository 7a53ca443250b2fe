"""Detect cells: the dock."""

from collections.abc import Sequence
from pathlib import Path

from napari.components import ViewerModel
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication, QToolTip, QVBoxLayout, QWidget

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.blind import BlindSession
from napari_hemalens.gui.detect.display import MANY, SmallCells
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.detect.gallery import DetectedGallery
from napari_hemalens.gui.detect.session import detection_session
from napari_hemalens.gui.detect.sources import Source
from napari_hemalens.gui.gallery import GallerySession
from napari_hemalens.gui.preferences import preference
from napari_hemalens.gui.project.sample import known_sample
from napari_hemalens.gui.selection import cell_selection
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.blind import read_on_click
from napari_hemalens.gui.widgets.box_filter import BoxFilterBar
from napari_hemalens.gui.widgets.choices import Choice
from napari_hemalens.gui.widgets.class_questions import ask_for_classes
from napari_hemalens.gui.widgets.closing import ask_before_closing
from napari_hemalens.gui.widgets.demo_hint import DemoHint
from napari_hemalens.gui.widgets.detection_form import DetectionForm
from napari_hemalens.gui.widgets.differential import DifferentialView
from napari_hemalens.gui.widgets.dock import Dock
from napari_hemalens.gui.widgets.exports import ExportBar, ask_for_annotations
from napari_hemalens.gui.widgets.failures import FailureList
from napari_hemalens.gui.widgets.fetching import FetchBar
from napari_hemalens.gui.widgets.gallery_dock import ResultsGallery, gallery_button
from napari_hemalens.gui.widgets.images import ImageBox
from napari_hemalens.gui.widgets.project_choice import ProjectChoice, follow_slides
from napari_hemalens.gui.widgets.replacing import may_replace
from napari_hemalens.gui.widgets.report_dialog import ask_for_report
from napari_hemalens.gui.widgets.review import ReviewBar
from napari_hemalens.gui.widgets.rows import Rows, button
from napari_hemalens.gui.widgets.running import RunBar, ask_to_keep
from napari_hemalens.gui.workers import QtRunner

_SMALL_CELLS: Sequence[tuple[str, SmallCells]] = (
    (f"points over {MANY:,}", "many"),
    ("always boxes", "boxes"),
    ("always points", "points"),
)


class DetectWidget(Dock):
    """Choose images and options, run, look, correct, save."""

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self.session = detection_session(napari_viewer, QtRunner)
        ask_before_closing(napari_viewer, self.session)
        cell_selection(napari_viewer, QtRunner)  # a cell selected in one dock is selected in all
        self.hint = DemoHint(napari_viewer)
        self.project = ProjectChoice(napari_viewer)
        self.images, self.form = ImageBox(napari_viewer), DetectionForm()
        self.form.choose_weights(preference("detection_weights"))
        self.form.options["device"].select(preference("device"))
        self.fetching = FetchBar(napari_viewer, self.form)
        self.running, self.failed = RunBar(), FailureList()
        self.annotations = button("Open annotations…")
        self.annotations.setToolTip("Show, count and correct cells that were annotated in VIA or another tool")
        self.fields = Choice(
            self._offered_fields, label="Shown image", tooltip="Which image is on screen; all are counted"
        )
        self.differential = DifferentialView()
        cells = GallerySession(DetectedGallery(self.session.results), self.session.runner)
        self.gallery = ResultsGallery(napari_viewer, cells, "Detected cells by class", self)
        self.show_gallery = gallery_button()
        self.filter = BoxFilterBar()
        self.review = ReviewBar()
        self.review.labels.value = self.session.show_labels
        self.exports = ExportBar()
        self._lay_out()
        self._connect_widgets()
        self._connect_session()
        self._on_image()
        self._on_running(self.session.running)
        self._on_results()
        self.project.session.join(self.session.keeper)
        self.session.look_for_devices()

    def _lay_out(self) -> None:
        self.small_cells = Choice(_SMALL_CELLS, label="Small cells")
        self.small_cells.tooltip = "How red cells and platelets are drawn: very many boxes are slow to work with"
        self.filter.rows.add(self.small_cells.label, self.small_cells)
        self.shown, self.results = Rows(self.fields), QWidget()
        inner = QVBoxLayout(self.results)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(3)
        for widget in (self.shown.native, self.differential, self.show_gallery, self.filter, self.review, self.exports):
            inner.addWidget(widget)
        chosen = (self.project, self.images, self.form, self.fetching)
        self.fill(self.hint, *chosen, self.running, self.failed, self.annotations, self.results)
        self.following = (self.images,)

    def _connect_widgets(self) -> None:
        results = self.session.results
        self.images.changed.connect(self._on_image)
        self.images.refused.connect(self.running.say)
        self.form.refused.connect(self.running.say)
        self.form.scored.connect(results.choose_score)
        self.form.options["tissue"].changed.connect(results.choose_odds)
        self.form.options["tissue_prior"].changed.connect(self._on_prior)
        self.form.options["unsure"].changed.connect(results.choose_unsure)
        self.running.run.clicked.connect(self._run)
        self.annotations.clicked.connect(self._annotate)
        self.fields.changed.connect(self.session.show_field)
        self.show_gallery.clicked.connect(self.gallery.open)
        blind = BlindSession(self.gallery.session.source, self.session.runner, "detect", self.project.session.kept_in)
        read_on_click(self.review.blind, blind, self.gallery, self.results)
        self.gallery.failed.connect(self.running.say)
        self.filter.chosen.connect(results.choose_display)
        self.small_cells.changed.connect(results.choose_small_cells)
        self.review.asked.connect(self._look_at_next)
        self.review.accepted.connect(results.accept)
        self.review.classified.connect(results.classify)
        self.review.labels.changed.connect(self._on_labels)
        self.review.undone.connect(results.undo)
        self.review.redone.connect(results.redo)
        self.review.calibrated.connect(self.session.calibrate)
        self.exports.clear.clicked.connect(results.clear)
        self.exports.clear.clicked.connect(self.session.failures.clear)
        self.exports.copy.clicked.connect(self._copy)
        self.exports.saved.connect(self._save)
        self.exports.collected.connect(self.session.collect)
        self.exports.report.clicked.connect(self._print_report)

    def _connect_session(self) -> None:
        follow_slides(self.project.session, self.images.images)
        self.form.keep_when_typed(self.images.images)
        self.running.follow(self.session)
        self.session.running_changed.connect(self._on_running)
        self.failed.show_failures(self.session.failures.reasons)
        self.session.failures.changed.connect(self.failed.show_failures)
        self.session.devices_found.connect(self._on_devices)
        self.session.results.changed.connect(self._on_results)
        self.session.results.hovered.connect(self._on_hover)
        steps = self.gallery.viewer.dims.events.current_step
        steps.connect(self._say_what_is_shown, position="last")  # after the cells of other frames are hidden
        self.form.changed.connect(self._on_options)
        self.session.keeper.opened.connect(self._on_opened)
        if not self.session.results.fields:  # nothing was found with another one yet
            self.session.results.choose_score(self.form.slider.value)

    def _run(self) -> None:
        sources = self.images.sources()
        keep = self._keeps_edits(sources)
        if keep is None:
            return
        try:
            recipe = self.form.read()
        except HemaLensError as error:
            self.running.say(str(error))
            return
        self.session.start_run(sources, recipe, self.images.where(), keep_edits=keep)

    def _annotate(self) -> None:
        sources = self.images.sources()
        keep = self._keeps_edits(sources)
        files = () if keep is None else ask_for_annotations(self)
        if keep is None or not files:
            return
        classes = ask_for_classes(self, self.session.unknown_classes(files))
        if classes is not None:
            self.session.annotate(sources, files, keep_edits=keep, classes=classes)

    def _keeps_edits(self, sources: Sequence[Source]) -> bool | None:
        """Return whether corrections outlive what comes, as the person says; None: nothing is to come."""
        corrections = self.session.corrections(sources, self.form.options["frame"].value)
        return ask_to_keep(self, corrections) if corrections else True

    def _save(self, folder: Path, formats: Sequence[str]) -> None:
        if may_replace(self, self.session.files_of_save(folder, formats)):
            self.session.save(folder, formats)

    def _print_report(self) -> None:
        images = [f.path or f.image for f in self.session.results.fields]
        asked = ask_for_report(self, known_sample(self.project.session, images), ranges=True)
        if asked is not None:
            self.session.print_report(*asked)

    def _copy(self) -> None:
        try:
            script = self.session.script(self.images.sources(), self.form.read(), self.images.where())
        except HemaLensError as error:
            self.running.say(str(error))
            return
        QApplication.clipboard().setText(script)
        self.running.say("Copied a script that finds the same cells.")

    def _on_image(self) -> None:
        self.form.show_pixel_size(self.images.pixel_size_um())
        self.form.offer_channels(self.images.channels())
        self.session.take_back()

    def _look_at_next(self) -> None:
        focused = QApplication.focusWidget()
        if focused is not None and self.isAncestorOf(focused):
            focused.clearFocus()  # keys go to the canvas
        self.session.results.look_at_next()

    def _on_prior(self, wanted: bool) -> None:
        self.session.results.choose_odds(prior=wanted)

    def _on_labels(self, wanted: bool) -> None:
        self.session.show_labels = wanted

    def _offered_fields(self, _: object) -> list[tuple[str, Field]]:
        fields = self.session.results.fields
        return [(f.name, f) for f in fields if f.path is not None or len(fields) > 1]

    def _on_options(self) -> None:
        try:
            self.session.keeper.choose_options(self.form.read_for_others())
        except HemaLensError:  # of a number that is half typed, the one before is kept
            return

    @while_alive
    def _on_opened(self) -> None:
        self.form.write(self.session.keeper.options)
        if self.session.keeper.options.pixel_size_um is None:
            self.form.show_pixel_size(self.images.pixel_size_um())
        self.filter.show_sizes(self.session.results.display)
        with self.small_cells.changed.blocked():
            self.small_cells.value = self.session.results.small_cells
        if self.session.results.fields:  # else that of the options holds
            self.form.show_score(self.session.results.score_threshold)

    @while_alive
    def _on_devices(self) -> None:
        self.form.show_devices(self.session.devices)

    @while_alive
    def _on_running(self, running: bool) -> None:
        self.images.setEnabled(not running)
        self.annotations.setEnabled(not running)
        self.exports.setEnabled(not running)

    @while_alive
    def _on_results(self) -> None:
        results = self.session.results
        count = results.differential()
        self.differential.show_differential(count, results.notes)
        self.filter.show_classes(
            [row.name for row in (*count.rows, *count.beside) if row.count or row.given], results.display
        )
        self.results.setVisible(bool(results.fields) or results.can_undo)  # Undo lies in there
        for widget in (self.differential, self.show_gallery, self.filter):
            widget.setVisible(bool(results.fields))
        self.exports.setVisible(bool(results.fields))
        if results.fields:
            self.form.show_score(results.score_threshold)
        self.form.show_counting(results.tissue, results.unsure, prior=results.tissue_prior)
        self.review.show_waiting(results.waiting, results.status, locked=results.locked)
        self.review.show_state(results.next_class, can_undo=results.can_undo, can_redo=results.can_redo)
        with self.fields.changed.blocked():
            self.fields.reset_choices()
        self._say_what_is_shown()
        self.shown.visible = len(self.fields) > 0

    @while_alive
    def _say_what_is_shown(self, _: object = None) -> None:
        visible = max((i for i, (_, f) in enumerate(self._offered_fields(None)) if f.seen), default=-1)
        with self.fields.changed.blocked():
            self.fields.native.setCurrentIndex(visible)

    @while_alive
    def _on_hover(self, text: str) -> None:
        QToolTip.showText(QCursor.pos(), text)
