"""AP is followed on images of every kind, the same ones each time."""

from pathlib import Path

from napari_hemalens.experiments.detection_trial import sample_fields
from napari_hemalens.training.detection import read_data


def test_images_that_are_watched_are_of_every_kind_and_always_the_same(fields: Path) -> None:
    first, second = read_data([fields], None).val[:2]
    by_class = (first,) * 50 + (second,) * 50
    watched = sample_fields(by_class, 10)
    assert {f.provenance.image for f in watched} == {first.provenance.image, second.provenance.image}
    assert watched == sample_fields(by_class, 10)
    assert len(sample_fields(by_class, 200)) == 100
