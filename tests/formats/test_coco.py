import contextlib
import copy
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from pycocotools.coco import COCO

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import coco
from napari_hemalens.records.corrections import Corrections
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.naming import Naming

DOCUMENT = {
    "images": [{"id": 7, "file_name": "a.png", "width": 90, "height": 60}],
    "categories": [{"id": 3, "name": "RBC"}, {"id": 1, "name": "WBC"}],
    "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 5, 20, 15]}],
}


def saved(folder, document, name="coco.json"):
    (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder / name


def changed(part, **values):
    document = copy.deepcopy(DOCUMENT)
    document[part][0] |= values
    return document


def test_a_box_is_x_y_width_height_and_a_missing_score_is_1(tmp_path):
    (found,) = coco.read(saved(tmp_path, DOCUMENT))
    assert found.boxes.tolist() == [[5, 10, 20, 30]]
    assert (found.scores.tolist(), found.class_names.tolist()) == ([1], ["RBC"])
    assert (found.image_shape, found.provenance.image) == ((60, 90), "a.png")


def test_classes_are_in_the_order_of_their_ids_and_all_recognised(tmp_path):
    (found,) = coco.read(saved(tmp_path, DOCUMENT))
    assert found.names == found.recognised == ("WBC", "RBC")


def test_an_object_marked_as_a_crowd_is_a_cell_and_said(tmp_path):
    (found,) = coco.read(saved(tmp_path, changed("annotations", iscrowd=1)))
    assert len(found) == 1
    assert "marked as a crowd" in found.provenance.notes[0]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"image_id": 8}, "left out: an annotation of an image that is not listed"),
        ({"bbox": [1, 2, 3]}, "left out: an annotation without a box"),
        ({"bbox": [1, 2, 0, 5]}, "left out: a box without area"),
        ({"bbox": [500, 500, 9, 9]}, "left out: a box outside the image"),
        ({"bbox": [1e999, 2, 3, 4]}, "left out: a box with a corner that is no number"),
    ],
)
def test_one_odd_annotation_is_left_out_and_said(tmp_path, change, note):
    document = DOCUMENT | {"annotations": [DOCUMENT["annotations"][0], DOCUMENT["annotations"][0] | change]}
    (found,) = coco.read(saved(tmp_path, document))
    assert len(found) == 1
    assert note in found.provenance.notes[0]


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"category_id": 9}, "category 9"),
        ({"score": "high"}, "RBC"),
        ({"category_id": "3"}, "RBC"),
        ({"image_id": "7"}, "RBC"),
    ],
)
def test_ids_are_compared_by_meaning_and_odd_values_cost_no_cell(tmp_path, change, label):
    (found,) = coco.read(saved(tmp_path, changed("annotations", **change)))
    assert (found.class_names.tolist(), found.scores.tolist()) == ([label], [1])


def test_corners_in_the_wrong_order_are_swapped_and_said(tmp_path):
    (found,) = coco.read(saved(tmp_path, changed("annotations", bbox=[30, 5, -20, 15])))
    assert found.boxes.tolist() == [[5, 10, 20, 30]]
    assert "corners in the wrong order" in found.provenance.notes[0]


@pytest.mark.parametrize("folder", [".", "images", "../images"])
def test_images_are_found_beside_the_file_and_in_images(tmp_path, folder):
    home = tmp_path / "annotations"
    place = home / folder
    home.mkdir()
    place.mkdir(exist_ok=True)
    (place / "a.png").touch()
    (found,) = coco.read(saved(home, DOCUMENT))
    assert (tmp_path / found.provenance.image).samefile(place / "a.png")


@pytest.mark.parametrize("width", [None, 0])
def test_a_size_that_is_not_given_comes_from_the_image(tmp_path, width):
    from PIL import Image

    Image.new("RGB", (90, 60)).save(tmp_path / "a.png")
    file = saved(tmp_path, changed("images", width=width))
    assert coco.read(file)[0].image_shape == (60, 90)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (DOCUMENT | {"images": DOCUMENT["images"] * 2}, "2 images share 1 ids"),
        ({"images": []}, "is not a COCO file: annotations: field required"),
        ([1, 2], "is not a COCO file: "),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_a_sentence(tmp_path, document, fault):
    with pytest.raises(AnnotationError) as error:
        coco.read(saved(tmp_path, document))
    assert "coco.json" in str(error.value)
    assert fault in str(error.value)


def test_a_file_that_is_missing_or_no_json_is_refused(tmp_path):
    with pytest.raises(AnnotationError, match=r"Cannot read .*: Is a directory"):
        coco.read(tmp_path)
    (tmp_path / "coco.json").write_bytes(b"\xff\x00")
    with pytest.raises(AnnotationError, match=r"coco\.json is not JSON"):
        coco.read(tmp_path)


@pytest.mark.parametrize("name", ["coco.json", "whatever.json"])
def test_a_folder_stands_for_its_usual_or_only_file(tmp_path, name):
    saved(tmp_path, DOCUMENT, name)
    assert coco.holds(tmp_path)
    assert len(coco.read(tmp_path)) == 1


def test_a_split_is_a_file_of_its_name(tmp_path):
    saved(tmp_path, DOCUMENT, "train.json")
    saved(tmp_path, DOCUMENT | {"annotations": []}, "val.json")
    assert len(coco.read(tmp_path, split="train")[0]) == 1
    assert len(coco.read(tmp_path, split="val")[0]) == 0
    assert len(coco.read(tmp_path, split="valid")[0]) == 0
    assert [len(field) for field in coco.read(tmp_path)] == [1, 0]
    assert not coco.holds(tmp_path, "test")


