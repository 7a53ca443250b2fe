"""Images that failed are remembered until they are looked at."""

from pathlib import Path

from napari_hemalens.gui.detect.failures import Failures
from napari_hemalens.gui.detect.field import Field

A, B = (Field(name, path=Path(name)) for name in ("a.png", "b.png"))


def test_a_run_forgets_the_failures_of_its_own_images_alone() -> None:
    failures, told = Failures(), []
    failures.changed.connect(lambda reasons: told.append([*reasons]))
    failures.begin([A, B])
    failures.add(A, "a.png: Cannot read a.png.")
    failures.add(B, "b.png: Cannot read b.png.")
    assert failures.of_run == 2
    failures.begin([A])
    assert (failures.of_run, failures.reasons) == (0, {"b.png": "b.png: Cannot read b.png."})
    failures.add(A, "a.png: Cannot read a.png.", listed=False)
    assert (failures.of_run, [*failures.reasons]) == (1, ["b.png"])
    failures.clear()
    assert told == [[], ["a.png"], ["a.png", "b.png"], ["b.png"], []]
