"""The report on a smear: its differential with intervals, reference ranges, indices, and what speaks against it."""

import math
from collections.abc import Iterator, Mapping

from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.records.differential import ClassCount, Differential
from napari_hemalens.records.palette import colour_of
from napari_hemalens.reports import sections
from napari_hemalens.reports.known_sentences import N_
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.marrow_indices import Ratio, immature_mature_granulocytes, myeloid_erythroid
from napari_hemalens.reports.page import CountRow, CountTable, Page
from napari_hemalens.reports.reference import ReferenceRange
from napari_hemalens.reports.stored_results import StoredSmear

_TITLES = {"marrow": N_("Differential count of bone marrow"), "blood": N_("Differential count of blood")}
_TISSUES = {"marrow": N_("bone marrow"), "blood": N_("blood")}
_PLACES = {"below": N_("▼ below"), "above": N_("▲ above"), "inside": ""}


def smear_page(
    stored: StoredSmear, recipe: ReportRecipe, language: Language, ranges: Mapping[str, ReferenceRange]
) -> Page:
    """Return the report on a smear, but for its gallery."""
    counted = stored.differential
    seen = sections.review(stored, list(stored.fields.values()), recipe.observer, language)
    tissue = (language.say("Tissue"), language.say(_TISSUES[counted.tissue]))
    return Page(
        title=recipe.title or language.say(_TITLES[counted.tissue]),
        about=recipe.fields,
        method=(*sections.method(stored, language), tissue),
        details=sections.details(stored, language),
        doubts=(*map(language.sentence, counted.notes), *sections.run_doubts(stored, language)),
        counts=_table(counted, language, ranges),
        indices=tuple(_indices(counted, language)) if counted.tissue == "marrow" else (),
        remarks=tuple(_remarks(counted, language, ranges)),
        review=seen.sentences,
        changes=seen.changes,
    )


def bar_scale(highest: float) -> float:
    """Return the figure that the full width of bars stands for: a multiple of 10, above 0."""
    return max(10.0, 10.0 * math.ceil(highest / 10))


def _table(counted: Differential, language: Language, ranges: Mapping[str, ReferenceRange]) -> CountTable:
    known = [row for row in counted.rows if row.count is not None]
    scale = bar_scale(max((row.high or 0.0 for row in known), default=0.0))
    total = CountRow(language.say("Nucleated cells"), "", language.number(counted.nucleated))
    unsure = (CountRow(language.say("Unsure, counted apart"), "", language.number(counted.unsure)),)
    return CountTable(
        title=language.say("Differential count"),
        unit="%",
        scale=language.say("0 to {scale} %; the line is the interval", scale=language.number(scale)),
        rows=tuple(_row(row, scale, language, ranges) for row in known),
        foot=(total, *(unsure if counted.unsure else ()), *(_row(r, scale, language, ranges) for r in counted.beside)),
        has_reference=bool(ranges),
    )


def _row(row: ClassCount, scale: float, language: Language, ranges: Mapping[str, ReferenceRange]) -> CountRow:
    title, colour = language.class_title(row.name), colour_of(row.name)
    count = "–" if row.count is None else language.number(row.count)  # noqa: RUF001 -- a dash
    usual = ranges.get(row.name)
    reference = "" if usual is None else f"{_plain(usual.low, language)}–{_plain(usual.high, language)}"  # noqa: RUF001
    if row.percent is None or row.low is None or row.high is None:
        return CountRow(title, colour, count, reference=reference)
    place = "" if usual is None else _PLACES[usual.place(row.percent)]
    low, high = row.low, row.high
    return CountRow(
        title,
        colour,
        count,
        language.number(row.percent, 1),
        f"{language.number(low, 1)}–{language.number(high, 1)}",  # noqa: RUF001 -- from one to the other
        (100 * row.percent / scale, 100 * low / scale, 100 * high / scale),
        reference,
        language.say(place) if place else "",
    )


def _plain(value: float, language: Language) -> str:
    return language.number(value, 0 if value == int(value) else 1)


def _remarks(counted: Differential, language: Language, ranges: Mapping[str, ReferenceRange]) -> Iterator[str]:
    if counted.nucleated < counted.asked:
        yield language.say(
            "ICSH asks for {asked} nucleated cells; {n} were counted.",
            asked=language.number(counted.asked),
            n=language.number(counted.nucleated),
        )
    if counted.unsure:
        yield language.say("Unsure cells are unlike all that the classifier learned from; they are in no row above.")
    missing = [row for row in counted.rows if row.count is None]
    if missing:
        names = ", ".join(_missing(row, language) for row in missing)
        yield language.say("Not recognised by these weights, which is not the same as 0: {names}.", names=names)
    if counted.blasts_hidden:
        yield language.say("Blasts may therefore appear as lymphocytes.")
    if counted.unknown:
        names = ", ".join(f"{name} ({language.number(count)})" for name, count in counted.unknown.items())
        yield language.say("Counted as unclassifiable, since it is not known what they are: {names}.", names=names)
    doubtful = [language.class_title(row.name) for row in counted.rows if _may_be_inside(row, ranges.get(row.name))]
    if doubtful:
        yield language.say(
            "Outside the reference range, but by no more than chance may do, as the interval shows: {names}.",
            names=", ".join(doubtful),
        )
    sources = dict.fromkeys(each.source for each in ranges.values() if each.source)
    if sources:
        yield language.say("Reference ranges: {sources}.", sources="; ".join(sources).rstrip("."))


def _may_be_inside(row: ClassCount, usual: ReferenceRange | None) -> bool:
    """Return whether a share lies outside a range that its interval reaches into."""
    if usual is None or row.percent is None or row.low is None or row.high is None:
        return False
    return usual.place(row.percent) != "inside" and row.low <= usual.high and row.high >= usual.low


def _missing(row: ClassCount, language: Language) -> str:
    title = language.class_title(row.name)
    if not row.given:
        return title
    return language.say("{name} ({n} given by hand)", name=title, n=language.number(row.given))


def _indices(counted: Differential, language: Language) -> Iterator[tuple[str, str, str]]:
    ratio = myeloid_erythroid(counted)
    lineages = language.say("granulocytes and monocytes with precursors, over erythroblasts")
    yield language.say("M:E, myeloid to erythroid"), _shown(ratio, language), _counts(ratio, lineages, language)
    granulocytes = immature_mature_granulocytes(counted)
    name = language.say("I:Mg, immature to mature granulocytes")
    if granulocytes is None:
        yield name, language.say("not available"), language.say("these weights do not recognise all stages")
    else:
        stages = language.say(
            "promyelocytes and myelocytes, over metamyelocytes, band and segmented neutrophils; blasts, which may be "
            "of any lineage, are left out"
        )
        yield name, _shown(granulocytes, language), _counts(granulocytes, stages, language)
    yield (
        language.say("I:Me, immature to mature erythroblasts"),
        language.say("not available"),
        language.say("these weights do not tell stages of erythroblasts"),
    )


def _shown(ratio: Ratio, language: Language) -> str:
    if ratio.value is None or ratio.interval is None:
        return language.say("not available")
    low, high = (language.number(end, 2) if math.isfinite(end) else "∞" for end in ratio.interval)
    return f"{language.number(ratio.value, 2)} ({low}–{high})"  # noqa: RUF001 -- from one to the other


def _counts(ratio: Ratio, what: str, language: Language) -> str:
    return f"{language.number(ratio.over)} : {language.number(ratio.under)}; {what}"
