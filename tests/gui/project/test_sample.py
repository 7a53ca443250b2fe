"""Patient and sample of the images on screen are those of the table of slides, where all agree."""

import numpy as np
import pytest
from napari.layers import Image

from napari_hemalens.gui.project.sample import known_sample
from napari_hemalens.workflows.project_slides import read_slides, write


@pytest.fixture
def sampled(slides, study):
    """The study, whose first three slides are of the same patient, and the first two of the same sample."""
    table = read_slides(study)
    for row, sample in enumerate(("crest", "crest", "sternum")):
        table = table.with_text(row, "patient", "M. Muster").with_text(row, "sample", sample)
    write(table, study)
    return slides.projects


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (["c0.png", "c1.png"], ("M. Muster", "crest")),
        (["c0.png", "c2.png"], ("M. Muster", "")),
        (["c0.png", "p0.png"], ("", "")),
        (["c0.png", "elsewhere.png"], ("", "")),
        ([], ("", "")),
    ],
)
def test_what_the_slides_of_all_images_say_is_known(sampled, study, names, known):
    assert known_sample(sampled, [study / name for name in names]) == known


def test_a_layer_is_known_by_its_file(sampled, study):
    layer = Image(np.zeros((4, 4)))
    assert known_sample(sampled, [layer]) == ("", "")
    layer._source = layer.source.model_copy(update={"path": str(study / "c2.png")})
    assert known_sample(sampled, [layer]) == ("M. Muster", "sternum")
    assert known_sample(sampled, [layer, None]) == ("", "")


def test_nothing_is_known_without_a_project_or_a_readable_table(sampled, study):
    (study / "slides.csv").write_text("nothing\n", encoding="utf-8")
    assert known_sample(sampled, [study / "c0.png"]) == ("", "")
    sampled.leave()
    assert known_sample(sampled, [study / "c0.png"]) == ("", "")
