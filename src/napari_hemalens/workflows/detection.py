"""Cells of images: found, counted, written."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.formats import FORMATS, check_formats, export
from napari_hemalens.models import weights
from napari_hemalens.progress import Steps, finish, stage
from napari_hemalens.records.box_attention import BoxAttention
from napari_hemalens.records.detections import Detections, pooled_differential
from napari_hemalens.reports.detections import FAILED, write_counts, write_differential, write_failed, write_run
from napari_hemalens.slides.colours import choose_colours
from napari_hemalens.slides.region import Region
from napari_hemalens.workflows.images import Frame, as_slide


@overload
def detect(
    image: Any,
    recipe: DetectionRecipe | None = None,
    *,
    region: Region | None = None,
    axes: str | None = None,
    frame: Frame = (),
    return_attention: Literal[False] = False,
    **options: Any,
) -> Detections: ...


@overload
def detect(
    image: Any,
    recipe: DetectionRecipe | None = None,
    *,
    region: Region | None = None,
    axes: str | None = None,
    frame: Frame = (),
    return_attention: Literal[True],
    **options: Any,
) -> tuple[Detections, BoxAttention]: ...


def detect(  # noqa: PLR0913 -- public: options that scripts give by name
    image: Any,
    recipe: DetectionRecipe | None = None,
    *,
    region: Region | None = None,
    axes: str | None = None,
    frame: Frame = (),
    return_attention: bool = False,
    **options: Any,
) -> Detections | tuple[Detections, BoxAttention]:
    """Find the cells of an image or a whole slide.

    Parameters
    ----------
    image : path, array or Slide
        A file, anything array-like (numpy, dask, zarr; a list of them is a pyramid), or a slide
        that is already open.
    recipe : DetectionRecipe, optional
        How; or give its options as keywords: `detect(image, score_threshold=0.6, pixel_size_um=0.11)`.
    region : (int, int, int, int), optional
        y0, x0, y1, x1 in level-0 pixels; all of the image by default.
    axes : str, optional
        Axes of an array, such as 'YXC' or 'TYXC', where its shape does not tell.
    frame : str, sequence of int or mapping, optional
        Which frame of an image with several: 'T=2,Z=5', or numbers in the order of its axes; by default that of the
        recipe.
    return_attention : bool
        Return also where the network looked at each cell; only `faster_rcnn_attention` has such attention.
    **options
        Options of `DetectionRecipe`, on top of `recipe`.

    Returns
    -------
    Detections
        Cells from the score threshold on, best first; with `return_attention` a pair of them and their `BoxAttention`.

    Raises
    ------
    HemaLensError
        If the image cannot be read, or an option, the weights or the device are not there.

    Examples
    --------
    >>> import napari_hemalens
    >>> cells = napari_hemalens.detect("smear.tif")  # doctest: +SKIP
    >>> print(napari_hemalens.differential_text(cells.differential()))  # doctest: +SKIP
    """
    chosen = (recipe or DetectionRecipe()).model_dump() | options
    asked = DetectionRecipe.from_options(**chosen)
    slide = as_slide(image, axes=axes, frame=frame or asked.frame or ())
    if return_attention:
        return finish(detect_and_attend_steps(slide, asked, region=region))
    return finish(detect_steps(slide, asked, region=region))


def detect_steps(image: Any, recipe: DetectionRecipe, *, region: Region | None = None) -> Steps[Detections]:
    """Find the cells of an image or a whole slide, and name the nucleated ones.

    Yields `Progress`, now and then with the cells found so far as `partial`.
    """
    from napari_hemalens.inference import device  # noqa: PLC0415 -- loads torch
    from napari_hemalens.inference.cell_finder import CellFinder, origin_steps  # noqa: PLC0415
    from napari_hemalens.inference.image_check import with_notes  # noqa: PLC0415
    from napari_hemalens.inference.scale import estimating_share  # noqa: PLC0415

    slide = choose_colours(as_slide(image, frame=recipe.frame or ()), recipe.channel)
    card = weights.detector_card(recipe.weights)
    finder = yield from CellFinder.load_steps(card, recipe, device.choose(recipe.device))
    before = estimating_share(slide, recipe, region)
    provenance = yield from stage(origin_steps(finder, slide, recipe), 0, before)
    finding = finder.find_steps(slide, recipe, provenance=provenance, region=region)
    found = yield from stage(finding, before, 1)
    return with_notes(slide, found, card, region)


def detect_and_attend_steps(
    image: Any, recipe: DetectionRecipe, *, region: Region | None = None
) -> Steps[tuple[Detections, BoxAttention]]:
    """Find cells, and where the network looks when it judges the box of each; yields `Progress`.

    Raises
    ------
    WeightsError
        If the weights are of a network without attention; before anything is looked for.
    """
    from napari_hemalens.inference import device  # noqa: PLC0415 -- loads torch
    from napari_hemalens.inference.box_attention import attend_steps  # noqa: PLC0415
    from napari_hemalens.models.detector_protocol import NetworkDetector  # noqa: PLC0415
    from napari_hemalens.models.storage import load_detector  # noqa: PLC0415

    slide = choose_colours(as_slide(image, frame=recipe.frame or ()), recipe.channel)
    weights.explainable_card(recipe.weights)
    card = weights.detector_card(recipe.weights)
    cells = yield from detect_steps(slide, recipe, region=region)
    detector = NetworkDetector(load_detector(card, device.choose(recipe.device)), card)
    size = cells.provenance.pixel_size_um or card.pixel_size_um
    return cells, (yield from attend_steps(slide, cells.boxes, detector, pixel_size_um=size, recipe=recipe))


def write_results(
    fields: Sequence[Detections],
    recipe: DetectionRecipe,
    out: Path,
    *,
    formats: Sequence[str] = ("csv", "coco"),
    failed: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """Write `counts.csv`, `differential.csv`, `run.json` and the cells in the formats asked for; return the files.

    Images that `failed`, with the reason of each, stand in `run.json` and in `failed.csv`.
    """
    written = [*write_tables(fields, recipe, out, formats=formats), out / "run.json"]
    write_run(fields, recipe.model_dump(mode="json"), written[-1], failed=failed)
    if failed:
        write_failed(failed, out / FAILED)
        written.append(out / FAILED)
    return tuple(written)


def files_of_results(formats: Sequence[str]) -> tuple[str, ...]:
    """Return the files and folders that `write_results` writes."""
    tables = ("counts.csv", "differential.csv", "run.json", FAILED)
    return (*(FORMATS[name].target for name in check_formats(formats)), *tables)


def write_tables(
    fields: Sequence[Detections], recipe: DetectionRecipe, out: Path, *, formats: Sequence[str]
) -> tuple[Path, ...]:
    """Write what `write_results` does, but for `run.json`."""
    written = export(fields, out, formats)
    write_counts(fields, out / "counts.csv", tissue=recipe.tissue, unsure=recipe.unsure)
    pooled = pooled_differential(fields, tissue=recipe.tissue, unsure=recipe.unsure)
    write_differential(pooled, out / "differential.csv")
    return (*written, out / "counts.csv", out / "differential.csv")
