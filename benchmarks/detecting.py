"""One image, one network: HemaLens on torch and on OpenVINO, SAHI, and nothing but the forward passes.

    python benchmarks/detecting.py CONTENDER IMAGE WARM_UP WEIGHTS

is a lane of `race.py`: it loads the network, runs on the image WARM_UP, and then on IMAGE whenever it is asked to.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import napari_hemalens as hemalens
from bare import bare_detector
from lane import clock, serve
from napari_hemalens.config.options import BY_DETECTOR, DetectionRecipe, DeviceName, PrecisionName, RuntimeName
from napari_hemalens.inference import device
from napari_hemalens.inference.tile_runner import tiles_at_once
from napari_hemalens.models import weights
from napari_hemalens.models.detectors import COARSEST
from napari_hemalens.models.storage import preprocess_of
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.tiles import plan

Figures = dict[str, float]


def recipe_of(name: str) -> DetectionRecipe:
    """Return the options of a run in which a pixel of the image is one of the network."""
    size = weights.detector_card(name).pixel_size_um
    return DetectionRecipe(weights=name, pixel_size_um=size, naming=BY_DETECTOR)


class Network:
    """The bare eager network of some weights, and how it is run."""

    def __init__(self, name: str, where: DeviceName = "auto") -> None:
        self.card, self.recipe = weights.detector_card(name), recipe_of(name)
        self.device = device.choose(where)
        self.batch = tiles_at_once(self.device)
        self.detector = bare_detector(self.card, self.device)
        self.preprocess = preprocess_of(self.card)

    def prepared(self, tiles: list[NDArray[np.uint8]]) -> Tensor:
        """Return tiles (h, w, 3) as what the network takes: (N, 3, h, w)."""
        images = torch.from_numpy(np.stack(tiles)).permute(0, 3, 1, 2).to(self.device)
        return self.preprocess.normalised(images).contiguous(memory_format=torch.channels_last)

    def batches(self, image: Path) -> Iterator[Tensor]:
        """Yield the tiles of HemaLens in its batches, prepared."""
        with open_image(image) as slide:
            tiles = plan(slide.shape, tile=self.recipe.tile, overlap=self.recipe.overlap, align=COARSEST)
            for first in range(0, len(tiles), self.batch):
                yield self.prepared([slide.read(t.y0, t.x0, t.y1, t.x1) for t in tiles[first : first + self.batch]])

    def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
        """Return the cells of each image, once they are there."""
        with torch.inference_mode():
            outputs = self.detector(images)
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return outputs


def ours(name: str, runtime: RuntimeName, precision: PrecisionName = "single") -> Callable[[Path], Figures]:
    """HemaLens, from the file to the cells."""
    recipe = recipe_of(name).model_copy(update={"runtime": runtime, "precision": precision})

    def run(image: Path) -> Figures:
        return {"cells": len(hemalens.detect(image, recipe))}

    return run


def bare(name: str) -> Callable[[Path], Figures]:
    """Nothing but the forward passes, over the tiles of HemaLens in its batches; reading them is not timed."""
    network = Network(name)

    def run(image: Path) -> Figures:
        seconds, tiles = 0.0, 0
        for images in network.batches(image):
            start = clock()
            network.forward(images)
            seconds += clock() - start
            tiles += len(images)
        return {"seconds": seconds, "tiles": tiles}

    return run


def sahi(weights_name: str) -> Callable[[Path], Figures]:
    """SAHI's sliced prediction with the same tiles, batches, threshold and suppression."""
    from sahi.models.base import DetectionModel  # noqa: PLC0415 -- its memory is no other contender's
    from sahi.predict import get_sliced_prediction  # noqa: PLC0415
    from sahi.prediction import ObjectPrediction  # noqa: PLC0415

    network = Network(weights_name)
    names, recipe = network.card.classes, network.recipe

    class Model(DetectionModel):
        """The network behind SAHI's interface."""

        def load_model(self) -> None:
            self.model = network

        def perform_batch_inference(self, images: list[NDArray[np.uint8]]) -> None:
            self._original_predictions = network.forward(network.prepared(images))

        def _create_object_prediction_list_from_original_predictions(
            self, shift_amount_list: list[list[int]], full_shape_list: list[list[int]]
        ) -> None:
            triples = zip(self._original_predictions, shift_amount_list, full_shape_list, strict=True)
            self._object_prediction_list_per_image = [self._cells(*triple) for triple in triples]

        def _cells(self, output: dict[str, Tensor], shift: list[int], shape: list[int]) -> list[ObjectPrediction]:
            keep = output["scores"] >= self.confidence_threshold
            columns = (output[key][keep].tolist() for key in ("boxes", "labels", "scores"))
            return [
                ObjectPrediction(
                    bbox=box,
                    category_id=label - 1,
                    category_name=names[label - 1],
                    score=score,
                    shift_amount=shift,
                    full_shape=shape,
                )
                for box, label, score in zip(*columns, strict=True)
            ]

    model = Model(confidence_threshold=network.card.score_threshold, device=str(network.device))

    def run(image: Path) -> Figures:
        found = get_sliced_prediction(
            str(image),
            model,
            slice_height=recipe.tile,
            slice_width=recipe.tile,
            overlap_height_ratio=recipe.overlap / recipe.tile,
            overlap_width_ratio=recipe.overlap / recipe.tile,
            perform_standard_pred=False,
            postprocess_type="NMS",
            postprocess_match_metric="IOU",
            postprocess_match_threshold=recipe.nms_iou,
            postprocess_class_agnostic=False,
            batch_size=network.batch,
            verbose=0,
        )
        return {"cells": len(found.object_prediction_list)}

    return run


CONTENDERS = {
    "bare": bare,
    "torch": partial(ours, runtime="torch"),
    "openvino": partial(ours, runtime="openvino"),
    "openvino half": partial(ours, runtime="openvino", precision="half"),
    "openvino int8": partial(ours, runtime="openvino", precision="int8"),
    "sahi": sahi,
}


def main() -> None:
    """Warm up, then run when asked."""
    name, image, warmup, weights_name = sys.argv[1:]
    run = CONTENDERS[name](weights_name)
    serve(lambda: run(Path(image)), lambda: run(Path(warmup)))


if __name__ == "__main__":
    main()
