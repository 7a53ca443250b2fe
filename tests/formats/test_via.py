import json
import math

import pytest
from PIL import Image

from napari_hemalens.formats import via
from napari_hemalens.records.detections import Detections, Provenance


def region(attributes=None, **shape):
    box = {"name": "rect", "x": 10, "y": 5, "width": 20, "height": 15}
    return {
        "shape_attributes": box | shape,
        "region_attributes": {"class": "WBC"} if attributes is None else attributes,
    }


def saved(folder, *regions, project=True, name="via.json"):
    images = {"a.png123": {"filename": "a.png", "size": 123, "regions": list(regions)}}
    document = {"_via_settings": {}, "_via_img_metadata": images} if project else images
    (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("project", [True, False], ids=["project", "plain export"])
def test_a_rectangle_is_a_cell(tmp_path, project):
    file = saved(tmp_path, region(), project=project)
    (found,) = via.read(file)
    assert via.holds(file)
    assert found.boxes.tolist() == [[5, 10, 20, 30]]
    assert (found.class_names.tolist(), found.scores.tolist()) == (["WBC"], [1])
    assert found.provenance.image == "a.png"


@pytest.mark.parametrize(
    ("attributes", "options", "label"),
    [
        ({"class": "WBC", "comment": "blurred"}, {}, "WBC"),
        ({"type": "WBC"}, {}, "WBC"),
        ({"type": "WBC", "score": "0.5"}, {}, "WBC"),
        ({"kind": "RBC", "class": "WBC"}, {"attribute": "kind"}, "RBC"),
    ],
    ids=["class", "the only one", "the only one beside the score", "as asked"],
)
def test_the_class_is_the_attribute_of_that_name_or_the_only_one(tmp_path, attributes, options, label):
    (found,) = via.read(saved(tmp_path, region(attributes)), **options)
    assert found.class_names.tolist() == [label]


@pytest.mark.parametrize("score", ["", "good", None])
def test_a_score_left_empty_or_of_another_meaning_is_1(tmp_path, score):
    (found,) = via.read(saved(tmp_path, region({"class": "WBC", "score": score})))
    assert found.scores.tolist() == [1]


def test_the_size_comes_from_the_image_else_it_ends_with_the_boxes(tmp_path):
    file = saved(tmp_path, region())
    assert via.read(file)[0].image_shape == (20, 30)
    Image.new("RGB", (90, 60)).save(tmp_path / "a.png")
    assert via.read(file)[0].image_shape == (60, 90)


def test_regions_numbered_as_in_via_1_are_read(tmp_path):
    images = {"a.png123": {"filename": "a.png", "regions": {"0": region()}, "size": 123}}
    (tmp_path / "via.json").write_text(json.dumps(images))
    assert len(via.read(tmp_path)[0]) == 1


def test_classes_may_be_given_and_a_split_is_a_file_of_its_name(tmp_path):
    saved(tmp_path, region(), name="train.json")
    assert via.holds(tmp_path, "train")
    assert not via.holds(tmp_path, "val")
    assert via.read(tmp_path, split="train", names=("RBC", "WBC"))[0].names == ("RBC", "WBC")


@pytest.mark.parametrize(
    ("odd", "labels", "said"),
    [
        (region({}), ["unclassifiable"], "without a class, taken as unclassifiable"),
        (region({"class": ""}), ["unclassifiable"], "without a class"),
        (region({"comment": "x", "size": "WBC"}), ["unclassifiable"], "without a class"),
        (region({"class": {"WBC": []}}), ["unclassifiable"], "without a class"),
        (region(name="point"), [], "left out: a point"),
        (region(name="circle"), [], "left out: a box with a corner that is no number"),
        (region({"class": "WBC"}, width=-3), ["WBC"], "corners in the wrong order"),
        (region({"class": "WBC", "score": "87"}), ["WBC"], "a score that is not in 0-1"),
    ],
)
def test_an_odd_region_costs_no_file_and_is_said(tmp_path, odd, labels, said):
    (found,) = via.read(saved(tmp_path, odd))
    assert found.class_names.tolist() == labels
    assert any(said in note for note in found.provenance.notes)


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ({"name": "circle", "cx": 20, "cy": 15, "r": 5}, [10, 15, 20, 25]),
        ({"name": "ellipse", "cx": 20, "cy": 15, "rx": 8, "ry": 4}, [11, 12, 19, 28]),
        ({"name": "ellipse", "cx": 20, "cy": 15, "rx": 8, "ry": 4, "theta": math.pi / 2}, [7, 16, 23, 24]),
        ({"name": "polygon", "all_points_x": [3, 9, 6], "all_points_y": [4, 5, 11]}, [4, 3, 11, 9]),
        ({"name": "polyline", "all_points_x": [3, 9], "all_points_y": [5, 4]}, [4, 3, 5, 9]),
    ],
    ids=["circle", "ellipse", "turned ellipse", "polygon", "polyline"],
)
def test_other_shapes_are_read_as_the_boxes_around_them(tmp_path, shape, box):
    outlined = {"shape_attributes": shape, "region_attributes": {"class": "WBC"}}
    (found,) = via.read(saved(tmp_path, outlined))
    assert found.boxes.tolist() == [pytest.approx(box)]


def test_an_image_that_exists_is_written_with_the_size_via_needs(tmp_path):
    Image.new("RGB", (90, 60)).save(tmp_path / "a.png")
    via.write(via.read(saved(tmp_path, region())), tmp_path / "again.json")
    size = (tmp_path / "a.png").stat().st_size
    images = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))["_via_img_metadata"]
    assert list(images) == [f"a.png{size}"]
    assert images[f"a.png{size}"]["size"] == size


@pytest.mark.parametrize("document", [[], {}, {"images": [], "annotations": []}])
def test_other_json_is_not_taken_for_via(tmp_path, document):
    (tmp_path / "via.json").write_text(json.dumps(document))
    assert not via.holds(tmp_path)


def test_what_is_written_opens_as_a_project_with_a_menu_of_classes(tmp_path):
    field = Detections.from_arrays(
        [[5, 10, 20, 30]],
        [0.5],
        [0],
        names=("WBC", "RBC"),
        image_shape=(60, 90),
        recognised=("WBC", "RBC"),
        provenance=Provenance(image="a.png"),
    )
    via.write([field], tmp_path / "via.json")
    project = json.loads((tmp_path / "via.json").read_text(encoding="utf-8"))
    assert project["_via_image_id_list"] == list(project["_via_img_metadata"]) == ["a.png-1"]
    assert project["_via_settings"]
    assert project["_via_attributes"]["region"]["class"]["options"] == {"WBC": "", "RBC": ""}
    image = project["_via_img_metadata"]["a.png-1"]
    assert (image["filename"], image["size"]) == ("a.png", -1)
    assert image["regions"] == [region({"class": "WBC", "score": "0.5"})]
