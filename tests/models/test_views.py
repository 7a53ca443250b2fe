import pytest
import torch

from napari_hemalens.models.views import other_views

CROPS = torch.arange(2 * 3 * 5 * 5.0).reshape(2, 3, 5, 5)


@pytest.mark.parametrize("views", [1, 2, 4, 8])
def test_each_view_is_another_one_and_none_is_the_crop_itself(views: int) -> None:
    seen = [CROPS, *other_views(CROPS, views)]
    assert len({tuple(view.flatten().tolist()) for view in seen}) == len(seen) == views


def test_eight_views_are_all_quarter_turns_of_a_cell_and_its_mirror_image() -> None:
    turned = [crops.rot90(turns, (2, 3)) for crops in (CROPS, CROPS.flip(3)) for turns in range(4)]
    expected = {tuple(crops.flatten().tolist()) for crops in turned}
    assert {tuple(view.flatten().tolist()) for view in (CROPS, *other_views(CROPS, 8))} == expected


@pytest.mark.parametrize("views", [2, 4, 8])
def test_a_cell_that_lies_in_another_of_these_ways_has_the_same_views(views: int) -> None:
    def seen(crops: torch.Tensor) -> set[tuple[float, ...]]:
        return {tuple(view.flatten().tolist()) for view in (crops, *other_views(crops, views))}

    assert all(seen(view) == seen(CROPS) for view in other_views(CROPS, views))
