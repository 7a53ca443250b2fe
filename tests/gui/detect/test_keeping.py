"""What Detect gives a project to keep, and takes from it."""

import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.projects.work import WorkFiles
from napari_hemalens.workflows.work import read_work


@pytest.fixture
def kept(analysed, tmp_path):
    """Write what there is now, and return it as it is read."""

    def write():
        snapshot = analysed.keeper.snapshot()
        files = WorkFiles(tmp_path)
        snapshot.write(files, tmp_path)
        snapshot.kept()
        return read_work(tmp_path)

    return write


def test_options_are_told_where_they_change(session):
    told = []
    session.keeper.changed.connect(lambda: told.append(1))
    session.keeper.choose_options(DetectionRecipe())
    session.keeper.choose_options(DetectionRecipe(tile=512))
    assert told == [1]


def test_what_is_kept_is_no_longer_unsaved(analysed, viewer, kept):
    viewer.layers["smear cells"].selected_data = {0}
    analysed.results.press("1")
    assert analysed.keeper.unsaved == 1
    kept()
    assert analysed.keeper.unsaved == 0


def test_corrections_of_images_that_a_project_keeps_clash(analysed, viewer, kept):
    work = kept()
    assert analysed.keeper.clashes(work) == 0
    viewer.layers["smear cells"].selected_data = {0, 1}
    analysed.results.press("1")
    assert analysed.keeper.clashes(work) == 2


def test_without_its_image_cells_lie_where_they_did(analysed, session, viewer, runner, kept):
    work = kept()
    scale = viewer.layers["smear cells"].scale
    session.keeper.release()
    assert (session.results.fields, "smear cells" in viewer.layers) == ([], False)
    notes = session.keeper.take(work, lambda _: None)
    runner.run()
    assert viewer.layers["smear cells"].scale.tolist() == scale.tolist()
    assert len(viewer.layers["smear cells"].data) == 6
    assert "The weights fake are not installed any more" in notes[0]
    again = kept().detected[0].image  # still known by its name, and where it was
    assert (again.name, again.layer) == (work.detected[0].image.name, work.detected[0].image.layer)


def test_nothing_is_taken_where_nothing_was_kept(analysed, tmp_path):
    before = [*analysed.results.fields]
    assert analysed.keeper.take(read_work(tmp_path), lambda _: None) == ()
    assert analysed.results.fields == before
