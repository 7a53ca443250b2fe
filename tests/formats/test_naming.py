from pathlib import Path

import pytest

from napari_hemalens.errors import AnnotationError, RecipeError
from napari_hemalens.formats.naming import (
    Draft,
    check_apart,
    finished,
    floats,
    listed_classes,
    one_file_each,
    rounded,
    short_names,
)
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


@pytest.mark.parametrize(
    ("images", "stems"),
    [
        (["a.png", "a.tif"], ["a", "a-2"]),
        (["x/A.png", "y/a.png"], ["A", "a-2"]),
        (["x/a.png", "y/a.png"], ["x/a", "y/a"]),
        (["marrow: field [1]"], ["marrow_ field [1]"]),
    ],
    ids=["suffix", "case", "folders", "layer name"],
)
def test_no_two_images_share_a_file_on_any_disk(images, stems):
    assert [stem for stem, _, _ in one_file_each(fields(*images))] == stems


def test_a_file_lists_the_classes_recognised_or_assigned_and_no_others():
    names = ("lymphocyte", "blast", "mast_cell")
    one = Detections.empty(names, (9, 9), recognised=("lymphocyte",))
    other = Detections.from_arrays([[0, 0, 5, 5]], [1], [1], names=names, image_shape=(9, 9), recognised=())
    assert listed_classes([one, other]) == ("lymphocyte", "blast")


def test_cells_are_rounded_to_what_a_file_needs():
    found = Detections.from_arrays([[0.123, 1, 2, 3]], [0.98769], [0], names=("a",), image_shape=(9, 9))
    assert list(rounded(found)) == [((0.12, 1, 2, 3), "a", 0.9877)]


@pytest.mark.parametrize(
    ("box", "score", "fault"),
    [
        ((5, 0, 4, 9), 1, "spans y 5 to 4 and x 0 to 9"),
        ((0, 9, 4, 5), 1, "spans y 0 to 4 and x 9 to 5"),
        ((0, 0, float("nan"), 5), 1, "spans y 0 to nan"),
        ((0, 0, float("inf"), 5), 1, "spans y 0 to inf"),
        ((0, 0, 5, 5), 87, "has the score 87; scores are 0 to 1"),
        ((0, 0, 5, 5), float("nan"), "has the score nan"),
    ],
)
def test_an_impossible_cell_is_refused_with_its_file_and_image(box, score, fault):
    draft = Draft(Path("a.json"), "a.png")
    with pytest.raises(AnnotationError, match=f"^a.json: a 'WBC' in 'a.png' {fault}"):
        draft.add(box, "WBC", score)


def test_without_a_size_the_image_ends_with_its_boxes():
    draft = Draft(Path("a.json"), "a.png")
    draft.add((0, 0, 10.5, 20), "WBC")
    draft.add((0, 0, 5, 30.2), "WBC")
    assert finished([draft])[0].image_shape == (11, 31)


def test_classes_are_those_found_in_all_images_sorted_and_all_recognised():
    one, other = Draft(Path("a"), "1", (9, 9)), Draft(Path("a"), "2", (9, 9))
    one.add((0, 0, 5, 5), "b")
    other.add((0, 0, 5, 5), "a")
    assert [(f.names, f.recognised) for f in finished([one, other])] == [(("a", "b"),) * 2] * 2


def test_a_class_that_is_not_among_those_given_is_refused():
    draft = Draft(Path("a.json"), "a.png", (9, 9))
    draft.add((0, 0, 5, 5), "WBC")
    with pytest.raises(AnnotationError, match=r"'a\.png' has the class 'WBC'\. Known: RBC\."):
        finished([draft], ["RBC"])


def test_a_text_that_is_no_number_is_named():
    with pytest.raises(AnnotationError, match=r"line 3: 'x' is not a number\."):
        floats(["1", "x"], "line 3")


def test_results_are_kept_out_of_a_folder_that_is_read(tmp_path):
    (tmp_path / "out").mkdir()
    check_apart(tmp_path / "out", [tmp_path / "a.tif"])
    with pytest.raises(RecipeError, match=r"folder of their own: they might replace files such as .*a\.labels\.tif"):
        check_apart(tmp_path / "out" / ".." / "out", [tmp_path / "b.tif", tmp_path / "out" / "a.labels.tif"])
