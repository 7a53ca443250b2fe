from pathlib import Path

import imageio.v3 as iio
import pytest

from napari_hemalens.errors import RecipeError
from napari_hemalens.formats import coco
from napari_hemalens.progress import finish
from napari_hemalens.rendering import render_field
from napari_hemalens.rendering.dataset import render_fields_steps


def test_a_rendered_data_set_reads_back_as_its_truth(tmp_path: Path) -> None:
    steps = render_fields_steps(tmp_path, fields=2, shape=(120, 160), tissue="blood", seed=30)
    written = finish(steps)
    assert [p.relative_to(tmp_path).as_posix() for p in written] == [
        "images/blood-30.jpg",
        "images/blood-31.jpg",
        "train.json",
    ]
    for seed, field in zip((30, 31), coco.read(tmp_path, split="train"), strict=True):
        image, truth = render_field((120, 160), tissue="blood", seed=seed)
        assert Path(field.provenance.image) == tmp_path / "images" / f"blood-{seed}.jpg"
        assert field.counts() == truth.counts()
        assert sorted(field.boxes.tolist()) == sorted(truth.boxes.tolist())
        compressed = iio.imread(field.provenance.image)
        assert abs(compressed.astype(float) - image).mean() < 4


def test_an_early_stop_leaves_no_half_written_annotations(
    tmp_path: Path,
) -> None:
    steps = render_fields_steps(tmp_path, fields=3, shape=(40, 40), seed=1)
    first = next(steps)
    assert (first.done, first.total, first.message) == (1, 3, "Rendered marrow-1.jpg")
    steps.close()
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["marrow-1.jpg"]


def test_no_fields_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="0 fields"):
        finish(render_fields_steps(tmp_path, fields=0))


def test_annotations_that_are_there_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text("a person's", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"train\.json is there already, and would be replaced"):
        finish(render_fields_steps(tmp_path, fields=1, shape=(40, 40)))
    assert [p.name for p in tmp_path.iterdir()] == ["train.json"]
    assert (tmp_path / "train.json").read_text(encoding="utf-8") == "a person's"
