import hashlib
import io
import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Shapes
from napari.utils.colormaps.standardize_color import transform_color

from napari_hemalens.errors import HemaLensError
from napari_hemalens.formats import coco, named_cells
from napari_hemalens.gui import sample_data
from napari_hemalens.gui.cell_layers import common_placement, holds_cells
from napari_hemalens.gui.layers import detections_from_layer
from napari_hemalens.records.palette import colour_of

PACKED = Path(__file__).parents[2] / "sample_data"


class Server:
    """A web server of this test: what it holds, what it was asked for, and how much of a file it sends."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.share = 1.0
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self.address = f"http://127.0.0.1:{self.http.server_port}"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, server: Server, *args: object) -> None:
        self.held = server
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.held.asked.append(self.path)
        content = self.held.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: int(len(content) * self.held.share)])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEMALENS_CACHE", str(tmp_path / "cache"))
    logging.getLogger("pooch").setLevel(logging.ERROR)
    return tmp_path / "cache"


@pytest.fixture
def server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HEMALENS_SAMPLES_URL", server.address)
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


@pytest.fixture
def publish(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], None]:
    """Put a file on the server in place of the public one that ends in `name`."""

    def put(name: str, content: bytes) -> None:
        (path,) = (path for path in sample_data.SHA256 if path.endswith(name))
        server.files[f"/{path}"] = content
        monkeypatch.setitem(sample_data.SHA256, path, hashlib.sha256(content).hexdigest())

    return put


def encoded(image: np.ndarray, suffix: str) -> bytes:
    buffer = io.BytesIO()
    if suffix == ".tif":
        tifffile.imwrite(buffer, image)
    else:
        iio.imwrite(buffer, image, extension=suffix)
    return buffer.getvalue()


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def smear(publish: Callable[[str, bytes], None]) -> np.ndarray:
    image = np.full((24, 32, 3), 200, np.uint8)
    publish("BloodImage_00007.jpg", encoded(image, ".jpg"))
    return image


@pytest.fixture
def viewer(npe2pm) -> Iterator[ViewerModel]:
    """A viewer without a window that knows this plugin, and no other."""
    with npe2pm.tmp_plugin(package="napari-hemalens"):
        yield ViewerModel()


@pytest.mark.parametrize(("key", "shape"), [("marrow_smear", (1920, 2560)), ("blood_smear", (1200, 1600))])
def test_rendered_samples_open_from_the_menu_with_their_truth_hidden(
    key: str, shape: tuple[int, int], viewer: ViewerModel
) -> None:
    image, truth = viewer.open_sample("napari-hemalens", key)
    assert isinstance(image, Image)
    assert (image.rgb, image.data.shape[:2]) == (True, shape)
    assert isinstance(truth, Shapes)
    assert not truth.visible
    assert truth.name == f"{image.name} truth"
    for layer in (image, truth):
        assert layer.scale.tolist() == [0.15, 0.15]
        assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]


def test_the_truth_of_a_sample_is_that_of_the_file_coloured_by_class() -> None:
    layer = Layer.create(*sample_data.blood_smear()[1])
    _, expected = coco.read(PACKED / "truth.json")
    truth = detections_from_layer(layer)
    assert truth.counts() == expected.counts()
    np.testing.assert_allclose(truth.boxes, expected.boxes)
    assert truth.provenance.pixel_size_um == pytest.approx(0.15)
    for name, colour in zip(truth.class_names[:20], layer.edge_color, strict=False):
        np.testing.assert_allclose(colour, transform_color(colour_of(str(name)))[0], atol=1e-6)


@pytest.mark.parametrize(
    ("key", "folder", "stem", "tables"),
    [
        ("assay_fluorescence", "micronucleus_assay", "fluorescence", {"nuclei": "truth", "cells": "cells"}),
        ("assay_giemsa", "micronucleus_assay", "giemsa", {"nuclei": "truth", "cells": "cells"}),
        ("lymphoblasts", "lymphoblasts", "smear", {"cells": "truth"}),
    ],
)
def test_rendered_cells_open_as_labels_whose_features_tell_their_class(
    key: str, folder: str, stem: str, tables: dict[str, str], viewer: ViewerModel
) -> None:
    image, *labels = viewer.open_sample("napari-hemalens", key)
    assert isinstance(image, Image)
    assert image.rgb == (stem != "fluorescence")
    for name, table in tables.items():
        layer = viewer.layers[name]
        assert isinstance(layer, Labels)
        assert layer.visible
        named = {field.image.stem: field for field in named_cells.read(PACKED / folder, split=table)}[stem]
        np.testing.assert_array_equal(layer.data, named.label_image())
        assert layer.features["index"].tolist() == named.ids.tolist()
        assert layer.features["class"].tolist() == named.class_names.tolist()
    for layer in labels:
        assert layer.data.shape == image.data.shape[:2]
        assert layer.scale.tolist() == image.scale.tolist()
        assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]


@pytest.mark.parametrize("key", ["assay_fluorescence", "assay_giemsa"])
def test_micronuclei_of_the_assay_are_a_hidden_layer_by_nucleus_number(key: str, viewer: ViewerModel) -> None:
    viewer.open_sample("napari-hemalens", key)
    truth, nuclei = viewer.layers["micronuclei truth"], viewer.layers["nuclei"]
    assert not truth.visible
    affected = nuclei.features["class"] == "micronucleus"
    assert {*nuclei.features["index"][affected]} == {*np.unique(truth.data).tolist()} - {0, 65535}


@pytest.mark.parametrize(
    ("key", "name"), [("assay_fluorescence", "nuclei"), ("assay_giemsa", "nuclei"), ("lymphoblasts", "cells")]
)
def test_what_the_dock_offers_first_is_what_the_weights_classify(key: str, name: str, viewer: ViewerModel) -> None:
    image, *_ = viewer.open_sample("napari-hemalens", key)
    offered = [layer for layer in viewer.layers if holds_cells(layer)]
    assert offered[0].name == name
    assert common_placement(image, offered[0])["scale"].tolist() == image.scale.tolist()


def test_samples_of_a_wheel_are_taken_before_those_of_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "sample_data"
    wheel.mkdir()
    monkeypatch.setattr(sample_data, "_FOLDERS", (wheel, PACKED))
    assert sample_data.blood_smear()[0][0].shape == (1200, 1600, 3)  # the wheel has none
    tifffile.imwrite(
        wheel / "blood_smear.tif",
        np.zeros((40, 50, 3), np.uint8),
        photometric="rgb",
        resolution=(50_000, 50_000),
        resolutionunit="CENTIMETER",
    )
    (wheel / "truth.json").write_bytes((PACKED / "truth.json").read_bytes())
    assert sample_data.blood_smear()[0][0].shape == (40, 50, 3)


def test_a_missing_sample_is_named_with_the_folders_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_data, "_FOLDERS", (tmp_path,))
    with pytest.raises(HemaLensError, match=r"marrow_smear\.tif is not installed; looked in /"):
        sample_data.marrow_smear()


def test_a_downloaded_smear_opens_with_its_estimated_pixel_size(smear: np.ndarray) -> None:
    (layer,) = (Layer.create(*data) for data in sample_data.bccd_smear())
    assert isinstance(layer, Image)
    assert layer.rgb
    assert layer.scale.tolist() == [0.07, 0.07]
    assert abs(layer.data.astype(int) - smear).max() < 3


def test_a_file_is_downloaded_once(server: Server, smear: np.ndarray, cache: Path) -> None:
    for _ in range(2):
        sample_data.bccd_smear()
    assert len(server.asked) == 1
    assert files_in(cache) == ["BloodImage_00007.jpg"]


def test_a_downloaded_field_opens_with_nuclei_and_micronuclei_as_labels(
    publish: Callable[[str, bytes], None], viewer: ViewerModel
) -> None:
    image = np.arange(24 * 32, dtype=np.uint16).reshape(24, 32)
    nuclei = np.zeros((24, 32), np.uint8)
    nuclei[2:6, 2:6], nuclei[10:14, 10:14] = 1, 2
    small = np.zeros((24, 32, 4), np.uint8)
    small[..., 3] = 255
    small[7, 7], small[20, 20] = (0, 0, 2, 255), (1, 0, 0, 255)
    publish("images/1.tif", encoded(image, ".tif"))
    publish("nucleus_masks/1.png", encoded(nuclei, ".png"))
    publish("mn_masks/1.png", encoded(small, ".png"))
    field, *masks = viewer.open_sample("napari-hemalens", "micronuclei")
    assert not field.rgb
    np.testing.assert_array_equal(field.data, image)
    assert all(isinstance(mask, Labels) for mask in masks)
    assert [mask.name for mask in masks] == ["nuclei", "micronuclei"]
    assert np.unique(masks[0].data).tolist() == [0, 1, 2]
    assert np.unique(masks[1].data).tolist() == [0, 2, 1 << 16]


def test_a_file_that_is_not_the_one_meant_is_refused_and_not_kept(
    server: Server, smear: np.ndarray, cache: Path
) -> None:
    (path,) = server.files
    server.files[path] += b"tampered with"
    with pytest.raises(HemaLensError, match="sent another file"):
        sample_data.bccd_smear()
    assert files_in(cache) == []


@pytest.mark.parametrize("trouble", ["offline", "missing", "broken off"])
def test_a_download_that_fails_says_so_in_a_sentence_and_keeps_nothing(
    trouble: str, server: Server, smear: np.ndarray, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if trouble == "offline":
        monkeypatch.setenv("HEMALENS_SAMPLES_URL", "http://127.0.0.1:9")
    elif trouble == "missing":
        server.files.clear()
    else:
        server.share = 0.5
    with pytest.raises(HemaLensError, match="Cannot fetch the sample from http://127"):
        sample_data.bccd_smear()
    assert files_in(cache) == []


def test_every_download_is_pinned_to_a_commit_and_a_hash() -> None:
    for path, sha256 in sample_data.SHA256.items():
        assert len(path.split("/")[2]) == 40
        assert len(sha256) == 64


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        pytest.param([[0, 3], [0, 7]], [[0, 3], [0, 7]], id="numbers are kept"),
        pytest.param([[5, 0], [0, 5]], [[1, 0], [0, 1]], id="one number: parts, diagonals touch"),
        pytest.param([[5, 0, 5]], [[1, 0, 2]], id="one number: parts that do not touch"),
        pytest.param([[0, 0]], [[0, 0]], id="nothing there"),
        pytest.param([[[0, 0, 0], [0, 1, 0], [0, 0, 9]]], [[0, 256, 9]], id="a colour is a number"),
        pytest.param([[[0, 0, 0, 255], [0, 0, 1, 255], [0, 0, 2, 0]]], [[0, 1, 2]], id="alpha is left out"),
    ],
)
def test_masks_become_instance_labels(mask: list, expected: list) -> None:
    labels = sample_data.as_labels(np.array(mask, np.uint8))
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, expected)
