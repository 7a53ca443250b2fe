from napari_hemalens.evaluation.left_out import left_out, left_out_in_words
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import taxonomy


def annotated(*classes: int) -> Detections:
    boxes = [[10.0, 10.0, 50.0, 50.0]] * len(classes)
    names = ("WBC", "RBC", "artefact")
    return Detections.from_arrays(boxes, [1.0] * len(classes), classes, names=names, image_shape=(200, 200))


def test_cells_of_classes_that_stand_in_no_row_are_counted() -> None:
    truth = [annotated(0, 1, 2), annotated(2, 2)]
    assert left_out(truth, taxonomy("blood-3")) == {"artefact": 3}
    assert left_out(truth, taxonomy("marrow-12")) == {"artefact": 3, "WBC": 1}
    assert left_out([annotated(1)], taxonomy("blood-3")) == {}


def test_a_taxonomy_is_named_where_one_can_be_chosen_that_has_all_of_them() -> None:
    said = "Not compared are annotated cells of classes that stand in no row: 1,200 WBC"
    assert left_out_in_words({"WBC": 1200}) == f"{said}."
    assert left_out_in_words({"WBC": 1200}, option=True).startswith(f"{said}; --taxonomy blood-3 compares")
    assert left_out_in_words({"WBC": 1200, "artefact": 3}, option=True) == f"{said}, 3 artefact."
