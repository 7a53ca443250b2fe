"""Packages of the BioImage Model Zoo: a network as ONNX, what it is given and answers, and our own file beside them.

https://bioimage.io, specification 0.5. `bioimageio.core` validates a package and runs it by its test tensors.
"""

import gc
import shutil
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens._version import __version__
from napari_hemalens.atomic import writing
from napari_hemalens.errors import WeightsError
from napari_hemalens.formats.decoding import decoding
from napari_hemalens.models.cards import AnyCard, DetectorCard
from napari_hemalens.models.portable import OPSET
from napari_hemalens.models.portable_use import channel_names, directions

_HOME = "https://github.com/hemalens/napari-hemalens"
_MOST_BYTES = 500_000_000  # of a file in a package: what unpacks to more is no network of ours
_BOX = ("x0", "y0", "x1", "y1")


def write_package(card: AnyCard, onnx: Path, tensors: Mapping[str, NDArray[Any]], file: Path) -> None:
    """Write a package; it appears once `bioimageio.core` has validated it and run it.

    Parameters
    ----------
    card : ModelCard
        Of the weights.
    onnx : Path
        The network, as `portable.write_onnx` writes it.
    tensors : mapping of str to array
        What the network is given, first, and what it answers, by name.
    file : Path
        The `.zip`.

    Raises
    ------
    WeightsError
        If the package does not pass the test.
    ModuleNotFoundError
        If bioimageio.core is not installed.
    """
    from bioimageio.core import test_model  # noqa: PLC0415 -- an extra
    from bioimageio.spec import save_bioimageio_package  # noqa: PLC0415

    with TemporaryDirectory(prefix="hemalens-") as temporary:
        folder = Path(temporary)
        shutil.copyfile(onnx, folder / "network.onnx")
        for name, values in tensors.items():
            np.save(folder / f"{name}.npy", values)
        (folder / "README.md").write_text(_document(card), encoding="utf-8")
        shutil.copyfile(card.file, folder / card.file.name)
        shutil.copyfile(card.file.with_suffix(".json"), folder / f"{card.name}.json")
        with writing(file) as whole, _closing_files():
            save_bioimageio_package(_describe(card, folder, tensors), output_path=whole)
            said = test_model(whole)
            if said.status != "passed":
                wrong = [str(error.msg) for detail in said.details for error in detail.errors]
                raise WeightsError(f"The package of {card.name} did not pass its test: {'; '.join(wrong)}.")


@contextmanager
def _closing_files() -> Iterator[None]:
    """Have the files closed that bioimageio.spec leaves open, or Windows would not delete them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            yield
        finally:
            gc.collect()


def unpack(package: Path, folder: Path) -> None:
    """Copy the weights and the model card of a package that `write_package` wrote into a folder.

    Raises
    ------
    WeightsError
        If it is no package, or one of another program, which holds no model card of ours.
    """
    with decoding(f"{package} cannot be unpacked", WeightsError), zipfile.ZipFile(package) as opened:
        inside = {Path(info.filename).name: info for info in opened.infolist() if not info.is_dir()}
        tensors = [name for name in inside if name.endswith(".safetensors")]
        pairs = [(name, f"{Path(name).stem}.json") for name in tensors if f"{Path(name).stem}.json" in inside]
        if len(pairs) != 1:
            raise WeightsError(
                f"{package} holds no weights of HemaLens (a .safetensors file with its model card): networks of "
                "other programs cannot be run here."
            )
        for name in pairs[0]:
            if inside[name].file_size > _MOST_BYTES:
                raise WeightsError(f"{name} in {package} unpacks to {inside[name].file_size:,} bytes: too many.")
            with opened.open(inside[name]) as packed, (folder / name).open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)


def _describe(card: AnyCard, folder: Path, tensors: Mapping[str, NDArray[Any]]) -> Any:
    from bioimageio.spec.model import v0_5 as spec  # noqa: PLC0415 -- an extra

    given, *answers = tensors
    onnx = spec.OnnxWeightsDescr(source=folder / "network.onnx", opset_version=OPSET)
    beside = [folder / card.file.name, folder / f"{card.name}.json"]
    return spec.ModelDescr(
        name=card.name,
        description=card.description[:1024],
        authors=[spec.Author(name="The HemaLens developers")],
        cite=[spec.CiteEntry(text="HemaLens, napari-hemalens", url=_HOME)],
        license="BSD-3-Clause",
        git_repo=_HOME,
        documentation=spec.FileDescr(source=folder / "README.md"),
        attachments=[spec.FileDescr(source=file) for file in beside],
        tags=["haematology", "cell", "detection" if isinstance(card, DetectorCard) else "classification", card.task],
        inputs=[_input(card, given, folder)],
        outputs=[_output(card, name, folder) for name in answers],
        weights=spec.WeightsDescr(onnx=onnx),
    )


def _input(card: AnyCard, name: str, folder: Path) -> Any:
    from bioimageio.spec.model import v0_5 as spec  # noqa: PLC0415 -- an extra

    shape = np.load(folder / f"{name}.npy", mmap_mode="r").shape
    one = isinstance(card, DetectorCard)
    size = {"unit": "micrometer", "scale": card.pixel_size_um} if isinstance(card, DetectorCard) else {}
    return spec.InputTensorDescr(
        id=name,
        description="0-255: a tile at the pixel size of the network" if one else "0-255: crops of one cell each",
        axes=[
            spec.BatchAxis(size=1) if one else spec.BatchAxis(),
            spec.ChannelAxis(channel_names=list(channel_names(card))),
            spec.SpaceInputAxis(id="y", size=shape[2], **size),
            spec.SpaceInputAxis(id="x", size=shape[3], **size),
        ],
        data=spec.IntervalOrRatioDataDescr(type="float32", range=(0, 255)),
        test_tensor=spec.FileDescr(source=folder / f"{name}.npy"),
    )


def _output(card: AnyCard, name: str, folder: Path) -> Any:
    from bioimageio.spec.model import v0_5 as spec  # noqa: PLC0415 -- an extra

    cells = spec.IndexOutputAxis(size=spec.DataDependentSize())
    unit = spec.IntervalOrRatioDataDescr(type="float32", range=(0, 1))
    axes, data = {
        "boxes": ([cells, spec.ChannelAxis(channel_names=list(_BOX))], spec.IntervalOrRatioDataDescr(type="float32")),
        "labels": ([cells], spec.IntervalOrRatioDataDescr(type="int64")),
        "scores": ([cells], unit),
        "probabilities": (
            [spec.BatchAxis(), spec.ChannelAxis(channel_names=list(card.classes))],
            unit,
        ),
    }[name]
    return spec.OutputTensorDescr(
        id=name,
        axes=axes,
        data=data,
        test_tensor=spec.FileDescr(source=folder / f"{name}.npy"),
    )


def _document(card: AnyCard) -> str:
    """Return what a person must know to use the network without HemaLens, as Markdown."""
    parts = [f"# {card.name}", card.description, f"Written by napari-hemalens {__version__} ({_HOME})."]
    parts += [f"Licence: {card.terms}", f"Data: {card.data}", "A research tool, not a diagnostic device.", "## Use"]
    parts += directions(card)
    parts += ["## Classes", "\n".join(f"{number}. {name}" for number, name in enumerate(card.classes, start=1))]
    return "\n\n".join(parts) + "\n"
