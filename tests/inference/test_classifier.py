"""Probabilities are logits divided by the temperature of the card; labels have to be of the image."""

from collections.abc import Generator
from dataclasses import replace
from threading import Thread, current_thread

import numpy as np
import pytest
import torch

from napari_hemalens.config.options import ClassificationRecipe
from napari_hemalens.errors import DeviceError, ImageError
from napari_hemalens.inference.classifier import NetworkClassifier, calibrated, check_same_image, name_and_embed
from napari_hemalens.models.cards import ClassifierCard
from napari_hemalens.models.runtimes import OpenVinoRuntime
from napari_hemalens.progress import finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.slides.axes import from_array


def test_probabilities_are_softened_by_the_temperature(untrained_classifier: ClassifierCard) -> None:
    card = untrained_classifier.model_copy(update={"temperature": 2.0})
    logits = torch.tensor([[2.0, 0.0]])
    expected = np.exp(1) / (np.exp(1) + 1)
    torch.testing.assert_close(calibrated(logits, card)[0, 0].item(), expected, rtol=1e-6, atol=0)


def test_int8_is_refused_where_there_is_no_detector(untrained_classifier: ClassifierCard) -> None:
    recipe = ClassificationRecipe(precision="int8")
    with pytest.raises(DeviceError, match="Precision int8 is for detectors"):
        finish(NetworkClassifier.load_steps(untrained_classifier, recipe, torch.device("cpu")))


def test_labels_of_another_size_are_refused() -> None:
    slide = from_array(np.zeros((40, 50, 3), np.uint8))
    with pytest.raises(ImageError, match="The labels are 40 x 40 pixels, the image is 40 x 50"):
        check_same_image(slide, CellMap.whole((40, 40)))


def test_too_little_gpu_memory_names_the_same_in_smaller_passes(untrained_classifier: ClassifierCard) -> None:
    ready = NetworkClassifier.load(untrained_classifier, torch.device("cpu"))
    side = untrained_classifier.crop.side
    noise = np.random.default_rng(0).integers(0, 255, (5, untrained_classifier.crop.channels, side, side), np.uint8)
    pixels = torch.from_numpy(noise)
    wanted = name_and_embed(ready, pixels)

    def refuse(_: object, given: tuple[torch.Tensor]) -> None:
        if len(given[0]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    hook = ready.network.stages[0].register_forward_pre_hook(refuse)
    for found, before in zip(name_and_embed(ready, pixels), wanted, strict=True):
        torch.testing.assert_close(found, before, rtol=0, atol=1e-4)
    hook.remove()  # networks stay in memory
    assert ready.passes.most == 2


def test_crops_are_cut_on_a_thread_but_where_torch_uses_the_processor(untrained_classifier: ClassifierCard) -> None:
    def items() -> Generator[Thread, None, None]:
        yield current_thread()

    classifier = NetworkClassifier.load(untrained_classifier, torch.device("cpu"))
    assert list(classifier.ahead(items())) == [current_thread()]
    fast = replace(classifier, runtime=OpenVinoRuntime())
    assert list(fast.ahead(items())) != [current_thread()]
