"""A run over images, as the worker goes through it."""

import numpy as np
import pytest

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import DeviceError, ImageError, WeightsError
from napari_hemalens.gui.detect import jobs
from napari_hemalens.gui.detect.jobs import LOWEST_SCORE, Job, run
from napari_hemalens.slides.axes import from_array

SHAPE = (400, 600)


@pytest.fixture(autouse=True)
def _every_partial_result(monkeypatch):
    monkeypatch.setattr(jobs, "_BETWEEN", 0)


def job(name="smear", **options):
    return Job(lambda: name, lambda: from_array(np.zeros((*SHAPE, 3), np.uint8), name=name), **options)


def test_cells_come_tile_by_tile_and_progress_goes_from_0_to_1(network):
    updates = list(run([job("a"), job("b")], DetectionRecipe(), network))
    counts = [len(u.cells.cells) for u in updates if u.cells is not None and u.job == 0]
    assert counts == [3, 6, 9, 12, 12]
    fractions = [u.fraction for u in updates]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert [u.words for u in updates if u.job == 1][1] == "b: tile 1 of 4"


def test_a_run_asks_for_more_cells_than_it_shows(network):
    list(run([job()], DetectionRecipe(score_threshold=0.7), network))
    list(run([job()], DetectionRecipe(score_threshold=0.01), network))
    assert [recipe.score_threshold for _, recipe, _ in network.asked] == [LOWEST_SCORE, 0.01]


def test_partial_results_are_no_more_than_the_window_can_show(network, monkeypatch):
    monkeypatch.setattr(jobs, "_BETWEEN", 1000)
    updates = list(run([job()], DetectionRecipe(), network))
    assert [len(u.cells.cells) for u in updates if u.cells is not None] == [3, 12]


def test_an_image_that_cannot_be_read_does_not_stop_the_others(network):
    def broken():
        raise ImageError("Cannot read b.")

    updates = list(run([Job(lambda: "b", broken), job("c")], DetectionRecipe(), network))
    assert [u.failure for u in updates if u.failure] == ["b: Cannot read b."]
    assert updates[-1].cells is not None
    assert updates[-1].job == 1


def test_an_image_that_is_given_up_is_left_for_the_next(network):
    given_up = []
    told = []
    for update in run([job("a", given_up=lambda: bool(given_up)), job("b")], DetectionRecipe(), network):
        told.append((update.job, update.words))
        if update.words == "a: tile 1 of 4":
            given_up.append(True)
    assert told[:3] == [(0, "a: opening"), (0, "a: tile 1 of 4"), (1, "b: opening")]
    assert told[-1] == (1, "b: done")


def test_what_goes_wrong_in_the_network_is_told_too(network):
    network.error = DeviceError("No memory left.")
    assert [u.failure for u in run([job()], DetectionRecipe(), network)][-1] == "smear: No memory left."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "b: Cannot look at b: it does not fit into memory."),
        (OSError("disk gone"), "b: Cannot look at b: disk gone."),
        (KeyError("x"), "b: Cannot look at b, by a fault of HemaLens: KeyError: 'x'. Please report it."),
    ],
)
def test_whatever_fails_in_one_image_is_a_sentence_and_the_rest_goes_on(network, error, said):
    def broken():
        raise error

    updates = list(run([Job(lambda: "b", broken), job("c")], DetectionRecipe(), network))
    assert [u.failure for u in updates if u.failure] == [said]
    assert updates[-1].cells is not None


def test_what_would_fail_for_all_images_ends_the_run(network):
    network.error = WeightsError("No weights 'x'.")
    with pytest.raises(WeightsError):
        list(run([job("b"), job("c")], DetectionRecipe(), network))


def test_regions_are_analysed_one_by_one_and_what_they_share_counts_once(network):
    regions = ((0, 0, 400, 400), (0, 200, 400, 600))
    *_, last = run([job(regions=regions)], DetectionRecipe(), network)
    assert [region for _, _, region in network.asked] == list(regions)
    assert len(last.cells.cells) == 12


def test_corrections_of_before_are_kept_or_not_as_asked(network):
    *_, first = run([job()], DetectionRecipe(), network)
    edited = first.cells.with_classes(np.array([0]), ["blast"])
    *_, kept = run([job(before=edited)], DetectionRecipe(), network)
    *_, anew = run([job(before=edited, keep_edits=False)], DetectionRecipe(), network)
    assert kept.cells.current(0.1).counts().get("blast") == 1
    assert "blast" not in anew.cells.current(0.1).counts()


def test_the_file_behind_a_slide_is_closed_after_the_run_and_after_a_stop(network):
    from dataclasses import replace

    closed = []
    slide = replace(job().open(), release=lambda: closed.append(True))
    list(run([Job(lambda: "a", lambda: slide)], DetectionRecipe(), network))
    assert closed == [True]
    steps = run([Job(lambda: "a", lambda: slide)], DetectionRecipe(), network)
    next(steps), next(steps)
    steps.close()
    assert closed == [True, True]
