import sys
from pathlib import Path

import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.formats.naming import check_apart, file_stems, short_names, short_paths, split_frame, typed
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


def test_two_frames_of_an_image_have_names_and_files_of_their_own():
    origins = [Provenance(image="/d/stack.tif", frame=frame) for frame in ("T=2,Z=0", "T=3,Z=0")]
    names = short_names([Detections.empty((), (9, 9), provenance=origin) for origin in origins])
    assert names == ("stack.tif [T=2,Z=0]", "stack.tif [T=3,Z=0]")
    assert file_stems([origin.title for origin in origins]) == ("stack_T2_Z0", "stack_T3_Z0")
    assert [split_frame(name) for name in (*names, "a [1].tif")] == [
        *(("stack.tif", origin.frame) for origin in origins),
        ("a [1].tif", ""),
    ]


def test_results_are_kept_out_of_a_folder_that_is_read(tmp_path):
    (tmp_path / "out").mkdir()
    check_apart(tmp_path / "out", [tmp_path / "a.tif"])
    with pytest.raises(RecipeError, match=r"folder of their own: they could overwrite files such as .*a\.labels\.tif"):
        check_apart(tmp_path / "out" / ".." / "out", [tmp_path / "b.tif", tmp_path / "out" / "a.labels.tif"])


@pytest.mark.skipif(sys.platform == "win32", reason="links take a privilege there")
def test_links_lie_where_they_are_and_where_they_lead_to(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").symlink_to(tmp_path / "b.png")
    (tmp_path / "in" / "loop.png").symlink_to("loop.png")
    check_apart(tmp_path / "out", (tmp_path / "in").iterdir())
    for out in (tmp_path, tmp_path / "in"):
        with pytest.raises(RecipeError, match="need a folder of their own"):
            check_apart(out, [tmp_path / "in" / "a.png"])


def test_stems_are_short_enough_for_endings_and_stay_apart() -> None:
    long = "ä" * 120
    one, other = file_stems([f"d/{long}1.png", f"d/{long}2.png"])
    assert one != other
    assert all(len(stem.encode()) <= 210 for stem in (one, other))


def test_a_name_that_is_no_text_is_written_with_escapes() -> None:
    assert short_paths(["d/bad-\udce4.png"]) == (r"bad-\udce4.png",)
    assert file_stems(["d/bad-\udce4.png"]) == ("bad-_udce4",)


def test_two_parts_of_an_image_have_files_of_their_own():
    parts = ["/d/1.2.3 [Y=0-9,X=0-9]", "/d/1.2.3 [Y=9-18,X=0-9]"]
    assert file_stems(parts) == ("1.2_Y0-9_X0-9", "1.2_Y9-18_X0-9")


def test_one_path_twice_is_numbered_without_its_folders() -> None:
    assert short_paths(["/data/day1/a.png", "/data/day1/a.png"]) == ("a.png", "a-2.png")
    assert short_paths(["/data/day1/a.png", "/data/day2/a.png", "/data/day1/a.png"]) == (
        "day1/a.png",
        "day2/a.png",
        "day1/a-2.png",
    )


def test_a_path_with_a_space_is_typed_in_quotes() -> None:
    assert (typed("a/b.png"), typed(Path("my slides"))) == ("a/b.png", '"my slides"')
