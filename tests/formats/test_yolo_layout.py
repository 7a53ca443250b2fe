import pytest
from PIL import Image

from napari_hemalens.formats.yolo_layout import layout_of

LAYOUTS = {
    "Label Studio": ("classes.txt", "images/a.png", "labels/a.txt"),
    "labelImg": ("classes.txt", "a.png", "a.txt"),
    "CVAT": ("obj.names", "obj_train_data/a.png", "obj_train_data/a.txt"),
    "split inside": ("classes.txt", "train/images/a.png", "train/labels/a.txt"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_usual_layouts_are_found(tmp_path, layout):
    names, image, labels = (tmp_path / part for part in LAYOUTS[layout])
    for file in (image, labels):
        file.parent.mkdir(parents=True, exist_ok=True)
    names.write_text("WBC\nRBC\n\n")
    Image.new("RGB", (9, 6)).save(image)
    labels.write_text("0 0.5 0.5 0.1 0.1\n")
    found = layout_of(tmp_path, None)
    assert found.names == {0: "WBC", 1: "RBC"}
    assert list(found.pictures) == list(found.texts) == ["a"]


@pytest.mark.parametrize("split", ["val", "valid"])
def test_a_split_of_roboflow_goes_by_either_name(tmp_path, split):
    for part in ("train", "valid"):
        (tmp_path / part / "images").mkdir(parents=True)
        (tmp_path / part / "labels").mkdir()
        Image.new("RGB", (9, 6)).save(tmp_path / part / "images" / f"{part}.png")
        (tmp_path / part / "labels" / f"{part}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (tmp_path / "data.yaml").write_text("train: ../train/images\nval: ../valid/images\nnc: 1\nnames: ['WBC']\n")
    assert list(layout_of(tmp_path, split).texts) == ["valid"]
    assert len(layout_of(tmp_path, None).texts) == 2


def test_a_folder_of_other_texts_is_no_data_set(tmp_path):
    (tmp_path / "notes.txt").write_text("five words that say nothing\n")
    assert layout_of(tmp_path, None) is None
