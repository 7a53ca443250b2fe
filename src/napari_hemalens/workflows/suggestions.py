"""Which cells of images to name next."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_hemalens._version import __version__
from napari_hemalens.atomic import writing
from napari_hemalens.config.active_learning import SuggestionRecipe
from napari_hemalens.config.options import ClassificationRecipe, SegmentationRecipe
from napari_hemalens.errors import AnnotationError, ImageError
from napari_hemalens.figures.contact_sheet import contact_sheet
from napari_hemalens.formats import suggestions as table
from napari_hemalens.formats.label_images import match_by_name, read_labels
from napari_hemalens.formats.naming import check_apart, file_stems, short_paths
from napari_hemalens.progress import Progress, Steps, counted, finish
from napari_hemalens.records.cell_map import CellMap
from napari_hemalens.records.notes import pooled_notes
from napari_hemalens.segmentation.files import write_labels
from napari_hemalens.segmentation.segment import segment_steps
from napari_hemalens.slides.channels import choose_channel
from napari_hemalens.slides.open import open_image
from napari_hemalens.slides.slide import Slide
from napari_hemalens.workflows.cell_scale import looked_at_steps
from napari_hemalens.workflows.classification import cells_of, classifier_card, provenance_of

if TYPE_CHECKING:
    from napari_hemalens.active_learning.suggestions import LookedCells, Suggestions
    from napari_hemalens.inference.classifier import NetworkClassifier

_SIDE = 96  # pixels of a picture on the sheet


@dataclass(frozen=True, slots=True)
class GivenCells:
    """What is known of the cells of images.

    Attributes
    ----------
    labels : sequence of Path, optional
        Label images, matched to the images by name, else by order; None: the images are segmented.
    named : Path, optional
        Table of cells that have a name already, with columns `image` and `cell`, such as `suggestions.csv` with its
        column `class` filled in.
    """

    labels: Sequence[Path] | None = None
    named: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SuggestedCells:
    """What was suggested.

    Attributes
    ----------
    images : tuple of str
        Short names of the images that were read.
    chosen : Suggestions
        The cells.
    classes : tuple of str
        Of the weights.
    cells, named : int
        How many cells there are, and how many of them have a name.
    failed : mapping of str to str
        Images that could not be read, with the reason.
    notes : tuple of str
        What speaks against the choice, a sentence each.
    """

    images: tuple[str, ...]
    chosen: "Suggestions"
    classes: tuple[str, ...]
    cells: int
    named: int
    failed: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield a row of `formats.suggestions.COLUMNS` for each cell."""
        chosen = self.chosen
        for k in range(len(chosen)):
            y, x = (round(float(v), 1) for v in chosen.centres[k])
            score, margin = round(float(chosen.scores[k]), 4), round(float(chosen.margins[k]), 4)
            name = self.classes[int(chosen.classes[k])]
            yield k + 1, self.images[int(chosen.images[k])], int(chosen.ids[k]), y, x, name, score, margin, ""


def suggest_cells_steps(
    files: Sequence[Path],
    recipe: ClassificationRecipe,
    choice: SuggestionRecipe,
    out: Path,
    *,
    given: GivenCells = GivenCells(),
) -> Steps[SuggestedCells]:
    """Look at all cells of images, and write which to name next: `suggestions.csv`, `suggestions.png` and `run.json`.

    Yields after every image. An image that cannot be read, or whose labels are not of it, is reported, and the rest
    goes on. Labels of images that were segmented are written as `<stem>.labels.tif`.

    Parameters
    ----------
    files : sequence of Path
        The images.
    recipe : ClassificationRecipe
        Weights of any classifier of cells, device, channel, pixel size.
    choice : SuggestionRecipe
        Strategy and number.
    out : Path
        Folder for the results.
    given : GivenCells
        Label images, and which cells have a name.

    Raises
    ------
    HemaLensError
        Before the first image, if labels or named cells do not fit the images, weights are not there or name whole
        images, or the table of before has classes that a person filled in; after the last, if no cell is left to name.
    """
    from napari_hemalens.active_learning.suggestions import suggest  # noqa: PLC0415 -- loads torch
    from napari_hemalens.inference import classifier, device  # noqa: PLC0415

    check_apart(out, (*files, *(given.labels or ())))
    _check_not_filled_in(out / "suggestions.csv")
    card = classifier_card(recipe)
    if card.of_fields:
        raise AnnotationError(f"The weights {card.name} name whole images, not the cells of them: choose others.")
    labels = None if given.labels is None else match_by_name(files, given.labels)
    images = short_paths([str(file) for file in files])
    known = _known_cells(given.named, images)
    ready = yield from classifier.NetworkClassifier.load_steps(card, recipe, device.choose(recipe.device))
    search = _Search(files, recipe, out, labels, ready)
    for i, name in enumerate(images):
        try:
            search.looked[i] = search.look(i)
            _check_numbers(name, known.get(name, ()), search.looked[i])
            message = f"{name}: {counted(len(search.looked[i]), 'cell')}"
        except (ImageError, AnnotationError) as error:
            search.failed[name] = str(error)
            message = f"{name}: not read"
        yield Progress(i + 1, len(files), message)
    read = [i for i in search.looked if images[i] not in search.failed]
    looked, named = [search.looked[i] for i in read], [np.array(known.get(images[i], ()), np.int64) for i in read]
    chosen = suggest(looked, named, choice)
    found = SuggestedCells(
        images=tuple(images[i] for i in read),
        chosen=chosen,
        classes=card.classes,
        cells=sum(map(len, looked)),
        named=sum(len(np.unique(of)) for of in named),
        failed=search.failed,
        notes=pooled_notes([(images[i], search.notes[i]) for i in read]),
    )
    options = {
        "weights": card.name,
        "sha256": card.sha256,
        "licence": card.terms,
        **choice.model_dump(mode="json"),
        "recipe": recipe.model_dump(mode="json"),
        "files": [str(file) for file in files],
        "labels": None if given.labels is None else [str(label) for label in given.labels],
        "named_by": None if given.named is None else str(given.named),
        "pixel_sizes_um": {images[i]: search.sizes[i] for i in read},
    }
    _write(found, search.pictures(chosen, read), options, out)
    return found


