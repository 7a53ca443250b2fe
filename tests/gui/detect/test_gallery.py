"""What is said in the gallery of detected cells is said of their fields, and the other way round."""

import imageio.v3 as iio
import numpy as np
import pytest

from napari_hemalens.gui.detect.display import BoxFilter
from napari_hemalens.gui.detect.gallery import DetectedGallery
from napari_hemalens.gui.gallery import GallerySession


@pytest.fixture
def folder(session, runner, tmp_path, recipe):
    """A session after a run over a folder of two images and the layer of its viewer."""
    paths = []
    for name, value in (("a", 90), ("b", 160)):
        paths.append(tmp_path / f"{name}.png")
        iio.imwrite(paths[-1], np.full((400, 600, 3), value, np.uint8))
    session.start_run(paths, recipe)
    runner.run()
    return session


@pytest.fixture
def gallery(folder, runner):
    made = GallerySession(DetectedGallery(folder.results), runner)
    made.update()
    return made


def names_in(field):
    return field.cells.cells.class_names[field.cells.touched].tolist()


def test_cells_of_all_images_are_there_and_go_to_their_own(gallery, folder):
    assert np.bincount(gallery.cells.images).tolist() == [6, 6]
    first, second = folder.results.fields
    gallery.name([1, 7, 8], "blast")
    assert (names_in(first), names_in(second)) == (["blast"], ["blast", "blast"])
    assert second.hidden  # also of an image that is not shown
    folder.results.undo()
    assert names_in(first) == names_in(second) == []
    folder.results.redo()
    gallery.update()
    assert np.flatnonzero(gallery.cells.given).tolist() == [1, 7, 8]


def test_a_correction_on_the_layer_is_seen_in_the_gallery(gallery, folder, runner):
    told = []
    gallery.source.changed.connect(lambda: told.append(gallery.update()))
    shown = next(f for f in folder.results.fields if not f.hidden)
    shown.drawing.layer.selected_data = {0}
    folder.results.press("1")
    assert told[-1] == (False, False)
    assert gallery.cells.given.sum() == 1
    gallery.source.results.undo()
    assert gallery.cells.given.sum() == 0
    assert gallery.source.results.can_redo
    gallery.source.results.redo()
    assert gallery.cells.given.sum() == 1


def test_classes_are_confirmed_as_they_are(gallery, folder):
    before = gallery.cells.classes[0]
    gallery.name([0], None)
    gallery.update()
    assert gallery.cells.given[0]
    assert gallery.cells.classes[0] == before
    assert folder.results.fields[0].cells.kinds[gallery.cells.rows[0]] == "accepted"


def test_pictures_are_read_from_the_files(gallery, runner):
    assert gallery.picture_of(0) is None
    assert gallery.picture_of(11) is None
    runner.run()
    assert (gallery.picture_of(0) == 90).all()
    assert (gallery.picture_of(11) == 160).all()


def test_pictures_of_a_layer_that_was_removed_are_said_to_be_missing(analysed, viewer, runner):
    made, said = GallerySession(DetectedGallery(analysed.results), runner), []
    made.pictures.failed.connect(said.append)
    made.update()
    made.picture_of(0)
    runner.run()
    assert made.picture_of(0) is not None
    viewer.layers.remove("smear")
    assert made.update().images
    made.picture_of(0)
    runner.run()
    assert said == ["smear: its image was removed from the viewer."]


def test_the_score_and_the_filter_of_the_dock_hold_in_the_gallery(gallery, folder):
    folder.results.choose_score(0.1)
    assert gallery.update() == (False, True)
    assert len(gallery.cells) == 24
    folder.results.choose_display(BoxFilter(only="lymphocyte"))
    gallery.update()
    assert {gallery.cells.names[k] for k in gallery.cells.classes} == {"lymphocyte"}
    assert gallery.words == "Shown: lymphocyte; all cells are counted."


def test_unsure_cells_come_first(named_session, runner):
    made = GallerySession(DetectedGallery(named_session.results), runner)
    made.update()
    assert made.cells.unsure.sum() == 2


def test_a_double_click_opens_the_image_of_a_cell(gallery, folder, viewer, runner):
    hidden = next(k for k, f in enumerate(folder.results.fields) if f.hidden)
    gallery.go_to(6 * hidden + 2)
    runner.draw()
    field = folder.results.fields[hidden]
    assert not field.hidden
    assert field.selected == [int(gallery.cells.rows[6 * hidden + 2])]


def test_while_a_run_goes_on_nothing_can_be_said(gallery, folder):
    folder.results.lock(True)
    gallery.name([0], "blast")
    assert names_in(folder.results.fields[0]) == []
    assert gallery.words.startswith("A run goes on")
    assert not gallery.source.results.can_undo
    folder.results.replace_cells([f.cells.with_classes(np.array([0]), ["blast"]) for f in folder.results.fields])
    assert names_in(folder.results.fields[0]) == []
