"""A comparison of groups as tables of texts, and as a page of HTML that needs nothing beside itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_hemalens.records.palette import colour_of
from napari_hemalens.reports.filling import fill_template
from napari_hemalens.reports.group_tables import p_text, ratio_text
from napari_hemalens.reports.groups import CellCount, GroupComparison
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.scoring import Measure


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


def comparison_page(found: GroupComparison, title: str, about: Sequence[tuple[str, str]], language: Language) -> str:
    """Return a comparison as HTML; whatever a person or a file name says in it is text, never markup.

    Parameters
    ----------
    found : GroupComparison
        What is shown.
    title : str
        Of the project.
    about : sequence of (str, str)
        What else is said of it, such as which run was compared, as `source_lines` returns it.
    language : Language
        Of all else.
    """
    return fill_template(
        "groups.html",
        title=language.say("Groups of {project}", project=title),
        about=about,
        doubts=tuple(map(language.sentence, (*filter(None, [found.refusal]), *found.notes))),
        tables=comparison_tables(found, language),
        strips=_strips(found, language),
        language=language.code,
        _=language.say,
    )


def source_lines(
    project: str, run: str | None, recipe: Mapping[str, Any], language: Language
) -> tuple[tuple[str, str], ...]:
    """Return what was compared, each with its label.

    Parameters
    ----------
    project : str
        Its folder.
    run : str or None
        Name of the run; None: cells as a person left them.
    recipe : mapping
        Options of the run.
    language : Language
        Of labels and words.
    """
    where = (language.say("Project"), project)
    if run is None:
        return where, (language.say("Cells"), language.say("of Detect, as a person left them in the project"))
    weights = recipe.get("weights") or language.say("those of the task {task}", task=recipe.get("task"))
    return where, (language.say("Run"), run), (language.say("Weights"), str(weights))


def comparison_tables(found: GroupComparison, language: Language) -> tuple[TextTable, ...]:
    """Return the tests, where there are any, then groups, patients and slides."""
    return (*([comparison_table(found, language)] if found.tests else []), *share_tables(found, language))


def comparison_table(found: GroupComparison, language: Language) -> TextTable:
    """Return the tests, a row a class."""
    first, second = found.compared or ("", "")
    say, number = language.say, language.number
    approximate, adjusted = say("(approximate)"), say("adjusted")
    rows = [
        (
            language.class_title(test.class_name),
            *(say("{n} of {total}", n=number(count), total=number(total)) for count, total in test.cells),
            ratio_text(test.odds_ratio, language),
            p_text(test.fisher_p, language),
            p_text(test.fisher_adjusted, language),
            *(f"{number(median, 1)} %" for median in test.medians),
            p_text(test.rank_p, language) + ("" if test.exact else f" {approximate}"),
            p_text(test.rank_adjusted, language),
        )
        for test in found.tests
    ]
    cells = (*(say("{group}, cells", group=each) for each in (first, second)), say("Odds ratio"), say("Fisher p"))
    patients = (*(say("{group}, median", group=each) for each in (first, second)), say("Mann-Whitney p"))
    title = say("{group} compared with {control}", group=second, control=first)
    return TextTable(title, (say("Class"), *cells, adjusted, *patients, adjusted), tuple(rows))


def share_tables(found: GroupComparison, language: Language) -> tuple[TextTable, ...]:
    """Return the shares of each class that was found, in groups, patients and slides: a row each."""
    say, number = language.say, language.number
    classes = [name for name in found.classes if any(slide.counts.get(name) for slide in found.slides)]
    titles = tuple(map(language.class_title, classes))
    remark = say("Per cent of the cells counted; intervals: 95 %, Wilson.")
    groups = ((g.name, number(g.patients), number(g.slides)) for g in found.groups)
    patients = ((p.name, p.group, number(p.slides)) for p in found.patients)
    slides = ((s.name, s.patient, s.group) for s in found.slides)

    def table(
        title: str, header: tuple[str, ...], counted: Sequence[CellCount], said: Iterable[tuple[str, ...]]
    ) -> TextTable:
        rows = (
            (*first, number(each.total), *_shares(each, classes, language))
            for first, each in zip(said, counted, strict=True)
        )
        return TextTable(title, (*header, say("Cells"), *titles), tuple(rows), remark)

    return (
        table(say("Groups"), (say("Group"), say("Patients"), say("Slides")), found.groups, groups),
        table(say("Patients"), (say("Patient"), say("Group"), say("Slides")), found.patients, patients),
        table(say("Slides"), (say("Slide"), say("Patient"), say("Group")), found.slides, slides),
    )


def _shares(counted: CellCount, classes: Sequence[str], language: Language) -> list[str]:
    return [_share(counted.share(name), language) for name in classes]


def _share(share: Measure, language: Language) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "-"
    value, low, high = (language.number(each, 1) for each in (share.value, share.low, share.high))
    return f"{value} ({low}-{high})"


def _strips(found: GroupComparison, language: Language) -> tuple[ShareStrip, ...]:
    """Return a strip for each class that was compared."""
    return tuple(_strip(found, test.class_name, language) for test in found.tests)


def _strip(found: GroupComparison, name: str, language: Language) -> ShareStrip:
    of_group = {group: [p for p in found.patients if p.group == group and p.total] for group in found.compared or ()}
    shares = {id(p): 100 * p.counts.get(name, 0) / p.total for people in of_group.values() for p in people}
    highest = max(shares.values())
    full = next(full for full in (1, 2, 5, 10, 20, 50, 100) if full >= highest)
    groups = tuple(
        (group, tuple((100 * shares[id(p)] / full, f"{p.name}: {language.number(shares[id(p)], 1)} %") for p in people))
        for group, people in of_group.items()
    )
    scale = language.say("0 to {scale} %", scale=full)
    return ShareStrip(language.class_title(name), colour_of(name), scale, groups)