@pytest.mark.parametrize("name", ["train/_annotations.coco.json", "annotations/instances_train.json"])
def test_layouts_of_other_tools_are_found_by_split(tmp_path, name):
    (tmp_path / name).parent.mkdir()
    saved(tmp_path, DOCUMENT, name)
    assert len(coco.read(tmp_path)) == len(coco.read(tmp_path, split="train")) == 1
    assert not coco.holds(tmp_path, "val")


def test_the_pixel_size_is_kept(tmp_path):
    fields = [
        Detections.empty((), (60, 90), provenance=Provenance(image=f"{size}.png", pixel_size_um=size))
        for size in (0.25, None)
    ]
    coco.write(fields, tmp_path / "coco.json")
    assert [f.provenance.pixel_size_um for f in coco.read(tmp_path)] == [0.25, None]
    assert "pixel_size_um" not in json.loads((tmp_path / "coco.json").read_text())["images"][1]


def test_a_byte_order_mark_is_passed_over(tmp_path):
    (tmp_path / "coco.json").write_text(json.dumps(DOCUMENT), encoding="utf-8-sig")
    assert coco.holds(tmp_path)
    assert len(coco.read(tmp_path)) == 1


def test_what_is_written_is_what_other_tools_expect(tmp_path):
    names = ("lymphocyte", "blast", "mast_cell")
    field = Detections.from_arrays(
        [[5, 10, 20, 30]],
        [0.875],
        [1],
        names=names,
        image_shape=(60, 90),
        recognised=("lymphocyte",),
        provenance=Provenance(image="/slides/Präparat.png"),
    )
    coco.write([field], tmp_path / "coco.json")
    text = (tmp_path / "coco.json").read_text(encoding="utf-8")
    assert "Präparat" in text
    assert json.loads(text) == {
        "images": [{"id": 1, "file_name": "Präparat.png", "width": 90, "height": 60}],
        "categories": [{"id": 1, "name": "lymphocyte"}, {"id": 2, "name": "blast"}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 2,
                "bbox": [10, 5, 20, 15],
                "area": 300,
                "iscrowd": 0,
                "score": 0.875,
            }
        ],
    }


def test_corrections_are_read_back_from_the_attributes_of_each_box(corrected_field, assert_corrected, tmp_path):
    coco.write([corrected_field], tmp_path / "coco.json")
    boxes = json.loads((tmp_path / "coco.json").read_text(encoding="utf-8"))["annotations"]
    said = {"corrected": "class+box", "predicted_class": "monocyte", "predicted_score": 0.25, "observer": "Ann"}
    assert [box.get("attributes") for box in boxes] == [
        None,
        said,
        {"corrected": "drawn", "observer": "Ben"},
        {"corrected": "accepted", "predicted_class": "lymphocyte", "predicted_score": 0.6},
    ]
    assert_corrected(coco.read(tmp_path / "coco.json")[0])


@pytest.mark.parametrize("attributes", [{"occluded": False}, {"corrected": True}, {"certainty": 10**400}, [1], None])
def test_attributes_of_other_tools_are_no_corrections(tmp_path, attributes):
    (found,) = coco.read(saved(tmp_path, changed("annotations", attributes=attributes)))
    assert found.corrections is None


def test_what_speaks_against_an_image_is_kept(tmp_path):
    origins = [Provenance(image="a.png", notes=("Grey image: open it in colour.",)), Provenance(image="b.png")]
    coco.write([Detections.empty((), (60, 90), provenance=origin) for origin in origins], tmp_path / "coco.json")
    assert [f.provenance.notes for f in coco.read(tmp_path)] == [origins[0].notes, ()]
    assert "notes" not in json.loads((tmp_path / "coco.json").read_text())["images"][1]


def test_how_sure_each_class_is_is_read_back_with_the_corrections(tmp_path):
    names = ("blast", "lymphocyte")
    cells = Detections.from_arrays(
        [[0, 0, 9, 9], [0, 20, 9, 29], [20, 0, 29, 9]], [0.9, 0.8, 0.7], [0, 1, 0], names=names, image_shape=(60, 90)
    )
    probabilities = np.array([[0.6, 0.4], [0.3, 0.7], [np.nan] * 2], np.float32)
    naming = Naming(names, probabilities, np.array([1.5, np.nan, np.nan], np.float32))
    kinds = np.array(["", "accepted", ""])
    named = replace(cells, naming=naming, corrections=Corrections(kinds, cells.classes, cells.scores))
    coco.write([named], tmp_path / "coco.json")
    (back,) = coco.read(tmp_path / "coco.json")
    np.testing.assert_allclose(back.certainty, [0.6, 0.7, np.nan])
    assert back.unsure.tolist() == [True, False, False]
    assert back.correction_kinds.tolist() == kinds.tolist()
    assert back.predicted_class_names.tolist() == cells.class_names.tolist()


def test_pycocotools_reads_what_is_written(tmp_path):
    field = Detections.from_arrays(
        [[5, 10, 20, 30], [30, 40, 50, 60]],
        [0.9, 0.5],
        [0, 1],
        names=("blast", "lymphocyte"),
        image_shape=(60, 90),
        recognised=("blast", "lymphocyte"),
        provenance=Provenance(image="a.png", pixel_size_um=0.5),
    )
    coco.write([field], tmp_path / "coco.json")
    with contextlib.redirect_stdout(io.StringIO()):
        found = COCO(tmp_path / "coco.json")
    cells = found.loadAnns(found.getAnnIds())
    assert [cell["bbox"] for cell in cells] == [[10, 5, 20, 15], [40, 30, 20, 20]]
    names = {each["id"]: each["name"] for each in found.loadCats(found.getCatIds())}
    assert [names[cell["category_id"]] for cell in cells] == ["blast", "lymphocyte"]
    assert found.loadImgs(found.getImgIds())[0]["file_name"] == "a.png"
