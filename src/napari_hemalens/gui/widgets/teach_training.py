"""*Train properly*: what the new weights are called, Run and Stop, losses, what came of it, and whether to use it."""

from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.preferences import preference
from napari_hemalens.gui.teach.session import TeachSession
from napari_hemalens.gui.teach.training import name_for
from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.gui.widgets.choices import DeviceChoice
from napari_hemalens.gui.widgets.form import RecipeForm
from napari_hemalens.gui.widgets.loss_plot import LossPlot
from napari_hemalens.gui.widgets.rows import button, sentences
from napari_hemalens.gui.widgets.running import RunBar
from napari_hemalens.workflows.fine_tuning import FineTuningRecipe
from napari_hemalens.workflows.teaching import Project

_ABOUT = (
    "The network itself learns your labels, in the background; name more cells meanwhile. Random cells are not trained "
    "on: they measure it before and after, and you decide."
)


class TrainingRows(QWidget):
    """The training of a teaching."""

    _named: Project | None = None  # whose name the weights were given

    def __init__(self, session: TeachSession) -> None:
        super().__init__()
        self._session, training = session, session.training
        about = sentences(small=True)
        about.setText(_ABOUT)
        self.form: RecipeForm[FineTuningRecipe] = RecipeForm(
            FineTuningRecipe, ("name", "epochs"), {"device": DeviceChoice()}
        )
        self.form.options["device"].select(preference("device"))
        self.running, self.plot, self.said = RunBar(), LossPlot(), sentences()
        self.running.run.setText("Train properly")
        self.use, self.leave = button("Use these weights"), button("Leave them")
        self.use.setToolTip("They look at the cells of this project from the next start on, and all docks know them")
        self.leave.setToolTip("All stays as it is; the weights stay in the project's results")
        self.verdict = QWidget()
        answers = QHBoxLayout(self.verdict)
        answers.setContentsMargins(0, 0, 0, 0)
        answers.addWidget(self.use)
        answers.addWidget(self.leave)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for widget in (about, self.form, self.running, self.plot, self.said, self.verdict):
            layout.addWidget(widget)
        self.running.follow(training)
        self.running.run.clicked.connect(self._start)
        self.use.clicked.connect(training.adopt)
        self.leave.clicked.connect(training.forget)
        training.changed.connect(self._on_change)
        session.project_changed.connect(self._on_project)
        session.devices_found.connect(self._on_devices)
        self._on_project()
        self._on_change()

    def _start(self) -> None:
        try:
            recipe = self.form.read()
        except HemaLensError as error:
            self.running.say(str(error))
            return
        self._session.training.train(self._session.taught, recipe)

    @while_alive
    def _on_project(self) -> None:
        """Name the weights after another project; a name that a person has typed outlives new classes."""
        project = self._session.project
        if project is not None and project is not self._named and not self._session.training.running:
            self._named = project
            self.form.options["name"].value = name_for(project)

    @while_alive
    def _on_devices(self) -> None:
        self.form.options["device"].offer(self._session.devices)

    @while_alive
    def _on_change(self) -> None:
        training = self._session.training
        self.plot.show_losses(training.losses)
        tuned = training.tuned
        self.said.setText("" if tuned is None else " ".join((tuned.sentence, *tuned.notes)))
        self.said.setVisible(tuned is not None)
        self.verdict.setVisible(tuned is not None)
