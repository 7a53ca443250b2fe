from napari_hemalens.evaluation.detection import map_to_taxonomy
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import taxonomy


def test_a_cell_under_two_classes_that_are_one_elsewhere_is_measured_once() -> None:
    boxes = [[10, 10, 50, 50], [11, 10, 50, 51], [12, 11, 50, 50]]
    names = ("band_neutrophil", "segmented_neutrophil", "erythrocyte")
    found = Detections.from_arrays(boxes, [0.6, 0.9, 0.3], [0, 1, 2], names=names, image_shape=(60, 60))
    mapped = map_to_taxonomy(found, taxonomy("blood-3"))
    assert mapped.class_names.tolist() == ["WBC", "RBC"]
    assert mapped.scores[0] > 0.8
