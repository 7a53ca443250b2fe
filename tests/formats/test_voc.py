import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import voc
from napari_hemalens.records.detections import Detections, Provenance

XML = """<annotation>
  <filename>{name}.png</filename>
  <size><width>{width}</width><height>60</height><depth>3</depth></size>
  <object><name>WBC</name><difficult>1</difficult>
    <bndbox><xmin>10</xmin><ymin>5</ymin><xmax>{xmax}</xmax><ymax>20</ymax></bndbox></object>
</annotation>"""


def saved(folder, name="a", *, width=90, xmax="30"):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.xml"
    file.write_text(XML.format(name=name, width=width, xmax=xmax), encoding="utf-8")
    return file


@pytest.fixture
def dataset(tmp_path):
    for name in ("a", "b", "c"):
        saved(tmp_path / "Annotations", name)
    (tmp_path / "JPEGImages").mkdir()
    (tmp_path / "JPEGImages" / "a.png").touch()
    splits = tmp_path / "ImageSets" / "Main"
    splits.mkdir(parents=True)
    (splits / "train.txt").write_text("c\na\n\n")
    (splits / "val.txt").write_text("b\n")
    return tmp_path


def test_corners_exclude_the_far_edge_and_difficult_objects_are_cells(tmp_path):
    (found,) = voc.read(saved(tmp_path))
    assert found.boxes.tolist() == [[5, 10, 20, 30]]
    assert (found.class_names.tolist(), found.scores.tolist()) == (["WBC"], [1])
    assert found.image_shape == (60, 90)


def test_a_data_set_is_read_by_split_in_the_order_of_its_list(dataset):
    assert voc.holds(dataset, "train")
    train = voc.read(dataset, split="train")
    assert [f.provenance.image for f in train] == [str(dataset / "JPEGImages" / "a.png"), "c.png"][::-1]
    assert len(voc.read(dataset)) == 3


def test_an_unknown_split_is_refused_with_those_there_are(dataset):
    assert not voc.holds(dataset, "test")
    with pytest.raises(AnnotationError, match=r"No split 'test' in .*Main\. Known: train, val\."):
        voc.read(dataset, split="test")


def test_a_split_that_lists_a_missing_file_names_it(dataset):
    (dataset / "Annotations" / "b.xml").unlink()
    with pytest.raises(AnnotationError, match=r"Cannot read .*b\.xml: No such file"):
        voc.read(dataset, split="val")


def test_a_size_of_0_comes_from_the_image(tmp_path):
    Image.new("RGB", (90, 60)).save(tmp_path / "a.png")
    assert voc.read(saved(tmp_path, width=0))[0].image_shape == (60, 90)


def test_classes_may_be_given(tmp_path):
    assert voc.read(saved(tmp_path), names=("RBC", "WBC"))[0].names == ("RBC", "WBC")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<annotation>", "is not XML: "),
        ("<html/>", "is not a VOC file: its root is <html>, not <annotation>."),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_a_sentence(tmp_path, text, fault):
    (tmp_path / "a.xml").write_text(text, encoding="utf-8")
    with pytest.raises(AnnotationError) as error:
        voc.read(tmp_path)
    assert "a.xml" in str(error.value)
    assert fault in str(error.value)


@pytest.mark.parametrize(
    ("xmax", "said"),
    [
        ("many", "a box with a corner that is no number"),
        ("", "a box with a corner"),
        ("3", "corners in the wrong order"),
    ],
)
def test_an_odd_box_costs_no_other_and_is_said(tmp_path, xmax, said):
    (tmp_path / "a.xml").write_text(XML.format(name="a", width=90, xmax=xmax), encoding="utf-8")
    assert said in voc.read(tmp_path)[0].provenance.notes[0]


@pytest.mark.parametrize(("angle", "box"), [("0.0", [5, 10, 15, 30]), ("1.5707963267948966", [0, 15, 20, 25])])
def test_a_turned_box_gives_the_box_around_it(tmp_path, angle, box):
    turned = f"<cx>20</cx><cy>10</cy><w>20</w><h>10</h><angle>{angle}</angle>"
    thing = f"<object><name>WBC</name><robndbox>{turned}</robndbox></object>"
    size = "<size><width>90</width><height>60</height></size>"
    (tmp_path / "a.xml").write_text(f"<annotation><filename>a.png</filename>{size}{thing}</annotation>")
    (found,) = voc.read(tmp_path)
    assert found.boxes.tolist() == [pytest.approx(box)]


def test_a_folder_without_files_is_refused(tmp_path):
    assert not voc.holds(tmp_path)
    with pytest.raises(AnnotationError, match="contains no XML file"):
        voc.read(tmp_path)


def test_whole_corners_are_written_as_integers_and_others_with_decimals(tmp_path):
    field = Detections.from_arrays(
        [[5, 10, 20.5, 30]],
        [0.5],
        [0],
        names=("WBC",),
        image_shape=(60, 90),
        provenance=Provenance(image="a.png"),
    )
    voc.write([field], tmp_path)
    thing = ET.parse(tmp_path / "a.xml").find("object")  # noqa: S314
    box = {corner.tag: corner.text for corner in thing.find("bndbox")}
    assert box == {"ymin": "5", "xmin": "10", "ymax": "20.5", "xmax": "30"}
    assert thing.findtext("score") == "0.5"
    assert thing.findtext("difficult") == "0"
