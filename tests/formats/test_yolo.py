import numpy as np
import pytest
import tifffile
import yaml
from PIL import Image

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import yolo
from napari_hemalens.records.detections import Detections, Provenance


@pytest.fixture
def dataset(tmp_path):
    """A data set as other tools lay it out: nothing of ours in it."""
    for split, names in {"train": "ab", "val": "c"}.items():
        (tmp_path / "images" / split).mkdir(parents=True)
        (tmp_path / "labels" / split).mkdir(parents=True)
        for name in names:
            Image.new("RGB", (200, 100)).save(tmp_path / "images" / split / f"{name}.png")
    (tmp_path / "labels" / "train" / "a.txt").write_text("1 0.5 0.5 0.1 0.2\n\n0 0.25 0.5 0.1 0.2 0.75\n")
    (tmp_path / "labels" / "val" / "c.txt").write_text("0 0.5 0.5 1 1\n")
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [WBC, RBC]\n")
    return tmp_path


def test_shares_become_pixels_of_the_image_and_a_sixth_number_is_the_score(dataset):
    found = yolo.read(dataset, split="train")[0]
    assert found.boxes.tolist() == [[40, 90, 60, 110], [40, 40, 60, 60]]
    assert found.scores.tolist() == [1, 0.75]
    assert found.class_names.tolist() == ["RBC", "WBC"]
    assert (found.names, found.image_shape) == (("WBC", "RBC"), (100, 200))


def test_an_image_without_labels_has_no_cells(dataset):
    assert [len(f) for f in yolo.read(dataset, split="train")] == [2, 0]


def test_without_a_split_all_images_are_read(dataset):
    images = [f.provenance.image for f in yolo.read(dataset)]
    assert images == [str(dataset / "images" / p) for p in ("train/a.png", "train/b.png", "val/c.png")]


def test_the_size_of_an_image_is_read_without_decoding_it(dataset, monkeypatch):
    def refuse(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
    assert yolo.read(dataset, split="val")[0].image_shape == (100, 200)


def test_the_size_of_a_tiff_is_that_of_its_first_page(dataset):
    import numpy as np

    (dataset / "images" / "val" / "c.png").unlink()
    with tifffile.TiffWriter(dataset / "images" / "val" / "c.tif") as writer:
        writer.write(np.zeros((30, 40, 3), np.uint8), photometric="rgb")
        writer.write(np.zeros((15, 20, 3), np.uint8), photometric="rgb")
    assert yolo.read(dataset, split="val")[0].image_shape == (30, 40)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("images/train", None),
        ("../train/images", None),
        ("train", "images"),
        ("train", "/gone/images"),
    ],
    ids=["relative", "Roboflow", "with a path", "with a path elsewhere"],
)
def test_a_split_is_found_where_tools_say_it_is(tmp_path, value, path):
    folder = {"../train/images": "train/images", "train": "images/train"}.get(value, value)
    if path == "/gone/images":
        folder = "train"
    (tmp_path / folder).mkdir(parents=True)
    Image.new("RGB", (20, 10)).save(tmp_path / folder / "a.png")
    labels = tmp_path / folder.replace("images", "labels")
    labels.mkdir(parents=True, exist_ok=True)
    (labels / "a.txt").write_text("0 0.5 0.5 1 1\n")
    data = {"train": value, "names": {0: "WBC"}} | ({"path": path} if path else {})
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(data))
    (found,) = yolo.read(tmp_path, split="train")
    assert found.boxes.tolist() == [[0, 0, 10, 20]]


