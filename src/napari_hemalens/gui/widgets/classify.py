"""Classify cells: the dock."""

from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.blind import BlindSession
from napari_hemalens.gui.cell_layers import of_another_image
from napari_hemalens.gui.channels import offered_channels
from napari_hemalens.gui.classify.gallery import ClassifiedGallery
from napari_hemalens.gui.classify.session import classification_session
from napari_hemalens.gui.gallery import GallerySession
from napari_hemalens.gui.layers import pixel_size_um
from napari_hemalens.gui.preferences import preference
from napari_hemalens.gui.project.sample import known_sample
from napari_hemalens.gui.selection import cell_selection
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.blind import read_on_click
from napari_hemalens.gui.widgets.cells_choice import cells_choice
from napari_hemalens.gui.widgets.channel_choice import ChannelChoice
from napari_hemalens.gui.widgets.choices import image_choice
from napari_hemalens.gui.widgets.class_report import CountedChoice, ReportForm
from napari_hemalens.gui.widgets.class_review import FilterBar, ReviewCells
from napari_hemalens.gui.widgets.class_view import ClassView
from napari_hemalens.gui.widgets.classification_form import ClassificationForm, SegmentationForm
from napari_hemalens.gui.widgets.closing import ask_before_closing
from napari_hemalens.gui.widgets.demo_hint import DemoHint
from napari_hemalens.gui.widgets.dock import Dock
from napari_hemalens.gui.widgets.exports import ask_for_training_set
from napari_hemalens.gui.widgets.fetching import FetchBar
from napari_hemalens.gui.widgets.gallery_dock import ResultsGallery, gallery_button
from napari_hemalens.gui.widgets.project_choice import ProjectChoice, follow_slides
from napari_hemalens.gui.widgets.replacing import may_replace
from napari_hemalens.gui.widgets.report_dialog import ask_for_report
from napari_hemalens.gui.widgets.rows import Rows, sentences
from napari_hemalens.gui.widgets.running import RunBar, ask_to_keep, ask_to_split
from napari_hemalens.gui.widgets.saving import CLASSIFIED, ask_what_to_save
from napari_hemalens.gui.workers import QtRunner
from napari_hemalens.review.classes import pooled


