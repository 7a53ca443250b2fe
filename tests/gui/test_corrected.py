"""Nothing is corrected, or taken back, while a run goes on."""

from napari_hemalens.gui.corrected import CorrectedResults
from napari_hemalens.review.history import History


class Counted(CorrectedResults):
    """A number that is corrected."""

    display = None

    def __init__(self):
        self.history = History()
        super().__init__(self.history)

    def undo(self):
        self.history.back(1)

    def redo(self):
        self.history.forth(0)


def test_what_can_be_undone_is_what_the_history_holds_while_no_run_goes_on():
    results, heard = Counted(), []
    results.changed.connect(lambda: heard.append((results.locked, results.can_undo, results.can_redo)))
    results.history.remember(0)
    results.lock(True)
    results.lock(False)
    assert heard == [(True, False, False), (False, True, False)]
    results.undo()
    assert (results.can_undo, results.can_redo) == (False, True)
    results.redo()
    assert (results.can_undo, results.can_redo) == (True, False)
