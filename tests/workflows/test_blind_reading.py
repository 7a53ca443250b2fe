"""A blind reading is kept word by word, goes on where it was left, and is compared with what was said before."""

import numpy as np
import pytest

from napari_hemalens import workflows
from napari_hemalens.errors import HemaLensError, ProjectError
from napari_hemalens.workflows.blind_reading import (
    BlindReading,
    CellsToRead,
    blind_sentences,
    compare_blind,
    reading_file,
    write_blind,
)


def cells(number=40, *, first=True, boxes=False):
    """Cells of which the network calls every second a blast, and Ann agrees."""
    said = np.where(np.arange(number) % 2, "blast", "lymphocyte")
    places = [f"{n}.0 {n}.0 {n + 9}.0 {n + 9}.0" if boxes else str(n + 1) for n in range(number)]
    given = said if first else np.full(number, "")
    return CellsToRead(np.full(number, "a.tif"), np.array(places), given, said, ("Ann",) if first else ())


def read(reading, of, wrong=0):
    """Say what the network said, but for some cells."""
    network = dict(zip(of.keys, of.network.tolist(), strict=True))
    while reading.current is not None:
        right = network[reading.current]
        reading.name(right if len(reading.said) >= wrong else "monocyte")


def test_cells_are_drawn_at_random_and_shuffled():
    some, others = (BlindReading.begin(cells(), "Ben", number=20, seed=seed) for seed in (1, 2))
    assert len(some.order) == len({*some.order}) == 20
    assert some.order != others.order
    every = BlindReading.begin(cells(), "Ben", seed=1).order
    assert sorted(every) == sorted(cells().keys)
    assert every != cells().keys


def test_a_reading_goes_on_where_it_was_left(tmp_path):
    file = reading_file(tmp_path, "detect", "Dr. Ben")
    assert file == tmp_path / "readings" / "detect-dr-ben.jsonl"
    reading = BlindReading.begin(cells(), "Dr. Ben", number=5, file=file)
    for name in ("blast", "", "monocyte"):
        reading.name(name)
    reading.undo()
    again = BlindReading.resume(file)
    assert (again.observer, again.order, again.said) == ("Dr. Ben", reading.order, ["blast", ""])
    assert again.classes == {reading.order[0]: "blast"}
    again.name("blast")
    assert BlindReading.resume(file).said == ["blast", "", "blast"]


def test_a_reading_cut_off_while_it_was_written_loses_that_line_alone(tmp_path):
    reading = BlindReading.begin(cells(), "Ben", file=tmp_path / "ben.jsonl")
    reading.name("blast")
    with reading.file.open("a") as file:
        file.write('{"class": "mono')
    again = BlindReading.resume(reading.file)
    assert again.said == ["blast"]
    again.name("monocyte")
    assert BlindReading.resume(reading.file).said == ["blast", "monocyte"]


def test_another_reading_leaves_the_earlier_ones_there(tmp_path):
    file = tmp_path / "ben.jsonl"
    for name in ("blast", "monocyte", "eosinophil"):
        BlindReading.begin(cells(), "Ben", file=file).name(name)
    kept = [BlindReading.resume(tmp_path / name).said for name in ("ben.2.jsonl", "ben.3.jsonl", "ben.jsonl")]
    assert kept == [["blast"], ["monocyte"], ["eosinophil"]]


def test_what_is_no_reading_is_begun_anew(tmp_path):
    assert BlindReading.resume(tmp_path / "none.jsonl") is None
    (tmp_path / "bad.jsonl").write_text('{"observer": "Ben", "order": [["a", "1"]]}\n{"undo": true}\n')
    assert BlindReading.resume(tmp_path / "bad.jsonl") is None
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="could not be written"):
        BlindReading.begin(cells(), "Ben", file=tmp_path / "file" / "reading.jsonl")


def test_the_end_is_the_agreement_with_first_reading_and_network():
    of = cells()
    reading = BlindReading.begin(of, "Ben")
    read(reading, of, wrong=4)
    with_first, with_network = compare_blind(reading, of)
    assert with_first.paired.observers == ("Ben (blind)", "Ann")
    assert with_network.pairs[0].agreement.value == pytest.approx(0.9)
    first, second, rough = blind_sentences(reading, of)
    assert first.startswith("Ben (blind) and Ann agree on 90.0 % of 40 cells")
    assert second.startswith("Ben (blind) and network agree")
    assert rough.startswith("Of 40 cells the interval is rough")


def test_without_a_first_reading_there_is_the_network_alone():
    of = cells(first=False)
    reading = BlindReading.begin(of, "Ben")
    read(reading, of)
    assert compare_blind(reading, of)[0] is None
    assert blind_sentences(reading, of)[-1] == "Nobody had named any of these cells before."


def test_who_reads_their_own_cells_again_is_told_what_that_is():
    of = cells()
    reading = BlindReading.begin(of, "Ann")
    read(reading, of)
    assert "Ann also made the first reading: this is how far a person repeats it." in blind_sentences(reading, of)


@pytest.mark.parametrize("boxes", [True, False])
def test_a_saved_reading_is_one_that_observers_are_compared_by(tmp_path, boxes):
    of = cells(boxes=boxes)
    reading = BlindReading.begin(of, "Ben")
    read(reading, of, wrong=4)
    write_blind(reading, of, tmp_path / "ben.csv")
    found = workflows.agreement([tmp_path / "ben.csv"], network=True)
    assert found.paired.observers == ("Ben", "network")
    assert found.pairs[0].cells == 40
    assert found.pairs[0].agreement.value == pytest.approx(0.9)


def test_a_reading_that_cannot_be_saved_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HemaLensError, match="could not be written"):
        write_blind(BlindReading.begin(cells(), "Ben"), cells(), tmp_path / "file" / "ben.csv")
