"""What many tests share: where real images are, and weights that cost no training."""

import csv
import gc
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from tests.weights_server import Server, serving

from napari_hemalens.config.networks import ClassifierRecipe, CropRecipe, NetworkRecipe
from napari_hemalens.models import weights, weights_folders
from napari_hemalens.models.cards import ClassifierCard, DetectorCard
from napari_hemalens.progress import finish
from napari_hemalens.records.tasks import task

ROOT = Path(__file__).parent.parent


_TAKES = {"slow": 8, "window": 3}
"""About how many seconds a test of that mark takes; others take next to none."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: one that began last would leave the other workers idle."""
    seconds: Counter[Path] = Counter()
    for item in items:
        seconds[item.path] += max((_TAKES.get(mark.name, 0) for mark in item.iter_markers()), default=0)
    items.sort(key=lambda item: -seconds[item.path])


@pytest.fixture(scope="session", autouse=True)
def _imports_are_no_garbage() -> Iterator[None]:
    """Search what is imported by now for garbage no more: each window that is closed begins such a search."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session")
def converted_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what OpenVINO reads: each network is converted once for all tests, none for the user."""
    return tmp_path_factory.mktemp("converted")


@pytest.fixture(autouse=True)
def installed_weights(
    tmp_path_factory: pytest.TempPathFactory, converted_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder of installed weights, empty: tests know none that the user of this machine installed."""
    monkeypatch.setattr(weights_folders, "cache_folder", lambda: converted_weights)
    folders = tmp_path_factory.mktemp("home")
    for variable, name in (("HEMALENS_WEIGHTS", "weights"), ("HEMALENS_CACHE", "cache")):
        (folders / name).mkdir()
        monkeypatch.setenv(variable, str(folders / name))
    return folders / "weights"


@pytest.fixture
def weights_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The files of the test on a web server, which Zenodo's records are looked up at, too."""
    with serving(tmp_path) as running:
        monkeypatch.setenv("HEMALENS_ZENODO", f"{running.address}/api/records")
        yield running


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images with labels, which is no part of the repository."""
    folder = Path(os.environ.get("HEMALENS_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real images: {folder} is not there (HEMALENS_DATA names another folder)")
    return folder


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The sample smears of the repository."""
    return ROOT / "sample_data"


def write_field(folder: Path, name: str, seed: int) -> list[dict[str, object]]:
    """Write sixteen nuclei, of which every second has a bright body at its side; return the rows of the table."""
    rng = np.random.default_rng(seed)
    image = rng.normal(900, 20, (320, 320))
    nuclei, small = np.zeros((320, 320), np.uint16), np.zeros((320, 320), np.uint16)
    y, x = np.mgrid[:320, :320]
    rows = []
    for number in range(1, 17):
        cy, cx = (40 + 80 * i + rng.integers(-5, 6) for i in divmod(number - 1, 4))
        nuclei[(y - cy) ** 2 + (x - cx) ** 2 < 14**2] = number
        has = number % 2
        if has:
            angle = rng.uniform(0, 2 * np.pi)
            my, mx = cy + 20 * np.sin(angle), cx + 20 * np.cos(angle)
            small[(y - my) ** 2 + (x - mx) ** 2 < 5**2] = number
            image[small == number] = 4000
        rows.append({"image": name, "nucleus": number, "has_micronucleus": has})
    image[nuclei > 0] = 6000
    for place, values in (("images", image.astype(np.uint16)), ("nuclei", nuclei), ("micronuclei", small)):
        (folder / place).mkdir(exist_ok=True)
        iio.imwrite(folder / place / f"{name}.tif", values)
    return rows


@pytest.fixture(scope="session")
def micronuclei(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four fields of nuclei with and without micronuclei to train on, and two to measure on."""
    folder = tmp_path_factory.mktemp("cells")
    for split, seeds in (("train", range(4)), ("val", range(4, 6))):
        rows = [row for seed in seeds for row in write_field(folder, f"{split}{seed}", seed)]
        with (folder / f"{split}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, rows[0].keys())
            table.writeheader()
            table.writerows(rows)
    return folder


@pytest.fixture(scope="session")
def c_nmc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four small cells of each of 28 subjects in the layout of C-NMC 2019: dark ones are blasts."""
    folder = tmp_path_factory.mktemp("c_nmc")
    y, x = np.mgrid[:120, :120]
    disc = np.hypot(y - 60, x - 60) < 40
    for i in range(14):
        for kind, name, shade in (("all", str(i), 80), ("hem", f"H{i}", 170)):
            place = folder / f"fold_{i % 3}" / kind
            place.mkdir(parents=True, exist_ok=True)
            for k in range(4):
                picture = np.where(disc[..., None], np.array([shade + 5 * k, 40, 140]), 0).astype(np.uint8)
                iio.imwrite(place / f"UID_{name}_{k}_1_{kind}.bmp", picture)
    return folder


@pytest.fixture(scope="session")
def all_fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of public images with ten small fields a class in `all_fields`, six cells each, shaded by class."""
    root, rng = tmp_path_factory.mktemp("public"), np.random.default_rng(0)
    y, x = np.mgrid[:128, :160]
    for shade, kind in enumerate(task("field").classes):
        (root / "all_fields" / kind).mkdir(parents=True)
        for k in range(10):
            rgb = np.full((128, 160, 3), (236, 228, 222)) + rng.normal(0, 2, (128, 160, 3))
            for cell in range(6):
                cy, cx = (28 + 50 * i + rng.integers(-4, 5) for i in divmod(cell, 3))
                rgb[np.hypot(y - cy, x - cx) < 13] = (90 + 15 * shade, 45 + 10 * shade, 130)
            path = root / "all_fields" / kind / f"{k:02d}.jpg"
            iio.imwrite(path, rgb.clip(0, 255).astype(np.uint8), quality=95)
    return root


@pytest.fixture(scope="session")
def field_sets(all_fields: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `hemalens prepare field` makes of them: `fields` and `cells`."""
    from napari_hemalens.training.cell_sets import prepare_steps

    out = tmp_path_factory.mktemp("prepared")
    finish(prepare_steps("field", all_fields, out))
    return out


@pytest.fixture
def untrained(tmp_path: Path) -> DetectorCard:
    """Untrained weights of three classes, in a folder of their own."""
    return write_untrained_detector(tmp_path)


def write_untrained_detector(folder: Path) -> DetectorCard:
    """Write weights of chance for three classes."""
    import torch

    from napari_hemalens.models.detectors import build_detector
    from napari_hemalens.models.storage import save_network

    network = NetworkRecipe(size="laptop")
    torch.manual_seed(0)
    file = folder / "untrained.safetensors"
    save_network(build_detector(network, 3), file)
    card = DetectorCard(
        name="untrained",
        description="Untrained",
        network=network,
        classes=("lymphocyte", "erythrocyte", "platelet"),
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
        score_threshold=0.05,
        metrics={},
        data="",
        licence="",
        training={},
        sha256=weights.sha256(file),
    )
    file.with_suffix(".json").write_text(card.model_dump_json(), encoding="utf-8")
    return weights.detector_card(file)


@pytest.fixture(scope="session")
def attentive(tmp_path_factory: pytest.TempPathFactory) -> DetectorCard:
    """What the packed detector knows, with agents that know nothing, in a folder of its own."""
    import torch

    from napari_hemalens.models.detectors import build_detector
    from napari_hemalens.models.storage import save_network, start_from

    packed = weights.detector_card("marrow-lite")
    network = packed.network.model_copy(update={"network": "faster_rcnn_attention"})
    torch.manual_seed(0)
    detector = build_detector(network, len(packed.classes))
    start_from(detector, packed, network, packed.classes)
    file = tmp_path_factory.mktemp("attentive") / "attentive.safetensors"
    save_network(detector, file)
    card = packed.model_copy(update={"name": "attentive", "network": network, "sha256": weights.sha256(file)})
    file.with_suffix(".json").write_text(card.model_dump_json(), encoding="utf-8")
    return weights.detector_card(file)


@pytest.fixture
def untrained_classifier(tmp_path: Path) -> ClassifierCard:
    """Untrained weights for the task micronucleus, in a folder of their own."""
    crop = CropRecipe(side=64, light="fluorescence")
    return write_untrained(tmp_path, "untrained-classifier", "micronucleus", network="resnet18", crop=crop)


@pytest.fixture
def untrained_of_fields(tmp_path: Path) -> ClassifierCard:
    """Untrained weights for whole fields."""
    crop = CropRecipe(side=64, width=1.0, unit="field", stain="reference")
    network = "residual_channel_attention"
    return write_untrained(tmp_path, "untrained-of-fields", "field", network=network, crop=crop)


BROADER = {"north": (), "east": ("neutrophil", "benign")}
"""Names of laboratories that say less than a class."""


@pytest.fixture(scope="session")
def cells_by_box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of the nucleated cells of two laboratories, at scales of their own: discs, each class in its colour.

    Each has two images to train on, one to choose by and one of the part val; east names neither bands nor segments.
    """
    from napari_hemalens.formats.cell_table import CellTable, write

    folder, rng, rows = tmp_path_factory.mktemp("cells_by_box"), np.random.default_rng(0), []
    classes = task("nucleated").classes
    y, x = np.mgrid[:240, :240]
    for laboratory, size in (("north", 0.4), ("east", 0.5)):
        names = [name for name in classes if laboratory == "north" or not name.endswith("_neutrophil")]
        names += BROADER[laboratory]
        for block, part in enumerate(("train", "train", "choose", "val")):
            rgb = np.full((240, 240, 3), 230) + rng.normal(0, 3, (240, 240, 3))
            for place, name in enumerate(names):
                cy, cx = (35 + 56 * i for i in divmod(place, 4))
                kind = classes.index(name) if name in classes else 5
                rgb[np.hypot(y - cy, x - cx) < 5 / size] = (40 + 60 * (kind % 3), 30 + 40 * (kind // 3), 150)
                half = 5 / size
                box = tuple(c + 0.5 + d for d in (-half, half) for c in (cy, cx))  # centre of a pixel
                rows.append((f"{laboratory}{block}.png", box, size, name, laboratory, f"{laboratory} {block}", part))
            iio.imwrite(folder / f"{laboratory}{block}.png", rgb.clip(0, 255).astype(np.uint8))
    images, boxes, sizes, *words = zip(*rows, strict=True)
    numbers = np.array(boxes, np.float32), np.array(sizes, np.float32)
    write(CellTable(np.array(images, object), *numbers, *map(np.array, words)), folder / "cells.csv")
    return folder


@pytest.fixture(scope="session")
def nucleated(tmp_path_factory: pytest.TempPathFactory) -> ClassifierCard:
    """Untrained weights that name nucleated cells, with a temperature and a novelty, in a folder of their own."""
    import torch

    from napari_hemalens.models.novelty import Novelty
    from napari_hemalens.models.storage import load_classifier, save_network

    crop, folder = CropRecipe(side=64, width=20.0, unit="um"), tmp_path_factory.mktemp("nucleated")
    card = write_untrained(folder, "nucleated", "nucleated", network="efficientnet_lite0", crop=crop)
    novelty = Novelty(torch.randn(1280), torch.randn(1280, 8) / 36, torch.randn(3, 8), far=2.5)
    save_network(load_classifier(card, torch.device("cpu")), card.file, beside=novelty.tensors())
    card = card.model_copy(update={"sha256": weights.sha256(card.file), "temperature": 1.5})
    card.file.with_suffix(".json").write_text(card.model_dump_json(), encoding="utf-8")
    return weights.classifier_card(card.file)


def write_untrained(folder: Path, name: str, task_name: str, *, network: str, crop: CropRecipe) -> ClassifierCard:
    """Write weights of chance for a task."""
    import torch

    from napari_hemalens.models.classifiers import build_classifier
    from napari_hemalens.models.storage import save_network

    asked, recipe = task(task_name), ClassifierRecipe(network=network, input_size=crop.side)
    torch.manual_seed(0)
    file = folder / f"{name}.safetensors"
    save_network(build_classifier(recipe, len(asked.classes)), file)
    card = ClassifierCard(
        name=name,
        description="Untrained",
        task=asked.name,
        classes=asked.classes,
        positive=asked.positive,
        network=recipe,
        crop=crop,
        metrics={},
        data="",
        licence="",
        training={},
        sha256=weights.sha256(file),
    )
    file.with_suffix(".json").write_text(card.model_dump_json(), encoding="utf-8")
    return weights.classifier_card(file)


@pytest.fixture(scope="session")
def two_fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rendered fields as a laboratory's own annotated images."""
    from napari_hemalens.progress import finish
    from napari_hemalens.rendering.dataset import render_fields_steps

    folder = tmp_path_factory.mktemp("two_fields")
    options = {"shape": (320, 320), "pixel_size_um": 0.15, "tissue": "marrow", "seed": 1}
    finish(render_fields_steps(folder, fields=2, **options))
    (folder / "val.json").write_bytes((folder / "train.json").read_bytes())
    return folder
