"""Attention: the dock. Where a network looked."""

from pathlib import Path

from magicgui.widgets import Label
from napari.components import ViewerModel
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.cell_layers import of_another_image
from napari_hemalens.gui.channels import offered_channels
from napari_hemalens.gui.explain.session import explanation_session
from napari_hemalens.gui.layers import pixel_size_um
from napari_hemalens.gui.preferences import preference
from napari_hemalens.gui.project.session import project_session
from napari_hemalens.gui.selection import cell_selection
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.attention_view import BlendBar, CellView, GalleryView
from napari_hemalens.gui.widgets.cells_choice import cells_choice
from napari_hemalens.gui.widgets.channel_choice import ChannelChoice
from napari_hemalens.gui.widgets.choices import image_choice
from napari_hemalens.gui.widgets.demo_hint import DemoHint
from napari_hemalens.gui.widgets.dock import Dock
from napari_hemalens.gui.widgets.doubts import doubts_label, show_doubts
from napari_hemalens.gui.widgets.explanation_form import ExplanationForm
from napari_hemalens.gui.widgets.fetching import FetchBar
from napari_hemalens.gui.widgets.project_choice import follow_slides
from napari_hemalens.gui.widgets.replacing import may_replace
from napari_hemalens.gui.widgets.rows import Rows, sentences
from napari_hemalens.gui.widgets.running import RunBar, ask_to_split
from napari_hemalens.gui.workers import QtRunner
from napari_hemalens.reports.detections import RESEARCH_USE


class AttentionWidget(Dock):
    """Choose an image, its cells, a network and methods, run, look, save."""

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        self.session = explanation_session(napari_viewer, QtRunner)
        cell_selection(napari_viewer, QtRunner)  # a cell selected in one dock is selected in all
        self.hint = DemoHint(napari_viewer)
        self.image = image_choice(napari_viewer)
        self.channel = ChannelChoice()
        self.cells = cells_choice(napari_viewer, self.image)
        self.whole = Label(value="the whole field")
        self.form = ExplanationForm()
        self.form.options["device"].select(preference("device"))
        self.lacking, self.fetching = sentences(), FetchBar(napari_viewer, self.form)
        self.running = RunBar()
        self.doubts, self.blend = doubts_label(), BlendBar()
        self.cell = CellView()
        self.gallery = GalleryView()
        self.use = sentences(small=True)
        follow_slides(project_session(napari_viewer, QtRunner), self.image)
        self._lay_out()
        self._connect_widgets()
        self._connect_session()
        self._on_image()
        self._on_options()
        self._on_running(self.session.running)
        self._on_results()
        self.session.look_for_devices()

    def _lay_out(self) -> None:
        self.use.setText(RESEARCH_USE)
        self.sources, self.results = Rows(self.image, self.channel), QWidget()
        self.sources.add("Cells", self.cells, self.whole)
        inner = QVBoxLayout(self.results)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(3)
        for widget in (self.doubts, self.blend, self.cell, self.gallery, self.use):
            inner.addWidget(widget)
        self.fill(self.hint, self.sources.native, self.form, self.lacking, self.fetching, self.running, self.results)
        self.following = (self.sources,)

    def _connect_widgets(self) -> None:
        self.image.changed.connect(self._on_image)
        for choice in (self.image, self.cells):
            choice.changed.connect(self.session.take_back)
        self.form.changed.connect(self._on_options)
        self.form.options["weights"].changed.connect(self._offer_channels)
        self.form.refused.connect(self.running.say)
        self.form.keep_when_typed(self.image)
        self.running.run.clicked.connect(self._run)
        self.blend.shown.connect(self.session.results.show_method)
        self.blend.blended.connect(self.session.results.blend_as)
        self.blend.saved.connect(self._save_heatmaps)
        self.gallery.asked.connect(self._on_gallery)
        self.gallery.chosen.connect(self.session.visit)
        self.gallery.saved.connect(lambda file, n: self.session.save_gallery(Path(file), n))

    def _connect_session(self) -> None:
        self.running.follow(self.session)
        self.session.running_changed.connect(self._on_running)
        self.session.devices_found.connect(self._on_devices)
        self.session.semantic_labels_found.connect(self._on_semantic)
        self.session.results.changed.connect(self._on_results)

    def _run(self) -> None:
        self._start(None)

    def _start(self, relabel: bool | None) -> None:
        try:
            recipe = self.form.read().model_copy(update={"relabel": relabel, "channel": self.channel.value})
        except HemaLensError as error:
            self.running.say(str(error))
            return
        cells = None if self.form.whole_field else self.cells.value
        self.session.start_run(self.image.value, cells, recipe, self.form.methods.chosen())
        if self.session.running and (doubt := of_another_image(cells, self.image.value)):
            self.running.say(doubt)

    def _save_heatmaps(self, folder: Path) -> None:
        if may_replace(self, self.session.heatmap_files(folder)):
            self.session.save_heatmaps(folder)

    def _on_image(self) -> None:
        image = self.image.value
        self.form.show_pixel_size(None if image is None else pixel_size_um(image))
        self._offer_channels()

    def _offer_channels(self) -> None:
        self.sources.show_row(self.channel, self.channel.offer(offered_channels(self.image.value, self.form.card)))

    def _on_options(self) -> None:
        self.lacking.setText(self.form.lacking)
        self.lacking.setVisible(not self.form.ready)
        self.cells.visible = not self.form.whole_field
        self.whole.visible = self.form.whole_field
        can = self.form.ready and bool(self.form.methods.chosen())
        self.running.run.setEnabled(can and not self.session.running)

    @while_alive
    def _on_semantic(self) -> None:
        relabel = ask_to_split(self)
        if relabel is not None:
            self._start(relabel)

    @while_alive
    def _on_devices(self) -> None:
        self.form.show_devices(self.session.devices)

    @while_alive
    def _on_running(self, running: bool) -> None:
        self._on_options()
        self.sources.enabled = not running

    @while_alive
    def _on_results(self) -> None:
        results, state = self.session.results, self.session.results.current
        shown = {} if state is None else state.shown
        self.results.setVisible(bool(shown))
        if state is not None and shown:
            show_doubts(self.doubts, state.doubts)
            self.blend.show_methods([(found.method.title, name) for name, found in shown.items()], results.method)
            self.cell.show_cell(*self.session.looked_at(), field=state.source is None, opaque=results.blend.opacity)
            self.gallery.setVisible(state.source is not None)
            self._on_gallery()

    def _on_gallery(self) -> None:
        if self.gallery.isExpanded():
            opaque = self.session.results.blend.opacity
            self.gallery.show_cells(*self.session.extremes(self.gallery.number.value), opaque=opaque)
