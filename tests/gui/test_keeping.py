"""Detect and Classify are docks whose work a project keeps."""

from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.gui.keeping import Keeper, recipe_of
from napari_hemalens.records.detections import Provenance
from napari_hemalens.workflows.work import KINDS


def test_both_docks_keep_their_work_under_a_name_of_their_own(session, classifying):
    keepers: list[Keeper] = [session.keeper, classifying.keeper]
    assert tuple(keeper.kind for keeper in keepers) == KINDS
    assert not any(keeper.busy or keeper.unsaved for keeper in keepers)


def test_results_that_the_last_run_did_not_find_say_their_own_options():
    last, earlier = ClassificationRecipe(), ClassificationRecipe(task="leukocyte", pixel_size_um=0.2)
    of_last, of_earlier = (Provenance(recipe=each.model_dump(mode="json")) for each in (last, earlier))
    assert recipe_of([of_earlier], last) == earlier
    assert recipe_of([of_last, of_earlier], last) == last
    for unknown in (Provenance(), Provenance(recipe={"task": "of a later version"})):
        assert recipe_of([unknown], last) == last
