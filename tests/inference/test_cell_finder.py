"""A detector finds cells, and a classifier names them, if there is one and its crops are such as boxes give."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from napari_hemalens import workflows
from napari_hemalens.config.networks import CropRecipe
from napari_hemalens.config.options import BY_DETECTOR, DetectionRecipe
from napari_hemalens.errors import DeviceError, WeightsError
from napari_hemalens.inference.cell_finder import CellFinder, naming_card
from napari_hemalens.inference.classifier import NetworkClassifier
from napari_hemalens.models import runtimes, weights
from napari_hemalens.models.cards import ClassifierCard, DetectorCard
from napari_hemalens.models.detector_protocol import NetworkDetector
from napari_hemalens.models.detectors import CellDetector
from napari_hemalens.models.runtimes import OpenVinoRuntime
from napari_hemalens.progress import Steps, finish
from napari_hemalens.records.detections import Detections, Provenance
from napari_hemalens.records.tasks import task
from napari_hemalens.slides.axes import from_array

CPU = torch.device("cpu")
RECIPE = DetectionRecipe(skip_background=False, device="cpu")


@pytest.fixture
def image() -> np.ndarray:
    """Two large dark squares, which the detector of blobs calls red cells, and a small one, a platelet."""
    image = np.full((300, 300, 3), 230, dtype=np.uint8)
    image[20:68, 20:68] = image[200:248, 100:148] = 60
    image[100:115, 200:215] = 60
    return image


@pytest.fixture
def of_leukocytes(card: DetectorCard) -> DetectorCard:
    """The same detector, whose large cells are lymphocytes."""
    return card.model_copy(update={"classes": ("erythrocyte", "lymphocyte", "platelet")})


def find(image: np.ndarray, finder: CellFinder, recipe: DetectionRecipe) -> Detections:
    origin = Provenance(pixel_size_um=0.15)
    return finish(finder.find_steps(from_array(image), recipe, provenance=origin))


def namer(nucleated: ClassifierCard) -> NetworkClassifier:
    return NetworkClassifier.load(nucleated, CPU)


def test_what_the_detector_finds_the_classifier_names(
    image: np.ndarray, finder: nn.Module, of_leukocytes: DetectorCard, nucleated: ClassifierCard
) -> None:
    detector = NetworkDetector(finder, of_leukocytes)
    plain = find(image, CellFinder(detector), RECIPE)
    cells = find(image, CellFinder(detector, namer(nucleated)), RECIPE)
    assert plain.counts() == {"lymphocyte": 2, "platelet": 1}
    assert plain.naming is None
    np.testing.assert_array_equal(cells.boxes, plain.boxes)
    assert cells.naming is not None
    assert cells.naming.asked.tolist() == (plain.class_names == "lymphocyte").tolist()
    assert cells.counts()["platelet"] == 1
    assert not np.isnan(cells.naming.novelty[cells.naming.asked]).any()
    assert cells.naming.tissue == "marrow"


def test_without_one_class_per_cell_every_likely_class_is_returned(
    image: np.ndarray, finder: nn.Module, of_leukocytes: DetectorCard, nucleated: ClassifierCard
) -> None:
    both = CellFinder(NetworkDetector(finder, of_leukocytes), namer(nucleated))
    offered = find(image, both, RECIPE.model_copy(update={"one_class_per_cell": False}))
    counted = find(image, both, RECIPE)
    assert len(offered) > len(counted) == 3
    for box, name in zip(counted.boxes, counted.class_names, strict=True):
        assert offered.class_names[(offered.boxes == box).all(axis=1)][0] == name


def test_a_cell_without_a_known_scale_is_cut_at_that_of_the_detector(
    image: np.ndarray, finder: nn.Module, of_leukocytes: DetectorCard, nucleated: ClassifierCard
) -> None:
    both = CellFinder(NetworkDetector(finder, of_leukocytes), namer(nucleated))
    unknown = finish(both.find_steps(from_array(image), RECIPE, provenance=Provenance()))
    known = find(image, both, RECIPE)
    assert unknown.naming is not None
    assert known.naming is not None
    np.testing.assert_allclose(unknown.naming.probabilities, known.naming.probabilities, atol=1e-5)


def test_the_recipe_names_the_classifier_before_the_card_does(card: DetectorCard, nucleated: ClassifierCard) -> None:
    with_namer = card.model_copy(update={"naming": str(nucleated.file)})
    assert naming_card(card, RECIPE) is None
    assert naming_card(with_namer, RECIPE) == nucleated
    assert naming_card(with_namer, RECIPE.model_copy(update={"naming": "none"})) is None
    assert naming_card(card, RECIPE.model_copy(update={"naming": str(nucleated.file)})) == nucleated


def test_the_recipe_says_in_how_many_ways_a_cell_is_seen(card: DetectorCard, nucleated: ClassifierCard) -> None:
    taught = card.model_copy(update={"naming": str(nucleated.file)})
    named = naming_card(taught, RECIPE.model_copy(update={"views": 4}))
    assert named is not None
    assert named.views == 4


@pytest.mark.parametrize("name", ["leukocyte-types", "all-eca", "micronucleus-attention", "field-rcan"])
def test_a_classifier_whose_crops_need_labels_is_refused(card: DetectorCard, name: str) -> None:
    with pytest.raises(WeightsError, match=f"{name} do not name detected cells, since their crops need labels"):
        naming_card(card, RECIPE.model_copy(update={"naming": name}))


@pytest.mark.parametrize("more", [{"stain": "reference"}, {"detail": 32}, {"light": "fluorescence"}])
def test_crops_that_hang_on_more_than_a_box_need_labels(
    card: DetectorCard, nucleated: ClassifierCard, tmp_path: Path, more: dict[str, object]
) -> None:
    crop = CropRecipe.from_options(**(nucleated.crop.model_dump() | more))
    file = tmp_path / "other.json"
    file.write_text(nucleated.model_copy(update={"crop": crop, "name": "other"}).model_dump_json(), encoding="utf-8")
    with pytest.raises(WeightsError, match="other do not name detected cells"):
        naming_card(card, RECIPE.model_copy(update={"naming": str(file)}))


def test_what_cannot_name_is_refused_before_anything_runs(
    image: np.ndarray, untrained: DetectorCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_hemalens.inference.cell_finder.load_detector", lambda *_: pytest.fail("it was loaded"))
    with pytest.raises(WeightsError, match="do not name detected cells"):
        workflows.detect(image, weights=str(untrained.file), naming="leukocyte-types", pixel_size_um=0.15)
    with pytest.raises(WeightsError, match="do not classify them"):
        workflows.detect(image, weights=str(untrained.file), naming=str(untrained.file), pixel_size_um=0.15)


def test_a_result_says_which_weights_named_its_cells(
    image: np.ndarray, untrained: DetectorCard, nucleated: ClassifierCard
) -> None:
    options = {"weights": str(untrained.file), "pixel_size_um": 0.15, "tile": 320, "device": "cpu"}
    named = workflows.detect(image, naming=str(nucleated.file), **options)
    assert named.provenance.naming == {"nucleated": nucleated.sha256}
    assert named.naming is not None
    assert set(task("nucleated").classes) <= set(named.recognised)
    assert workflows.detect(image, naming="none", **options).provenance.naming == {}


def test_a_finder_loads_both_networks_of_its_cards(untrained: DetectorCard, nucleated: ClassifierCard) -> None:
    card = untrained.model_copy(update={"naming": str(nucleated.file)})
    both = finish(CellFinder.load_steps(card, RECIPE.model_copy(update={"runtime": "torch"}), CPU))
    assert both.namer is not None
    assert both.namer.card == weights.classifier_card(nucleated.file)
    assert both.namer.novelty is not None
    assert both.detector.card == card


def test_auto_takes_torch_where_openvino_computes_other_numbers(
    untrained: DetectorCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other(OpenVinoRuntime):
        """An OpenVINO that disagrees with torch."""

        def detector_steps(self, network: CellDetector) -> Steps[CellDetector]:
            raise DeviceError("other numbers")

    monkeypatch.setattr(runtimes, "choose_runtime", lambda *_: Other())
    asked = RECIPE.model_copy(update={"naming": BY_DETECTOR})
    found = finish(CellFinder.load_steps(untrained, asked, CPU))
    assert found.runtime.versions == {"torch": torch.__version__}
    with pytest.raises(DeviceError, match="other numbers"):
        finish(CellFinder.load_steps(untrained, asked.model_copy(update={"runtime": "openvino"}), CPU))
