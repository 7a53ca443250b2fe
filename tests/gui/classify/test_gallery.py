"""What is said in the gallery of classified cells is said of their results, in a review or not."""

import numpy as np
import pytest

from napari_hemalens.gui.classify.gallery import ClassifiedGallery
from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.gallery import GallerySession

RESULT = "nuclei: micronucleus"


@pytest.fixture
def gallery(classified, runner):
    made = GallerySession(ClassifiedGallery(classified.results), runner)
    made.update()
    made.source.changed.connect(made.update)
    return made


def said_of(session):
    return dict(session.results.current.reviewed.corrections)


def test_cells_are_named_undone_and_named_again(gallery, classified, viewer):
    assert len(gallery.cells) == 4
    gallery.name([1, 2], "none")
    assert said_of(classified) == {7: "none", 9: "none"}
    table = viewer.layers[RESULT].features.set_index("index")
    assert table.loc[7, "corrected"] == "none"
    gallery.source.results.undo()
    assert said_of(classified) == {}
    assert viewer.layers[RESULT].features.set_index("index").loc[7, "corrected"] == ""
    gallery.source.results.redo()
    assert gallery.cells.given.tolist() == [False, True, True, False]


def test_a_class_typed_into_the_table_is_seen_and_undone(gallery, classified, viewer):
    table = viewer.layers[RESULT].features.copy()
    table.loc[0, "corrected"] = "none"
    viewer.layers[RESULT].features = table
    assert gallery.cells.given.tolist() == [True, False, False, False]
    gallery.source.results.undo()
    assert not gallery.cells.given.any()


def test_a_review_passes_over_what_the_gallery_has_named(gallery, classified):
    results = classified.results
    results.begin_review()
    assert results.queue.cell == 70_000
    gallery.name([2, 3], None)  # the one that is looked at, and the next
    assert results.queue.cell == 7
    results.press("2")
    assert said_of(classified) == {9: "micronucleus", 70_000: "micronucleus", 7: "none"}
    results.undo()
    assert results.queue.cell == 7
    results.undo()
    assert (results.queue.cell, said_of(classified)) == (70_000, {})
    results.redo()
    assert results.queue.reviewed is results.current.reviewed
    assert len(said_of(classified)) == 2


def test_words_of_a_review_can_be_taken_back_after_it(gallery, classified):
    results = classified.results
    results.begin_review()
    results.accept()
    results.end_review()
    assert results.can_undo
    results.undo()
    assert said_of(classified) == {}


def test_the_filter_of_the_dock_holds_in_the_gallery(gallery, classified):
    classified.results.choose(DisplayFilter("none"))
    assert len(gallery.cells) == 0
    assert gallery.words == "Shown: none; all cells are counted."
    classified.results.choose(DisplayFilter(least_entropy=0.9))
    assert 0 < len(gallery.cells) < 4
    assert "entropy from 0.90 on" in gallery.words


def test_pictures_come_from_the_image(gallery, runner):
    gallery.picture_of(2)
    runner.run()
    assert (gallery.picture_of(2) == 0).all()


def test_a_double_click_moves_the_camera_and_selects(gallery, classified, viewer):
    gallery.go_to(3)
    np.testing.assert_allclose(viewer.scene.camera.center[-2:], (31.95, 41.95), atol=0.1)
    assert viewer.layers[RESULT].selected_label == 70_000
    assert viewer.layers.selection.active is viewer.layers[RESULT]


def test_while_a_run_goes_on_nothing_can_be_said(gallery, classified):
    classified.results.lock(True)
    gallery.name([0], "none")
    classified.results.undo()
    classified.results.redo()
    assert said_of(classified) == {}
    assert not gallery.source.results.can_undo
