"""Slides, queue and groups of the open project, without a window."""

from dataclasses import replace

import pytest

from napari_hemalens.gui.project import slides as slides_module
from napari_hemalens.projects.project import Project
from napari_hemalens.workflows.project_queue import outcomes_of
from napari_hemalens.workflows.project_slides import read_slides, write


@pytest.fixture
def said(slides):
    told = []
    slides.message_sent.connect(told.append)
    return told


def test_the_slides_of_the_open_project_are_known_with_what_was_found(slides):
    assert [slide.name for slide in slides.slides] == [
        "c0.png",
        "c1.png",
        "c2.png",
        "p0.png",
        "p1.png",
        "p2.png",
        "p3.png",
    ]
    assert slides.results_in_words(slides.slides.slides[0]) == ("detect-1: 6 cells", "")
    assert slides.results_in_words(slides.slides.slides[6]) == (
        "detect-1: failed",
        "Cannot read p3.png: the file is empty.",
    )
    slides.projects.leave()
    assert (slides.folder, len(slides.slides), slides.outcomes, slides.countable) == (None, 0, (), ())


def test_a_text_is_written_into_several_rows_at_once(slides, study):
    slides.write_texts([0, 2], "stain", "MGG")
    assert [slide.stain for slide in read_slides(study)] == ["MGG", "", "MGG", "", "", "", ""]
    assert slides.slides == read_slides(study)


def test_what_a_spreadsheet_changed_meanwhile_is_not_written_over(slides, study, said):
    write(read_slides(study).with_text(1, "group", "other"), study)
    slides.write_texts([0], "stain", "MGG")
    assert "changed elsewhere" in said[-1]
    assert (slides.slides.slides[1].group, slides.slides.slides[0].stain) == ("other", "")
    slides.write_texts([0], "stain", "MGG")
    assert read_slides(study).slides[0].stain == "MGG"


def test_slides_are_added_and_removed(slides, study, said):
    slides.remove([0, 1, 2])
    assert [slide.name for slide in slides.slides] == ["p0.png", "p1.png", "p2.png", "p3.png"]
    slides.add([study / "c1.png"])
    assert slides.slides.slides[-1].path == "c1.png"
    (study / "who.csv").write_text("path\nc9.png\n", encoding="utf-8")
    slides.add(table=study / "who.csv")
    assert "1 slide is not there: c9.png." in said[-1]
    slides.add(table=study / "queue.json")
    assert "is not a table of slides" in said[-1]


def test_a_run_is_added_with_the_options_of_the_project_and_run(slides, study, runner, run_queue):
    slides.add_run("classify")
    runner.step()
    assert run_queue.asked == [study]
    assert (slides.running, slides.projects.busy) == (True, True)
    slides.add_run("explain")  # while it runs: it only joins
    assert [each.run.name for each in slides.outcomes] == ["detect-1", "classify-1", "explain-1"]
    runner.run()
    assert (slides.running, slides.outcomes[0].run.state, len(run_queue.asked)) == (False, "done", 1)


def test_a_queue_that_was_stopped_is_resumed(slides, runner, run_queue):
    words = []
    slides.progressed.connect(lambda said, _: words.append(said))
    slides.resume()
    runner.step()
    slides.stop()
    assert words[-1] == "Stopped. What was found is kept; Resume goes on from there."
    assert (slides.running, slides.outcomes[0].run.state) == (False, "waiting")
    slides.resume()
    runner.run()
    assert len(run_queue.asked) == 2
    assert words[-1] == "Done; 1 failed, see below: the same button tries it again."


@pytest.mark.parametrize(
    ("failed", "state", "said"),
    [
        (
            {"a.png": "Empty.", "b.png": "Empty."},
            "done",
            "Done; 2 failed, see below: the same button tries them again.",
        ),
        ({}, "failed", "Done; 1 failed, see below: Resume tries it again."),
        ({"a.png": "Empty."}, "failed", "Done; 2 failed, see below."),
        ({}, "done", "Done."),
    ],
)
def test_it_is_said_what_tries_again_what_failed(slides, runner, monkeypatch, failed, state, said):
    words = []
    slides.progressed.connect(lambda told, _: words.append(told))
    outcomes = [
        replace(each, run=each.run.model_copy(update={"state": state}), failed=failed) for each in slides.outcomes
    ]
    slides.resume()
    runner.step()
    monkeypatch.setattr(slides_module, "outcomes_of", lambda _: tuple(outcomes))
    runner.run()
    assert words[-1] == said


def test_the_end_of_a_queue_says_nothing_of_slides_that_were_removed(slides, runner):
    words = []
    slides.progressed.connect(lambda said, _: words.append(said))
    slides.resume()
    runner.run()
    assert words[-1].startswith("Done; 1 failed")
    said = len(words)
    slides.remove([0])
    assert len(words) == said
    slides.remove([5])  # p3.png
    assert words[said:] == ["Done."]


def test_failures_of_earlier_runs_are_not_told_of_again(slides, runner, run_queue):
    words = []
    slides.progressed.connect(lambda said, _: words.append(said))
    run_queue.name = "classify-1"
    slides.add_run("classify")
    runner.run()
    assert slides.outcomes[0].failed
    assert words[-1] == "Done."


