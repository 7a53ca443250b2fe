"""The filter tells what is to be shown; the review button begins, ends, and follows without telling."""

from dataclasses import replace

import pytest

from napari_hemalens.gui.classify.layers import DisplayFilter
from napari_hemalens.gui.widgets.class_review import FilterBar, ReviewCells

pytestmark = pytest.mark.window
NAMES = ("band_neutrophil", "lymphocyte")


@pytest.fixture
def bar(qtbot):
    bar = FilterBar()
    qtbot.addWidget(bar)
    bar.show_classes(NAMES, DisplayFilter())
    return bar


@pytest.fixture
def review(qtbot):
    review = ReviewCells()
    qtbot.addWidget(review)
    return review


@pytest.fixture
def told(review):
    told = []
    review.begun.connect(lambda: told.append("begun"))
    review.ended.connect(lambda: told.append("ended"))
    return told


def test_all_classes_and_each_of_them_are_offered(bar):
    assert bar.classes.choices == (None, *NAMES)
    box = bar.classes.native
    assert [box.itemText(i) for i in range(box.count())] == ["All classes", "band neutrophil", "lymphocyte"]


def test_class_sizes_and_the_least_entropy_are_told_together(bar):
    told = []
    bar.chosen.connect(told.append)
    bar.classes.value = "lymphocyte"
    bar.slider.value = 0.25
    bar.largest.value = 12
    wanted = DisplayFilter("lymphocyte", least_entropy=0.25)
    assert told == [DisplayFilter("lymphocyte"), wanted, replace(wanted, largest_um=12)]


def test_other_classes_are_offered_without_telling_of_a_choice(bar):
    told = []
    bar.chosen.connect(lambda *chosen: told.append(chosen))
    bar.show_classes(("micronucleus", "none"), DisplayFilter(only="none"))
    assert bar.classes.choices == (None, "micronucleus", "none")
    assert bar.classes.value == "none"
    assert told == []


def test_the_button_begins_a_review_and_ends_it(review, told):
    review.show_cell("", 4, reviewing=False)
    review.review.click()
    review.review.click()
    assert told == ["begun", "ended"]


def test_a_review_is_shown_without_being_begun_again(review, told):
    review.show_cell("Cell 7 of 12", 6, reviewing=True)
    assert review.review.isChecked()
    assert review.review.text() == "End review"
    assert review.words.text() == "Cell 7 of 12"
    assert not review.hint.isHidden()
    review.show_cell("", 1_234, reviewing=False)
    assert review.review.text() == "Review the least certain (1,234)"
    assert review.words.isHidden()
    assert review.hint.isHidden()
    review.show_cell("", 0, reviewing=False)
    assert (review.review.text(), review.review.isEnabled()) == ("All cells are reviewed", False)
    assert told == []
