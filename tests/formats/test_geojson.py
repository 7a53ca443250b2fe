import json
import uuid

import numpy as np
import pytest
import shapely.geometry
from PIL import Image

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import geojson
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.naming import Naming

RING = [[10, 5], [30, 7], [20, 20], [10, 5]]


def feature(geometry=None, **properties):
    return {
        "type": "Feature",
        "geometry": geometry or {"type": "Polygon", "coordinates": [RING]},
        "properties": {"objectType": "detection", "classification": {"name": "WBC"}} | properties,
    }


def saved(folder, *features, bare=False, name="a.geojson"):
    document = list(features) if bare else {"type": "FeatureCollection", "features": features}
    (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("bare", [False, True], ids=["collection", "features alone"])
def test_a_cell_is_the_bounds_of_its_polygon(tmp_path, bare):
    (found,) = geojson.read(saved(tmp_path, feature(), bare=bare))
    assert found.boxes.tolist() == [[5, 10, 20, 30]]
    assert (found.class_names.tolist(), found.scores.tolist()) == (["WBC"], [1])
    assert (found.provenance.image, found.image_shape) == ("a", (20, 30))


def test_parts_of_one_cell_are_one_box(tmp_path):
    far = [[50, 50], [60, 50], [60, 55], [50, 50]]
    parts = {"type": "MultiPolygon", "coordinates": [[RING], [far]]}
    assert geojson.read(saved(tmp_path, feature(parts)))[0].boxes.tolist() == [[5, 10, 55, 60]]


@pytest.mark.parametrize(
    ("properties", "labels", "scores"),
    [
        ({"measurements": {"score": 0.5, "area": 3}}, ["WBC"], [0.5]),
        ({"measurements": [{"name": "area", "value": 3}]}, ["WBC"], [1]),
        ({"classification": {"names": ["WBC", "large"]}}, ["WBC: large"], [1]),
        ({"classification": {}}, ["unclassifiable"], [1]),
        ({"classification": {}, "objectType": "annotation"}, [], []),
        ({"objectType": "annotation"}, ["WBC"], [1]),
    ],
    ids=["score", "old measurements", "derived", "no class", "region", "annotation"],
)
def test_properties_are_read_as_qupath_means_them(tmp_path, properties, labels, scores):
    (found,) = geojson.read(saved(tmp_path, feature(**properties)))
    assert (found.class_names.tolist(), found.scores.tolist()) == (labels, scores)


def test_the_image_of_the_same_stem_is_found_with_its_size(tmp_path):
    Image.new("RGB", (90, 60)).save(tmp_path / "a.png")
    (found,) = geojson.read(saved(tmp_path, feature()))
    assert (found.provenance.image, found.image_shape) == (str(tmp_path / "a.png"), (60, 90))


def test_a_folder_gives_one_record_a_file_with_classes_in_common(tmp_path):
    saved(tmp_path, feature())
    saved(tmp_path, feature(classification={"name": "RBC"}), name="b.geojson")
    assert geojson.holds(tmp_path)
    assert [f.names for f in geojson.read(tmp_path)] == [("RBC", "WBC")] * 2
    assert geojson.read(tmp_path, names=("WBC", "RBC"))[0].names == ("WBC", "RBC")


@pytest.mark.parametrize(
    ("odd", "cells", "said"),
    [
        (feature({"type": "Point", "coordinates": [1, 2]}), 0, "left out: a point"),
        (feature({"type": "MultiPoint", "coordinates": [[1, 2]]}), 0, "left out: a group of points"),
        (feature({"type": "LineString", "coordinates": [[1, 2], [3, 4]]}), 0, "left out: a line"),
        (feature({"type": "Circle"}), 0, "left out: a feature without a geometry"),
        (feature({"type": "Polygon", "coordinates": [[[1], [2]]]}), 0, "a corner that is no number"),
        (feature(classification={"name": "WBC"}, measurements={"score": 2}), 1, "a score that is not in 0-1"),
    ],
)
def test_an_odd_feature_costs_no_file_and_is_said(tmp_path, odd, cells, said):
    (found,) = geojson.read(saved(tmp_path, odd))
    assert len(found) == cells
    assert any(said in note for note in found.provenance.notes)


@pytest.mark.parametrize("score", [None, "high", "NaN"])
def test_a_score_that_is_no_number_is_1(tmp_path, score):
    odd = feature(objectType="detection", classification={"name": "WBC"}, measurements={"score": score})
    assert geojson.read(saved(tmp_path, odd))[0].scores.tolist() == [1]


def test_a_folder_without_files_is_refused(tmp_path):
    assert not geojson.holds(tmp_path)
    with pytest.raises(AnnotationError, match=r"contains no \*\.geojson file"):
        geojson.read(tmp_path)


def test_what_is_written_is_what_qupath_expects(tmp_path):
    field = Detections.from_arrays(
        [[5, 10, 20, 30]],
        [0.5],
        [0],
        names=("erythroblast",),
        image_shape=(60, 90),
        provenance=Provenance(image="a.png"),
    )
    geojson.write([field], tmp_path)
    document = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert document["type"] == "FeatureCollection"
    (found,) = document["features"]
    assert found["geometry"] == {
        "type": "Polygon",
        "coordinates": [[[10, 5], [30, 5], [30, 20], [10, 20], [10, 5]]],
    }
    red, green, blue = found["properties"]["classification"].pop("color")
    assert all(0 <= part <= 255 for part in (red, green, blue))
    assert found["properties"] == {
        "objectType": "detection",
        "classification": {"name": "erythroblast"},
        "measurements": {"score": 0.5},
    }


def detected(*, pixel=0.5):
    return Detections.from_arrays(
        [[5, 10, 20, 30], [30, 40, 50, 60]],
        [0.9, 0.5],
        [0, 1],
        names=("erythroblast", "blast"),
        image_shape=(60, 90),
        provenance=Provenance(image="a.png", pixel_size_um=pixel),
        naming=Naming(("erythroblast",), np.array([[0.75], [np.nan]], np.float32), np.array([0.5, np.nan], np.float32)),
    )


def features_in(folder):
    return json.loads((folder / "a.geojson").read_text(encoding="utf-8"))["features"]


def test_measurements_are_numbers_and_what_is_not_known_is_left_out(tmp_path):
    geojson.write([detected()], tmp_path)
    named, unnamed = (feature["properties"]["measurements"] for feature in features_in(tmp_path))
    sizes = {"box_height_um": 7.5, "box_width_um": 10, "box_diameter_um": pytest.approx(75**0.5, abs=1e-4)}
    assert named == {"score": 0.9, "certainty": 0.75, "novelty": 0.5, **sizes}
    assert set(unnamed) == {"score", "box_height_um", "box_width_um", "box_diameter_um"}


def test_a_cell_keeps_its_id_and_shares_it_with_none(tmp_path):
    geojson.write([detected()], tmp_path)
    ids = [uuid.UUID(feature["id"]) for feature in features_in(tmp_path)]
    assert len(set(ids)) == 2
    geojson.write([detected(pixel=None)], tmp_path)
    assert [uuid.UUID(feature["id"]) for feature in features_in(tmp_path)] == ids


def test_shapely_reads_the_boxes_where_they_are(tmp_path):
    geojson.write([detected()], tmp_path)
    cells = [shapely.geometry.shape(feature["geometry"]) for feature in features_in(tmp_path)]
    assert all(cell.is_valid for cell in cells)
    assert [cell.bounds for cell in cells] == [(10, 5, 30, 20), (40, 30, 60, 50)]
