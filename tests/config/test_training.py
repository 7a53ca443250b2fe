import pytest

from napari_hemalens.config.training import ClassifierTraining, DetectionTraining
from napari_hemalens.errors import RecipeError


def test_an_option_of_the_network_is_refused_by_its_whole_name():
    with pytest.raises(RecipeError, match=r"Option 'network.size' got 'huge'"):
        DetectionTraining.from_options(network={"size": "huge"})


def test_a_recipe_of_before_an_option_came_is_as_it_is_by_default():
    kept = DetectionTraining().model_dump(mode="json")
    del kept["start_with"], kept["learn"]
    assert DetectionTraining.from_options(**kept) == DetectionTraining()


@pytest.mark.parametrize("training", [DetectionTraining, ClassifierTraining])
def test_a_rate_of_nothing_learns_nothing_and_is_refused(training):
    with pytest.raises(RecipeError, match="Option 'learning_rate' got 0"):
        training.from_options(learning_rate=0)


def test_few_images_make_small_steps_and_many_the_usual_ones():
    assert [ClassifierTraining(batch=32).for_few(images).batch for images in (0, 17, 32, 500)] == [1, 17, 32, 32]
    assert ClassifierTraining(batch=8).for_few(500) == ClassifierTraining(batch=8)
