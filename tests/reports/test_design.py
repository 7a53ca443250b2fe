"""The design of an experiment is read, and found by the names of images."""

import pytest

from napari_hemalens.errors import AnnotationError
from napari_hemalens.reports.design import Sample, read_design, samples_of


def test_a_table_names_replicate_and_concentration_of_each_image(tmp_path):
    file = tmp_path / "design.csv"
    file.write_text("\ufeffimage,replicate,concentration\na.tif,1,0\nb.tif, 2 ,10 nM\n", encoding="utf-8")
    assert read_design(file) == {"a.tif": Sample("1", "0"), "b.tif": Sample("2", "10 nM")}


def test_a_design_that_a_german_spreadsheet_saved_is_read(tmp_path):
    (tmp_path / "design.csv").write_bytes(
        "Image;Replicate;Concentration\r\nMäuse 1;1;0,5 µM\r\n;;\r\n".encode("cp1252")
    )
    assert read_design(tmp_path / "design.csv") == {"Mäuse 1": Sample("1", "0,5 µM")}


def test_a_concentration_alone_will_do(tmp_path):
    file = tmp_path / "design.csv"
    file.write_text("concentration,image\n5,a\n", encoding="utf-8")
    assert read_design(file) == {"a": Sample("", "5")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,replicate\na,1\n", "lacks the column 'image'; it has picture, replicate"),
        ("image\na\n", "it needs a column replicate or concentration"),
        ("", "it has none"),
        ("image,replicate\na,1\na,2\n", "names the image 'a' twice"),
    ],
)
def test_a_table_that_is_no_design_is_refused(tmp_path, text, message):
    file = tmp_path / "design.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(AnnotationError, match=message):
        read_design(file)


def test_a_design_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"Cannot read .*nowhere\.csv: No such file"):
        read_design(tmp_path / "nowhere.csv")


def test_an_image_is_found_by_its_name_with_folder_or_suffix_or_without():
    sample = Sample("1", "0")
    for name in ("day1/a.tif", "a.tif", "a"):
        assert samples_of(["day1/a.tif"], {name: sample}) == (sample,)
    assert samples_of(["a.tif", "b.tif"], None) == (Sample(), Sample())


def test_an_image_that_the_design_lacks_is_named():
    with pytest.raises(AnnotationError, match=r"does not name the image 'c.tif'. It names a, b"):
        samples_of(["a.tif", "c.tif"], {"a": Sample(), "b": Sample()})
