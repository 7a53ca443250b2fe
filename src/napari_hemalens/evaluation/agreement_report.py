"""The agreement of observers as text, tables and a page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_hemalens._version import __version__
from napari_hemalens.atomic import writing
from napari_hemalens.evaluation.agreement import Agreement, PairAgreement, in_words, shown
from napari_hemalens.evaluation.kappa import IMAGES_NEEDED, Figure
from napari_hemalens.formats.tables import write_csv
from napari_hemalens.progress import counted
from napari_hemalens.reports.detections import RESEARCH_USE
from napari_hemalens.reports.filling import fill_template

FILES = ("agreement.html", "agreement.csv", "confusion.csv", "cells.csv")
"""What `write_agreement` writes."""

CAVEAT = (
    "The words are those of Landis and Koch (1977): below 0 poor, to 0.20 slight, to 0.40 fair, to 0.60 moderate, to "
    "0.80 substantial, above almost perfect; they called these bounds arbitrary. Kappa also depends on how common the "
    "classes are: where one prevails, it may be low although most cells have the same class (Feinstein and Cicchetti "
    "1990)."
)

_COLUMNS = (
    *("first", "second", "class", "measure", "value", "low", "high"),
    *("cells", "first_cells", "second_cells", "both"),
)


def agreement_text(found: Agreement) -> str:
    """Return the agreement as sentences for a terminal."""
    lines = []
    for pair in found.pairs:
        lines += [pair.sentence, *(f"  {line}" for line in _beside(pair))]
    lines += _together(found)
    return "\n".join([*lines, *found.paired.notes, CAVEAT, RESEARCH_USE])


def write_agreement(found: Agreement, out: str | Path) -> tuple[Path, ...]:
    """Write `FILES` into a folder: a page, the figures, classes against each other, and what was said of each cell."""
    place = Path(out)
    page, figures, confusion, cells = (place / name for name in FILES)
    with writing(page) as file:
        file.write_text(agreement_page(found), encoding="utf-8", errors="backslashreplace")
    write_csv(figures, _COLUMNS, _rows(found))
    write_csv(confusion, ("first", "second", "class_first", "class_second", "cells"), _confusion_rows(found))
    paired = found.paired
    columns = zip(
        paired.images.tolist(), paired.cells.tolist(), paired.there.tolist(), paired.classes.tolist(), strict=True
    )
    rows = (
        (image, cell, *(_said(name, there=there) for there, name in zip(seen, names, strict=True)))
        for image, cell, seen, names in columns
    )
    write_csv(cells, ("image", "cell", *paired.observers), rows)
    return page, figures, confusion, cells


def agreement_page(found: Agreement) -> str:
    """Return the agreement as a page of HTML that needs nothing beside itself."""
    return fill_template(
        "agreement.html",
        title=" and ".join(found.paired.observers),
        pairs=[_section(pair) for pair in found.pairs],
        together=_together(found),
        notes=found.paired.notes,
        method=_method(found),
        caveat=CAVEAT,
        version=__version__,
        use=RESEARCH_USE,
    )


def _section(pair: PairAgreement) -> dict[str, Any]:
    """Return what the page shows of two observers: as texts."""
    used = [k for k, name in enumerate(pair.names) if name in pair.classes]
    cells = pair.confusion[np.ix_(used, used)]
    shades = (100 * cells / max(1, int(cells.max(initial=0)))).round().astype(int).tolist()
    rows = [
        (pair.names[i], [(count, shade, k == at) for at, (count, shade) in enumerate(zip(*each, strict=True))])
        for k, (i, *each) in enumerate(zip(used, cells.tolist(), shades, strict=True))
    ]
    return {
        "observers": pair.observers,
        "sentence": pair.sentence,
        "beside": list(_beside(pair)),
        "classes": [
            (name, each.first, each.second, each.both, shown(each.kappa)) for name, each in pair.classes.items()
        ],
        "names": [pair.names[k] for k in used],
        "rows": rows,
    }


def _beside(pair: PairAgreement) -> Iterator[str]:
    """Yield what is said of two observers beside their kappa, a sentence each."""
    first, second = pair.observers
    if 0 < pair.small < pair.cells:
        have = "has" if pair.small == 1 else "have"
        left = pair.cells - pair.small
        yield f"Of these cells, {pair.small:,} {have} no nucleus to either of them; {left:,} are left."
    yield from pair.notes if pair.kappa.value is not None else pair.notes[1:]
    if pair.weighted is not None:
        words = "" if pair.weighted.value is None else f", {in_words(pair.weighted.value)} agreement"
        yield f"Weighted kappa of the classes in order: {shown(pair.weighted)}{words}."
    if any(pair.only):
        alone = counted(pair.only[0], "cell")
        yield f"Found by one alone, and in no kappa: {alone} by {first}, {pair.only[1]:,} by {second}."
    if pair.unnamed:
        yield f"Found by both, and not named by one of them: {counted(pair.unnamed, 'cell')}."


def _together(found: Agreement) -> list[str]:
    observers = len(found.paired.observers)
    if observers < 3:
        return []
    cells = counted(found.named_by_all, "cell")
    if found.together is None or found.together.value is None:
        return [f"All {observers} observers named {cells}, too few or too alike for Fleiss' kappa."]
    words = f"{in_words(found.together.value)} agreement"
    return [f"All {observers} observers: Fleiss' kappa {shown(found.together)} of {cells} that all named, {words}."]


def _method(found: Agreement) -> str:
    drawn = {pair.drawn for pair in found.pairs}
    units = "images are drawn where there are enough of them, else cells"
    if drawn == {"images"}:
        units = "whole images are drawn with their cells"
    elif drawn == {"cells"}:
        units = (
            f"single cells are drawn, since fewer than {IMAGES_NEEDED} images were read: cells of one image are more "
            "alike, and intervals may be too narrow"
        )
    weighted = f" Weights of the classes in order are {found.recipe.weights}." if found.recipe.order else ""
    return (
        "Cohen's kappa by scikit-learn; of a class, that of the class against all others. Intervals are 95 %, "
        f"percentiles of a bootstrap with {found.recipe.draws:,} draws, in which {units}. Boxes are one cell from an "
        f"IoU of {found.recipe.iou:g} on, whatever their classes.{weighted}"
    )


def _rows(found: Agreement) -> Iterator[tuple[Any, ...]]:
    for pair in found.pairs:
        overall = {"agreement": pair.agreement, "kappa": pair.kappa}
        if pair.weighted is not None:
            overall[f"weighted kappa ({found.recipe.weights})"] = pair.weighted
        for measure, figure in overall.items():
            yield (*pair.observers, "", measure, *_rounded(figure), pair.cells, None, None, None)
        for name, each in pair.classes.items():
            counts = (pair.cells, each.first, each.second, each.both)
            yield (*pair.observers, name, "kappa", *_rounded(each.kappa), *counts)
        for observer, number in zip(pair.observers, pair.only, strict=True):
            yield (*pair.observers, "", f"found by {observer} alone", number, *(None,) * 6)
    if found.together is not None:
        figure = found.together
        everyone = ("all", "all", "", "Fleiss' kappa", *_rounded(figure), found.named_by_all)
        yield (*everyone, None, None, None)


def _rounded(figure: Figure) -> tuple[float | None, ...]:
    return tuple(None if each is None else round(each, 4) for each in (figure.value, figure.low, figure.high))


def _confusion_rows(found: Agreement) -> Iterator[tuple[Any, ...]]:
    for pair in found.pairs:
        for i, j in zip(*pair.confusion.nonzero(), strict=True):
            yield (*pair.observers, pair.names[i], pair.names[j], int(pair.confusion[i, j]))


def _said(name: str, *, there: bool) -> str:
    """Return what a table has of a cell: its class, '?' where it was not named, nothing where it was not found."""
    return name or ("?" if there else "")
