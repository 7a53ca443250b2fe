import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.formats.naming import check_apart, short_names
from napari_hemalens.records.detections import Detections, Provenance


def fields(*images):
    return [Detections.empty((), (9, 9), provenance=Provenance(image=image)) for image in images]


@pytest.mark.parametrize(
    ("images", "names"),
    [
        (["/data/a.png", "/data/b.png"], ("a.png", "b.png")),
        (["/d/one/a.png", "/d/two/a.png", "/d/b.png"], ("one/a.png", "two/a.png", "b.png")),
        (["/p/x/s/a.png", "/q/x/s/a.png"], ("p/x/s/a.png", "q/x/s/a.png")),
        (["a.png", "x/a.png"], ("a.png", "x/a.png")),
        (["a.png", "a.png", "a.png"], ("a.png", "a-2.png", "a-3.png")),
        (["a.png", "a.png", "a-2.png"], ("a.png", "a-3.png", "a-2.png")),
        (["../a.png", "/a.png"], ("a.png", "a-2.png")),
        (["Knochenmark Präparat 3.tif"], ("Knochenmark Präparat 3.tif",)),
        (["", ""], ("image", "image-2")),
    ],
)
def test_images_are_called_by_as_little_of_their_path_as_tells_them_apart(images, names):
    assert short_names(fields(*images)) == names


def test_results_are_kept_out_of_a_folder_that_is_read(tmp_path):
    (tmp_path / "out").mkdir()
    check_apart(tmp_path / "out", [tmp_path / "a.tif"])
    with pytest.raises(RecipeError, match=r"folder of their own: they could overwrite files such as .*a\.labels\.tif"):
        check_apart(tmp_path / "out" / ".." / "out", [tmp_path / "b.tif", tmp_path / "out" / "a.labels.tif"])