class ClassifyWidget(Dock):
    """Choose an image, its cells and a task, run, look, review, save."""

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self.session = classification_session(napari_viewer, QtRunner)
        ask_before_closing(napari_viewer, self.session)
        cell_selection(napari_viewer, QtRunner)  # a cell selected in one dock is selected in all
        self.hint = DemoHint(napari_viewer)
        self.project = ProjectChoice(napari_viewer)
        self.image = image_choice(napari_viewer)
        self.channel = ChannelChoice()
        self.cells = cells_choice(napari_viewer, self.image)
        self.segmentation = SegmentationForm()
        self.form = ClassificationForm()
        self.form.options["device"].select(preference("device"))
        self.lacking, self.fetching = sentences(), FetchBar(napari_viewer, self.form)
        self.running = RunBar()
        self.counted = CountedChoice()
        self.view = ClassView()
        cells = GallerySession(ClassifiedGallery(self.session.results), self.session.runner)
        self.gallery = ResultsGallery(napari_viewer, cells, "Classified cells by class", self)
        self.show_gallery = gallery_button()
        self.report = ReportForm(napari_viewer)
        self.filter, self.review = FilterBar(), ReviewCells()
        self._lay_out()
        self._connect_widgets()
        self._connect_session()
        self._on_image()
        self._on_options()
        self._on_running(self.session.running)
        self._on_results()
        self.project.session.join(self.session.keeper)
        self.session.look_for_devices()

    def _lay_out(self) -> None:
        self.sources, self.results = Rows(self.image, self.channel, self.cells), QWidget()
        inner = QVBoxLayout(self.results)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(3)
        for widget in (self.counted, self.view, self.show_gallery, self.report, self.filter, self.review):
            inner.addWidget(widget)
        chosen = (self.sources.native, self.segmentation, self.form, self.lacking, self.fetching)
        self.fill(self.hint, self.project, *chosen, self.running, self.results)
        self.following = (self.sources, self.report)

    def _connect_widgets(self) -> None:
        results = self.session.results
        self.image.changed.connect(self._on_image)
        for choice in (self.image, self.cells):
            choice.changed.connect(self.session.take_back)
        follow_slides(self.project.session, self.image)
        self.segmentation.asked.connect(self._segment)
        self.form.changed.connect(self._on_options)
        self.form.options["weights"].changed.connect(self._offer_channels)
        self.form.refused.connect(self.running.say)
        self.form.keep_when_typed(self.image)
        self.running.run.clicked.connect(self._run)
        self.counted.chosen.connect(results.count)
        self.report.cells_chosen.connect(self.session.make_cells_by)
        self.report.described.connect(self.session.report.describe)
        self.report.compared.connect(self.session.report.compare)
        self.show_gallery.clicked.connect(self.gallery.open)
        blind = BlindSession(self.gallery.session.source, self.session.runner, "classify", self.project.session.kept_in)
        read_on_click(self.review.blind, blind, self.gallery, self.results)
        self.gallery.failed.connect(self.running.say)
        self.filter.chosen.connect(results.choose)
        self.review.begun.connect(self._begin_review)
        self.review.ended.connect(results.end_review)
        self.review.save.clicked.connect(self._save)
        self.review.collect.clicked.connect(self._collect)
        self.review.report.clicked.connect(self._print_report)

    def _connect_session(self) -> None:
        self.running.follow(self.session)
        self.session.running_changed.connect(self._on_running)
        self.session.devices_found.connect(self._on_devices)
        self.session.semantic_labels_found.connect(self._on_semantic)
        self.session.segmented.connect(self._on_segmented)
        self.session.report.changed.connect(self._on_results)
        self.session.keeper.opened.connect(self._on_opened)

    def _run(self) -> None:
        self._start(None)

    def _start(self, relabel: bool | None) -> None:
        try:
            recipe = self.form.read().model_copy(update={"relabel": relabel, "channel": self.channel.value})
        except HemaLensError as error:
            self.running.say(str(error))
            return
        image, cells = self.image.value, self.cells.value
        corrections = self.session.corrections(image, cells, recipe)
        keep = ask_to_keep(self, corrections) if corrections else True
        if keep is not None:
            self.session.start_run(image, cells, recipe, keep_corrections=keep)
            self._say_of_cells()

    def _say_of_cells(self) -> None:
        if self.session.running and (doubt := of_another_image(self.cells.value, self.image.value)):
            self.running.say(doubt)

    def _segment(self) -> None:
        try:
            size = self.form.read_pixel_size()
            recipe = self.segmentation.read(size).model_copy(update={"channel": self.channel.value})
            self.session.segment(self.image.value, recipe)
        except HemaLensError as error:
            self.running.say(str(error))

    def _begin_review(self) -> None:
        focused = QApplication.focusWidget()
        if focused is not None and self.isAncestorOf(focused):
            focused.clearFocus()  # keys go to the canvas
        self.session.results.begin_review()
        self.reveal(self.review)

    def _save(self) -> None:
        asked = ask_what_to_save(self, CLASSIFIED)
        if asked is not None and may_replace(self, self.session.files_of_save(*asked)):
            self.session.save(*asked)

    def _collect(self) -> None:
        folder = ask_for_training_set(self)
        if folder is not None:
            self.session.collect(folder)

    def _print_report(self) -> None:
        images = [state.image for state in self.session.results.states_of_task]
        asked = ask_for_report(self, known_sample(self.project.session, images))
        if asked is not None:
            self.session.print_report(*asked)

    def _on_image(self) -> None:
        self._show_pixel_size()
        self._offer_channels()

    def _show_pixel_size(self) -> None:
        image = self.image.value
        self.form.show_pixel_size(None if image is None else pixel_size_um(image))

    def _offer_channels(self) -> None:
        self.sources.show_row(self.channel, self.channel.offer(offered_channels(self.image.value, self.form.card)))

    def _on_options(self) -> None:
        self.lacking.setText(self.form.lacking)
        self.lacking.setVisible(not self.form.ready)
        self.running.run.setEnabled(self.form.ready and not self.session.running)
        try:
            self.session.keeper.choose_options(self.form.read_for_others())
        except HemaLensError:  # of a number that is half typed, the one before is kept
            return

    @while_alive
    def _on_opened(self) -> None:
        self.form.write(self.session.keeper.options)
        if self.session.keeper.options.pixel_size_um is None:
            self._show_pixel_size()
        self.filter.show_sizes(self.session.results.display)
        self.filter.show_entropy(self.session.results.display)

    @while_alive
    def _on_semantic(self) -> None:
        relabel = ask_to_split(self)
        if relabel is not None:
            self._start(relabel)

    @while_alive
    def _on_segmented(self, layer: Layer) -> None:
        self.cells.value = layer

    @while_alive
    def _on_devices(self) -> None:
        self.form.show_devices(self.session.devices)

    @while_alive
    def _on_running(self, running: bool) -> None:
        self._on_options()
        self.sources.enabled = not running
        self.segmentation.button.setEnabled(not running)
        for widget in (self.counted, self.report, self.review):
            widget.setEnabled(not running)

    @while_alive
    def _on_results(self) -> None:
        results, page = self.session.results, self.session.report.read()
        counted, current = results.counted, results.current
        self.results.setVisible(bool(counted))
        if counted:
            self.counted.show_results(results.states_of_task, current, pooled=results.pooled)
            self.view.show_counts(pooled(counted))
            self.view.show_figures(page.rows, page.notes, page.doubts)
            self.report.show_case(current, alone=len(counted) == 1)
            self.report.show_comparison(page.groups, page.compared, page.sentence)
            self.filter.show_classes(counted[0].cells.names, results.display)
        self.review.show_cell(results.status, results.waiting, reviewing=results.queue is not None)
