import pytest
from PIL import Image

from napari_hemalens.errors import AnnotationError
from napari_hemalens.formats import box_table, read_annotations

TABLES = {
    "Roboflow": "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,90,60,WBC,10,20,40,50\n",
    "x, y, w, h with commas and semicolons": "image;label;x;y;w;h\r\na.png;WBC;10,0;20,0;30,0;30,0\r\n",
    "corners by number, with a byte order mark": "\ufeffimage\tclass\tx1\ty1\tx2\ty2\na.png\tWBC\t10\t20\t40\t50\n",
    "centres": "image_path,label_name,x_center,y_center,width,height\nb\\a.png,WBC,25,35,30,30\n",
}


@pytest.mark.parametrize("table", TABLES)
def test_columns_are_known_by_their_usual_names(tmp_path, table):
    (tmp_path / "t.csv").write_text(TABLES[table], encoding="utf-8", newline="")
    (found,) = read_annotations(tmp_path)
    assert found.boxes.tolist() == [[20, 10, 50, 40]]
    assert found.class_names.tolist() == ["WBC"]


def test_the_size_of_an_image_is_not_taken_for_that_of_a_box(tmp_path):
    (tmp_path / "t.csv").write_text(TABLES["Roboflow"])
    assert box_table.read(tmp_path)[0].image_shape == (60, 90)


SHARES = "ImageID,LabelName,XMin,XMax,YMin,YMax\na,WBC,0.25,0.5,0,1\n"


def test_boxes_in_shares_of_the_image_become_pixels(tmp_path):
    Image.new("RGB", (80, 40)).save(tmp_path / "a.png")
    (tmp_path / "t.csv").write_text(SHARES)
    (found,) = read_annotations(tmp_path)
    assert found.boxes.tolist() == [[0, 20, 40, 40]]
    assert "in shares of the image's sides, taken as pixels" in found.provenance.notes[0]


def test_shares_of_an_image_of_unknown_size_are_left_out_and_said(tmp_path):
    (tmp_path / "t.csv").write_text(SHARES)
    (found,) = read_annotations(tmp_path)
    assert len(found) == 0
    assert "a box in shares of an image whose size is not known" in found.provenance.notes[0]


def test_a_table_of_centres_alone_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("Image,Class,Centroid X,Centroid Y\na.png,WBC,1,2\n")
    assert not box_table.holds(tmp_path)
    with pytest.raises(AnnotationError, match="is no table of boxes: it has the columns Image"):
        box_table.read(tmp_path / "t.csv")
