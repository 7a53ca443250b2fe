"""Channels are offered by number and name; what was chosen of one image is not chosen of another."""

import pytest

from napari_hemalens.gui.widgets.channel_choice import ChannelChoice

pytestmark = pytest.mark.window


@pytest.fixture
def choice(qtbot):
    made = ChannelChoice()
    qtbot.addWidget(made.native)
    return made


def texts(choice):
    return [choice.native.itemText(i) for i in range(choice.native.count())]


def test_channels_are_listed_with_number_and_name(choice):
    assert choice.offer(("actin", "", "DAPI"))
    assert texts(choice) == ["automatic", "0 actin", "1", "2 DAPI"]
    assert choice.value is None


def test_what_may_be_chosen_beside_one_channel_is_offered_with_them(qtbot):
    choice = ChannelChoice([("all", "rgb")])
    qtbot.addWidget(choice.native)
    choice.offer(())
    assert texts(choice) == ["automatic"]
    choice.offer(("actin", "DAPI"))
    choice.value = "rgb"
    assert texts(choice) == ["automatic", "0 actin", "1 DAPI", "all"]


def test_the_choice_stays_for_the_same_channels_and_goes_with_others(choice):
    choice.offer(("actin", "DAPI"))
    choice.value = 1
    choice.offer(("actin", "DAPI"))
    choice.reset_choices()
    assert choice.value == 1
    choice.offer(("DAPI", "actin"))
    assert choice.value is None


def test_without_channels_there_is_nothing_to_choose(choice):
    choice.offer(("actin", "DAPI"))
    choice.value = 1
    assert not choice.offer(())
    assert (texts(choice), choice.value) == (["automatic"], None)