def test_the_queue_waits_for_a_run_of_a_dock(slides, run_queue, said):
    slides.projects.wait_for(lambda: True)
    slides.resume()
    assert (run_queue.asked, slides.running) == ([], False)
    assert said[-1].startswith("Stop the run that goes on in a dock first")


def test_a_damaged_table_hides_no_run_and_is_read_once_it_is_mended(slides, study, said):
    table = (study / "slides.csv").read_text()
    (study / "slides.csv").write_text("nonsense\n1\n")
    slides.reload()
    assert "lacks the column 'path'" in said[-1]
    assert (slides.readable, len(slides.slides), [each.run.name for each in slides.outcomes]) == (
        False,
        0,
        ["detect-1"],
    )
    (study / "slides.csv").write_text(table)
    slides.reload()
    assert (slides.readable, len(slides.slides), said[-1]) == (True, 7, "")


def test_groups_are_compared_and_what_cannot_be_is_said(slides, study, runner, said):
    slides.compare(None, ("control", "patients"))
    runner.run()
    assert slides.compared.page.exists()
    assert [test.class_name for test in slides.compared.found.tests] == ["myelocyte", "erythroblast", "lymphocyte"]
    slides.compare("detect-7", None)
    runner.run()
    assert "No run 'detect-7'" in said[-1]
    assert slides.completed  # the queue has not failed
    assert slides.compared is None  # nobody takes the one before for it
    slides.compare(None, ("control", "patients"))
    assert said[-1] == ""


def test_a_comparison_goes_when_its_groups_or_results_have_changed(slides, study, runner):
    def compare():
        slides.compare(None, ("control", "patients"))
        runner.run()
        assert slides.compared is not None
        assert not slides.outdated

    compare()
    slides.reload()
    assert slides.compared is not None  # all is as it was
    slides.write_texts([0], "group", "patients")
    assert (slides.compared, slides.outdated) == (None, True)
    write(read_slides(study).with_text(0, "group", "control"), study)  # in a spreadsheet
    compare()
    slides.reload()
    assert slides.compared is not None  # which is read before anything is counted
    slides.add_run("classify")
    assert slides.compared is not None
    slides.remove([6])
    assert slides.compared is None
    slides.projects.leave()
    assert not slides.outdated


def test_groups_that_change_while_they_are_counted_are_not_shown(slides, runner):
    slides.compare(None, ("control", "patients"))
    slides.write_texts([0], "group", "patients")
    runner.run()
    assert (slides.compared, slides.outdated) == (None, True)


def test_a_slide_is_shown_with_results_and_a_damaged_one_is_said(slides, viewer, said):
    opened = []
    slides.projects.slide_opened.connect(opened.append)
    slides.open_slide(1)
    assert opened == [viewer.layers["c1.png"]]
    shown = [layer.name for layer in viewer.layers if layer.visible]
    assert shown[0] == "c1.png"
    assert shown[1].startswith("c1.png, detect-1")
    slides.open_slide(6)
    assert "p3.png" in said[-1]


def test_what_detect_finds_in_a_slide_takes_the_place_of_what_a_run_found(slides, session, viewer, runner, recipe):
    slides.open_slide(1)
    session.start_run([viewer.layers["c1.png"]], recipe)
    runner.run()
    assert [layer.name for layer in viewer.layers if layer.visible] == ["c1.png", "c1.png cells"]
    slides.open_slide(1)  # on demand what is stored is seen again, alone
    assert [layer.name for layer in viewer.layers if layer.visible] == ["c1.png", "c1.png, detect-1: cells"]
    session.results.look_at_next()
    assert [layer.name for layer in viewer.layers if layer.visible] == ["c1.png", "c1.png cells"]


def test_a_project_that_is_looked_at_is_not_changed(viewer, runner, run_queue, slides, study):
    slides.projects.leave()
    with Project.open(study):
        slides.projects.open(study, read_only=True)
        slides.write_texts([0], "stain", "MGG")
        slides.add_run("detect")
        slides.remove_run("detect-1")
        slides.resume()
    assert read_slides(study).slides[0].stain == ""
    assert [each.run.name for each in outcomes_of(study)] == ["detect-1"]
    assert run_queue.asked == []


def test_a_page_that_cannot_be_written_in_another_language_is_said(slides, runner, said):
    slides.translate("de")  # nothing is compared yet
    slides.compare(None, None)
    runner.run()
    page = slides.compared.page
    page.unlink()
    page.mkdir()
    slides.translate("de")
    assert "could not be written" in said[-1]
    assert slides.compared.language == "en"


def test_a_run_has_the_options_of_a_dock_in_a_project_without_cells(slides, session, study, runner):
    slides.projects.leave()
    session.keeper.choose_options(session.keeper.options.model_copy(update={"tissue": "blood"}))
    slides.projects.join(session.keeper)
    slides.projects.open(study)
    slides.add_run("detect")
    assert [each.run.recipe["tissue"] for each in slides.outcomes] == ["marrow", "blood"]
    runner.run()
    session.keeper.choose_options(session.keeper.options.model_copy(update={"tissue": "marrow"}))
    slides.projects.leave()
    slides.projects.open(study)
    assert slides.settings("detect").tissue == "marrow"
