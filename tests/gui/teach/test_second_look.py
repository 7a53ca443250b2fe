"""Cells are looked at again one after the other; where there is none, it is said."""

from types import SimpleNamespace

import numpy as np
import pytest

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.teach.second_look import SecondLook


@pytest.fixture
def said():
    return []


@pytest.fixture
def look(runner, said):
    return SecondLook(runner, said.append)


def refit(*rows):
    return SimpleNamespace(contradicted=lambda: np.array(rows, np.int64))


def test_cells_come_one_after_the_other(look, runner, said):
    begun = []
    look.find(refit(4, 9), lambda: begun.append(look.left))
    look.find(refit(1), lambda: begun.append("twice"))  # it already looks
    runner.run()
    assert begun == [(4, 9)]
    assert said == ["2 labels are contradicted: give each cell its class; Skip keeps the label."]
    assert (look.go_on(), look.left) == (9, (9,))
    assert (look.go_on(), look.go_on(), look.left) == (None, None, ())


def test_where_no_label_is_contradicted_it_is_said(look, runner, said):
    look.find(refit(), said.clear)
    runner.run()
    assert said == ["The model contradicts no label."]
    look.find(refit(3), lambda: None)
    runner.run()
    assert said[-1] == "1 label is contradicted: give each cell its class; Skip keeps the label."
    look.end()
    assert look.left == ()


def test_what_goes_wrong_is_said_and_can_be_tried_again(look, runner, said):
    def fail():
        raise HemaLensError("no luck")

    look.find(SimpleNamespace(contradicted=fail), lambda: None)
    runner.run()
    assert said == ["no luck"]
    look.find(refit(3), lambda: None)
    runner.run()
    assert look.left == (3,)
