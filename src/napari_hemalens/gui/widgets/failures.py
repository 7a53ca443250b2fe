"""The images that could not be looked at, each with a sentence."""

from collections.abc import Mapping

from qtpy.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from napari_hemalens.gui.widgets.alive import while_alive
from napari_hemalens.progress import counted

_MOST_ROWS = 6  # lines that are seen without scrolling


class FailureList(QWidget):
    """A count, and below it a list that can be scrolled and copied; hidden while nothing failed.

    Parameters
    ----------
    least_rows : int, optional
        Lines that are seen where there is little room; by default as many as elsewhere.
    of_images : bool
        Whether each failure is that of an image.
    """

    def __init__(self, least_rows: int = _MOST_ROWS, *, of_images: bool = True) -> None:
        super().__init__()
        self._least_rows, self._of_images = least_rows, of_images
        self.count, self.list = QLabel(), QPlainTextEdit()
        self.list.setReadOnly(True)
        self.list.setAccessibleName("Images that could not be looked at, and why")
        self.list.setTabChangesFocus(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self.count)
        layout.addWidget(self.list)
        self.show_failures({})

    @while_alive
    def show_failures(self, failures: Mapping[str, str]) -> None:
        """Show why each image, or what else, failed, by its name."""
        number = len(failures)
        self.count.setText(
            f"{counted(number, 'image')} failed:" if self._of_images else f"{counted(number, 'failure')}:"
        )
        self.list.setPlainText("\n".join(failures.values()))
        # A sentence takes two lines of a dock, one with a path three.
        rows = min(2 * len(failures) + 1, _MOST_ROWS) if failures else 0
        line = self.list.fontMetrics().lineSpacing()
        self.list.setMinimumHeight(min(rows, self._least_rows) * line + 14)
        self.list.setMaximumHeight(rows * line + 14)
        self.setVisible(bool(failures))
