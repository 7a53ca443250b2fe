"""No file is replaced unless a person says so."""

from collections.abc import Iterable
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

_NAMED = 5  # files that are named in the question


def may_replace(parent: QWidget, files: Iterable[Path]) -> bool:
    """Return whether files may be written; where some are there, a person is asked."""
    there = [file for file in files if file.exists()]
    if not there:
        return True
    named = ", ".join(file.name for file in there[:_NAMED])
    others = len(there) - _NAMED
    more = f" and {others:,} more" if others > 0 else ""
    said = f"{named}{more} {'is' if len(there) == 1 else 'are'} in {there[0].parent} already."
    box = QMessageBox(parent)
    box.setWindowTitle("Files that are there")
    box.setText(f"{said} Replace {'it' if len(there) == 1 else 'them'}?")
    replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    return bool(box.clickedButton() is replace)


def ask_for_file(parent: QWidget, title: str, suggested: Path, kinds: str) -> Path | None:
    """Ask where a file is saved; None if the person changes their mind.

    A name without one of the suffixes of `kinds` gets that of `suggested`. The dialog asks before a file is replaced,
    but knows only the name that was typed.
    """
    typed, _ = QFileDialog.getSaveFileName(parent, title, str(suggested), kinds)
    if not typed:
        return None
    if Path(typed).suffix and f"*{Path(typed).suffix.lower()}" in kinds:
        return Path(typed)
    file = Path(f"{typed}{suggested.suffix}")
    return file if may_replace(parent, [file]) else None