@pytest.mark.parametrize(
    ("line", "said", "labels"),
    [
        ("0 0.5 0.5", "a line that is neither a box nor a polygon", ["RBC"]),
        ("0.5 0.5 0.5 0.1 0.1", "a line that is neither a box nor a polygon", ["RBC"]),
        ("0 0.5 0.5 0.1 wide", "a box with a corner that is no number", ["RBC"]),
        ("0 0.5 0.5 0 0.1", "a box without area", ["RBC"]),
        ("7 0.5 0.5 0.1 0.1", "of a class without a name", ["RBC", "class 7"]),
        ("0 0.5 0.5 -0.1 0.1", "corners in the wrong order", ["RBC", "WBC"]),
    ],
)
def test_an_odd_line_costs_no_other_and_is_said(dataset, line, said, labels):
    (dataset / "labels" / "train" / "a.txt").write_text(f"1 0.5 0.5 0.1 0.2\n{line}\n")
    found = yolo.read(dataset)[0]
    assert found.class_names.tolist() == labels
    assert said in found.provenance.notes[0]


@pytest.mark.parametrize(
    "line",
    [
        "1 0.1 0.2 0.3 0.2 0.3 0.4 0.1 0.4",
        "1 0.1 0.2 0.3 0.2 0.3 0.4 0.1 0.4 1.0",
        "1 0,2 0,3 0,2 0,2",
        "\ufeff1 0.2 0.3 0.2 0.2\r",
    ],
)
def test_a_polygon_is_the_box_around_it_and_commas_are_points(dataset, line):
    (dataset / "labels" / "train" / "a.txt").write_text(line + "\n", encoding="utf-8")
    found = yolo.read(dataset)[0]
    np.testing.assert_allclose(found.boxes, [[20, 20, 40, 60]], atol=1e-3)


def test_labels_without_an_image_are_refused_for_want_of_a_size(dataset):
    (dataset / "images" / "val" / "c.png").unlink()
    with pytest.raises(AnnotationError, match=r"c\.txt has no image of the same name in .*images"):
        yolo.read(dataset)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("names: [", "is not YAML: "),
        ("train: images", "neither an image nor a file of labels is there"),
        ("just a text", "is not a YOLO data set: "),
        ("names: [WBC]\ntrain: nowhere", "neither an image"),
    ],
)
def test_a_data_file_that_is_wrong_is_refused_in_a_sentence(tmp_path, text, fault):
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(AnnotationError) as error:
        yolo.read(tmp_path)
    assert "data.yaml" in str(error.value)
    assert fault in str(error.value)


def test_a_missing_data_file_and_an_unknown_split_are_named(dataset, tmp_path_factory):
    with pytest.raises(AnnotationError, match=r"is no YOLO data set: it has no data\.yaml"):
        yolo.read(tmp_path_factory.mktemp("empty"))
    assert not yolo.holds(dataset, "test")
    with pytest.raises(AnnotationError, match="is no YOLO data set"):
        yolo.read(dataset, split="test")


def test_images_of_one_stem_are_each_found_again(tmp_path):
    fields = [Detections.empty((), (10, 20), provenance=Provenance(image=f"a.{end}")) for end in ("png", "bmp")]
    yolo.write(fields, tmp_path)
    (tmp_path / "images").mkdir()
    for field in fields:
        (tmp_path / "images" / field.provenance.image).touch()
    found = {f.provenance.image for f in yolo.read(tmp_path)}
    assert found == {str(tmp_path / "images" / name) for name in ("a.png", "a.bmp")}


def test_what_is_written_is_what_other_tools_expect(tmp_path):
    field = Detections.from_arrays(
        [[40, 90, 60, 110]],
        [0.75],
        [1],
        names=("WBC", "RBC"),
        image_shape=(100, 200),
        recognised=("WBC", "RBC"),
        provenance=Provenance(image="Präparat.png"),
    )
    yolo.write([field], tmp_path)
    assert (tmp_path / "labels" / "Präparat.txt").read_text() == (
        "1 0.50000000 0.50000000 0.10000000 0.20000000 0.75\n"
    )
    text = (tmp_path / "data.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    assert "Präparat" in text
    assert (data["train"], data["val"], data["names"]) == ("images", "images", {0: "WBC", 1: "RBC"})
