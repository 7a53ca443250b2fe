"""A comparison of groups as a page of HTML that needs nothing beside itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from napari_hemalens.records.palette import colour_of
from napari_hemalens.reports.detections import RESEARCH_USE
from napari_hemalens.reports.filling import fill_template
from napari_hemalens.reports.group_tables import p_text, ratio_text
from napari_hemalens.reports.groups import CellCount, GroupComparison


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of texts.

    Attributes
    ----------
    title, remark : str
        Above and below it.
    header : tuple of str
        The first column names rows.
    rows : tuple of tuple of str
        Its lines.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class ShareStrip:
    """The shares of one class: a line a group, a dot a patient.

    Attributes
    ----------
    title, colour, scale : str
        The class, its colour, and what the full width stands for.
    groups : tuple of (str, tuple of (float, str))
        Name of each group; of each patient the place in 0-100, and what is said of it.
    """

    title: str
    colour: str
    scale: str
    groups: tuple[tuple[str, tuple[tuple[float, str], ...]], ...]


def comparison_page(found: GroupComparison, title: str, about: Sequence[tuple[str, str]]) -> str:
    """Return a comparison as HTML; whatever a person or a file name says in it is text, never markup.

    Parameters
    ----------
    found : GroupComparison
        What is shown.
    title : str
        At the top.
    about : sequence of (str, str)
        What else is said of it, such as which run was compared.
    """
    tables = [*([comparison_table(found)] if found.tests else []), *share_tables(found)]
    return fill_template(
        "groups.html",
        title=title,
        about=about,
        doubts=(*filter(None, [found.refusal]), *found.notes),
        tables=tables,
        strips=_strips(found),
        use=RESEARCH_USE,
    )


def comparison_table(found: GroupComparison) -> TextTable:
    """Return the tests, a row a class."""
    first, second = found.compared or ("", "")
    rows = [
        (
            _in_words(test.class_name),
            *(f"{count:,} of {total:,}" for count, total in test.cells),
            ratio_text(test.odds_ratio),
            p_text(test.fisher_p),
            p_text(test.fisher_adjusted),
            *(f"{median:.1f} %" for median in test.medians),
            p_text(test.rank_p) + ("" if test.exact else " (approximate)"),
            p_text(test.rank_adjusted),
        )
        for test in found.tests
    ]
    cells = (f"{first}, cells", f"{second}, cells", "Odds ratio", "Fisher p", "adjusted")
    patients = (f"{first}, median", f"{second}, median", "Mann-Whitney p", "adjusted")
    return TextTable(f"{second} compared with {first}", ("Class", *cells, *patients), tuple(rows))


def share_tables(found: GroupComparison) -> tuple[TextTable, ...]:
    """Return the shares of each class that was found, in groups, patients and slides: a row each."""
    classes = [name for name in found.classes if any(slide.counts.get(name) for slide in found.slides)]
    remark = "Per cent of the cells counted, with 95 % interval (Wilson)."
    return (
        TextTable(
            "Groups",
            ("Group", "Patients", "Slides", "Cells", *map(_in_words, classes)),
            tuple(
                (g.name, f"{g.patients:,}", f"{g.slides:,}", f"{g.total:,}", *_shares(g, classes)) for g in found.groups
            ),
            remark,
        ),
        TextTable(
            "Patients",
            ("Patient", "Group", "Slides", "Cells", *map(_in_words, classes)),
            tuple((p.name, p.group, f"{p.slides:,}", f"{p.total:,}", *_shares(p, classes)) for p in found.patients),
            remark,
        ),
        TextTable(
            "Slides",
            ("Slide", "Patient", "Group", "Cells", *map(_in_words, classes)),
            tuple((s.name, s.patient, s.group, f"{s.total:,}", *_shares(s, classes)) for s in found.slides),
            remark,
        ),
    )


def _in_words(class_name: str) -> str:
    return class_name.replace("_", " ")


def _shares(counted: CellCount, classes: Sequence[str]) -> list[str]:
    shares = [counted.share(name) for name in classes]
    return ["-" if s.value is None else f"{s.value:.1f} ({s.low:.1f}-{s.high:.1f})" for s in shares]


def _strips(found: GroupComparison) -> tuple[ShareStrip, ...]:
    """Return a strip for each class that was compared."""
    return tuple(_strip(found, test.class_name) for test in found.tests)


def _strip(found: GroupComparison, name: str) -> ShareStrip:
    of_group = {group: [p for p in found.patients if p.group == group and p.total] for group in found.compared or ()}
    shares = {id(p): 100 * p.counts.get(name, 0) / p.total for people in of_group.values() for p in people}
    highest = max(shares.values())
    full = next(full for full in (1, 2, 5, 10, 20, 50, 100) if full >= highest)
    groups = tuple(
        (group, tuple((100 * shares[id(p)] / full, f"{p.name}: {shares[id(p)]:.1f} %") for p in people))
        for group, people in of_group.items()
    )
    return ShareStrip(_in_words(name), colour_of(name), f"0 to {full} %", groups)
