"""Cells of a file of annotations are shown, counted and corrected like cells that were found."""

import numpy as np
import pytest

from napari_hemalens.formats import via, voc
from napari_hemalens.records.detections import Detections, Provenance

BOXES = [[10, 20, 40, 60], [100, 200, 150, 260]]


def project(folder, *images, boxes=BOXES):
    fields = [
        Detections.from_arrays(
            boxes,
            [0.3, 0.2],
            [0, 1],
            names=("blast", "plasma_cell"),
            image_shape=(600, 600),
            recognised=("blast", "plasma_cell"),
            provenance=Provenance(image=image),
        )
        for image in images
    ]
    via.write(fields, folder / "via.json")
    return folder / "via.json"


@pytest.fixture
def said(session):
    sentences = []
    session.message_sent.connect(sentences.append)
    return sentences


@pytest.fixture
def image(viewer):
    return viewer.layers["smear"]


@pytest.mark.parametrize("names", [("other.png",), ("other.png", "Smear.tif")], ids=["the only one", "by its name"])
def test_a_via_project_becomes_boxes_over_the_image_and_a_count(session, image, runner, viewer, tmp_path, names):
    session.annotate([image], [project(tmp_path, *names)])
    runner.run()
    assert not session.running
    layer = viewer.layers["smear cells"]
    assert layer.nshapes == 2
    np.testing.assert_allclose(layer.scale, image.scale)
    assert layer.features["class"].tolist() == ["blast", "plasma_cell"]
    (cells,) = session.results.detections()
    assert cells.counts() == {"blast": 1, "plasma_cell": 1}
    assert sorted(cells.boxes.tolist()) == BOXES
    assert cells.scores.tolist() == [1, 1]
    count = session.results.differential()
    assert count.nucleated == 2
    assert not any("not recognised" in note.lower() for note in count.warnings)


def test_undo_brings_back_what_a_run_had_found(analysed, image, runner, tmp_path):
    before = analysed.results.detections()[0].counts()
    analysed.annotate([image], [project(tmp_path, "smear.png")])
    runner.run()
    assert analysed.results.detections()[0].counts() == {"blast": 1, "plasma_cell": 1}
    analysed.results.undo()
    runner.run()
    assert analysed.results.detections()[0].counts() == before


def test_a_project_of_other_images_is_refused_with_their_names(session, image, runner, said, tmp_path):
    session.annotate([image], [project(tmp_path, "a.png", "b.png")])
    runner.run()
    assert "smear: via.json has no cells of 'smear'; name the layer as one of: a.png, b.png." in said
    assert session.results.fields == []


def test_cells_of_one_of_several_images_are_no_cells_of_the_others(session, image, viewer, runner, said, tmp_path):
    other = viewer.add_image(image.data.copy(), rgb=True, name="other")
    session.annotate([image, other], [project(tmp_path, "smear.png")])
    runner.run()
    assert [f.name for f in session.results.fields] == ["smear"]
    (reason,) = session.failures.reasons.values()
    assert "via.json has no cells of 'other'; name the layer as one of: smear.png." in reason


def test_cells_beyond_the_image_are_refused(session, image, runner, said, tmp_path):
    session.annotate([image], [project(tmp_path, "smear.png", boxes=[[0, 0, 5, 5], [500, 10, 520, 30]])])
    runner.run()
    assert any("has cells at y 520, x 30; the image has 400 x 600 px" in sentence for sentence in said)
    assert session.results.fields == []


def test_a_file_of_something_else_is_refused_in_a_sentence(session, image, runner, said, tmp_path):
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")
    session.annotate([image], [tmp_path / "a.json"])
    runner.run()
    assert any(sentence.startswith("smear: No annotations in") for sentence in said)


def test_without_an_image_it_says_what_to_do(session, said, tmp_path):
    session.annotate([], [tmp_path / "via.json"])
    assert said == ["There is no image to analyse: open or select one first."]


def test_classes_go_by_meaning_and_unknown_ones_as_the_person_says(session, image, runner, tmp_path):
    field = Detections.from_arrays(
        BOXES, [1, 1], [0, 1], names=("RBC", "Leuko"), image_shape=(600, 600), recognised=("RBC", "Leuko")
    )
    via.write([field], tmp_path / "via.json")
    assert session.unknown_classes([tmp_path / "via.json"]) == {"Leuko": 1}
    session.annotate([image], [tmp_path / "via.json"], classes={"Leuko": "lymphocyte"})
    runner.run()
    assert session.results.detections()[0].counts() == {"erythrocyte": 1, "lymphocyte": 1}
    assert session.results.differential().nucleated == 1


def test_a_file_an_image_brings_each_image_its_own_cells(session, image, viewer, runner, said, tmp_path):
    other = viewer.add_image(image.data.copy(), rgb=True, name="other")
    fields = [one_cell(f"{name}.png", box) for name, box in (("other", BOXES[0]), ("smear", BOXES[1]))]
    voc.write(fields, tmp_path)
    files = sorted(tmp_path.rglob("*.xml"))
    assert len(files) == 2
    session.annotate([image, other], files)
    runner.run()
    assert [each.boxes.tolist() for each in session.results.detections()] == [[BOXES[1]], [BOXES[0]]]
    viewer.layers.remove(other)
    third = viewer.add_image(image.data.copy(), rgb=True, name="third")
    session.annotate([third], files)
    runner.run()
    assert any("The 2 files have no cells of 'third'; name the layer as one of: other.png" in each for each in said)


def test_two_files_of_the_same_image_are_refused(session, image, runner, said, tmp_path):
    via.write([one_cell("smear.png", BOXES[0])], tmp_path / "a.json")
    via.write([one_cell("smear.png", BOXES[1])], tmp_path / "b.json")
    session.annotate([image], [tmp_path / "a.json", tmp_path / "b.json"])
    runner.run()
    assert "smear: Both a.json and b.json hold cells of 'smear.png': open one." in said


def one_cell(image, box):
    origin = Provenance(image=image)
    return Detections.from_arrays([box], [1], [0], names=("blast",), image_shape=(400, 600), provenance=origin)