def _check_not_filled_in(file: Path) -> None:
    """Keep the table of an earlier run that a person has filled in.

    Raises
    ------
    AnnotationError
        If it has.
    """
    if file.exists() and table.read_named(file):
        raise AnnotationError(f"{file} has classes that were filled in, and would be replaced: choose another folder.")


def _known_cells(path: Path | None, images: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """Return the named cells by image.

    Raises
    ------
    AnnotationError
        If one of them is of another image.
    """
    known = {} if path is None else table.read_named(path)
    for image in known:
        if image not in images:
            raise AnnotationError(f"{path} names cells of {image}, which is none of the images: {', '.join(images)}.")
    return known


def _check_numbers(name: str, known: Sequence[int], looked: "LookedCells") -> None:
    missing = np.setdiff1d(known, looked.ids)
    if len(missing):
        raise AnnotationError(f"{name} has no cell {missing[0]:.0f}, which is said to have a name.")


@dataclass(frozen=True, slots=True)
class _Search:
    """The images, and what was seen in those that could be read."""

    files: Sequence[Path]
    recipe: ClassificationRecipe
    out: Path
    labels: Sequence[Path] | None
    classifier: "NetworkClassifier"
    looked: dict[int, "LookedCells"] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    notes: dict[int, tuple[str, ...]] = field(default_factory=dict)
    sizes: dict[int, float | None] = field(default_factory=dict)

    def look(self, i: int) -> "LookedCells":
        """Return the cells of an image."""
        from napari_hemalens.active_learning.suggestions import look_steps  # noqa: PLC0415 -- loads torch

        with open_image(self.files[i], frame=self.recipe.frame or ()) as opened:
            slide = choose_channel(opened, self.recipe.channel)
            cells, card = CellMap.from_labels(self._labels(slide, i)), self.classifier.card
            provenance = provenance_of(slide, card, self.recipe)
            provenance = finish(looked_at_steps(slide, cells, card, provenance, device=self.recipe.device))
            self.notes[i], self.sizes[i] = provenance.notes, provenance.pixel_size_um
            return finish(look_steps(slide, cells, self.classifier, pixel_size_um=provenance.pixel_size_um))

    def _labels(self, slide: Slide, i: int) -> NDArray[np.int32]:
        if self.labels is not None:
            return cells_of(read_labels(self.labels[i]), slide.shape, relabel=self.recipe.relabel)
        segmentation = SegmentationRecipe(pixel_size_um=self.recipe.pixel_size_um, channel=self.recipe.channel)
        found = cells_of(finish(segment_steps(slide, segmentation)).labels, slide.shape, relabel=False)
        stem = file_stems([str(file) for file in self.files])[i]
        write_labels(found, self.out / f"{stem}.labels.tif", pixel_size_um=slide.pixel_size_um)
        return found

    def pictures(self, chosen: "Suggestions", read: Sequence[int]) -> NDArray[np.uint8]:
        """Return a picture (n, side, side, 3) of each chosen cell, as wide as the network saw it."""
        from napari_hemalens.inference.crops import cut  # noqa: PLC0415 -- loads torch

        pictures = np.zeros((len(chosen), _SIDE, _SIDE, 3), dtype=np.uint8)
        for place, i in enumerate(read):
            of = np.flatnonzero(chosen.images == place)
            if not len(of):
                continue
            half = self.looked[i].width / 2
            windows = np.concatenate([chosen.centres[of] + 0.5 - half, chosen.centres[of] + 0.5 + half], axis=1)
            with open_image(self.files[i], frame=self.recipe.frame or ()) as opened:
                slide = choose_channel(opened, self.recipe.channel)
                for which, pixels in cut(slide, windows, side=_SIDE):
                    pictures[of[which]] = pixels.permute(0, 2, 3, 1).numpy()
        return pictures


def _write(found: SuggestedCells, pictures: NDArray[np.uint8], options: Mapping[str, Any], out: Path) -> None:
    rows = list(found.rows())
    table.write(out / "suggestions.csv", rows)
    with writing(out / "suggestions.png") as file:
        contact_sheet(pictures, [f"{number} {name}" for number, _, _, _, _, name, *_ in rows]).save(file)
    counts: dict[str, Any] = {"images": found.images, "cells": found.cells, "named": found.named}
    counts |= {"failed": dict(found.failed), "notes": found.notes}
    with writing(out / "run.json") as file:
        text = json.dumps({"hemalens": __version__, **options, **counts}, indent=2, ensure_ascii=False)
        file.write_text(text + "\n", encoding="utf-8")
