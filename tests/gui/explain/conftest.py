"""What the tests of explanation share: an image, messages, and a session after a run."""

import pytest


@pytest.fixture
def said(explaining):
    sentences = []
    explaining.message_sent.connect(sentences.append)
    return sentences


@pytest.fixture
def image(viewer):
    return viewer.layers["smear"]


@pytest.fixture
def explained(explaining, image, nuclei, runner, asking):
    """The session after a run by two methods."""
    explaining.start_run(image, nuclei, asking, ("layer-5", "grad-cam"))
    runner.run()
    return explaining
