"""Detect and Classify are docks whose work a project keeps."""

from napari_hemalens.gui.keeping import Keeper
from napari_hemalens.workflows.work import KINDS


def test_both_docks_keep_their_work_under_a_name_of_their_own(session, classifying):
    keepers: list[Keeper] = [session.keeper, classifying.keeper]
    assert tuple(keeper.kind for keeper in keepers) == KINDS
    assert not any(keeper.busy or keeper.unsaved for keeper in keepers)
