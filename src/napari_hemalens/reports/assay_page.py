"""The report on classified cells: figures of all images with intervals, of the groups of an assay, and two compared."""

from collections.abc import Iterator, Sequence

from napari_hemalens.config.report import ReportRecipe
from napari_hemalens.records.palette import colour_of
from napari_hemalens.records.tasks import TASKS
from napari_hemalens.reports import sections
from napari_hemalens.reports.assay import Group, Summary
from napari_hemalens.reports.known_sentences import N_
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.page import CountRow, CountTable, GroupTable, Page
from napari_hemalens.reports.scoring import Measure
from napari_hemalens.reports.smear_page import bar_scale
from napari_hemalens.reports.stored_results import StoredAssay

_TITLES = {
    "micronucleus": N_("Micronucleus assay"),
    "all": N_("Acute lymphoblastic leukaemia, single cells"),
    "leukocyte": N_("Leukocyte types"),
    "nucleated": N_("Nucleated cells"),
    "field": N_("Leukaemia stage of fields"),
}
_OTHER = N_("Classified cells")
_LEVELS = {"concentration": N_("Concentrations"), "replicate": N_("Replicates"), "image": N_("Images")}
_SHARE = ", per cent"  # how the label of a share of a class ends
_BESIDE = 4  # groups in a table
_NOT_KNOWN = ("–", "")  # noqa: RUF001 -- a dash that is as wide as a digit


def assay_page(stored: StoredAssay, recipe: ReportRecipe, language: Language) -> Page:
    """Return the report on classified cells, but for its gallery."""
    task = str(stored.run.get("recipe", {}).get("task"))
    seen = sections.review(stored, list(stored.results.values()), recipe.observer, language)
    said = stored.summary
    notes = dict.fromkeys(note for image in stored.images for note in image.said.get("notes", ()))
    remarks = (language.say("No cell was classified."),) if said is None else tuple(_remarks(said, stored, language))
    return Page(
        title=recipe.title or language.say(_TITLES.get(task, _OTHER)),
        about=recipe.fields,
        method=sections.method(stored, language),
        details=sections.details(stored, language),
        doubts=(*map(language.sentence, notes), *sections.run_doubts(stored, language)),
        counts=_table(said, language) if said else CountTable(language.say("All images"), "", "", ()),
        remarks=remarks,
        groups=tuple(_groups(said, language)) if said else (),
        review=seen.sentences,
        changes=seen.changes,
    )


def _table(said: Summary, language: Language) -> CountTable:
    """Return the figures of all images; shares of one table are all per cent, or all per 1,000."""
    measures = said.pooled.measures
    scale = bar_scale(max((measure.high or 0.0 for measure in measures), default=0.0))
    per_cent = any(measure.label.endswith(_SHARE) for measure in measures)
    unit = "%" if per_cent else language.say("Value")
    return CountTable(
        title=language.say_count("{n} image", "All {n} images", said.pooled.images),
        unit=unit,
        scale=language.say("0 to {scale}; the line is the interval", scale=language.number(scale)),
        rows=tuple(_row(measure, scale, language) for measure in measures),
    )


def _row(measure: Measure, scale: float, language: Language) -> CountRow:
    name = measure.label.removesuffix(_SHARE)
    of_class = name != measure.label
    title = language.class_title(name) if of_class else language.sentence(name)
    colour = colour_of(name) if of_class else ""
    value = "" if measure.value is None else language.number(measure.value, 2 if measure.low is None else 1)
    if measure.value is None or measure.low is None or measure.high is None:
        return CountRow(title, colour, _count(measure, language), value)
    bar = (100 * measure.value / scale, 100 * measure.low / scale, 100 * measure.high / scale)
    return CountRow(title, colour, _count(measure, language), value, _interval(measure, language), bar)


def _count(measure: Measure, language: Language) -> str:
    if measure.count is None:
        return ""
    count = language.number(measure.count)
    if measure.total is None:
        return count
    return language.say("{n} of {total}", n=count, total=language.number(measure.total))


def _interval(measure: Measure, language: Language) -> str:
    if measure.low is None or measure.high is None:
        return ""
    return f"{language.number(measure.low, 1)}–{language.number(measure.high, 1)}"  # noqa: RUF001 -- from, to


def _remarks(said: Summary, stored: StoredAssay, language: Language) -> Iterator[str]:
    task = TASKS.get(str(stored.run.get("recipe", {}).get("task")))
    if task is not None and task.name == "micronucleus":
        unit = N_("The unit is the cell.") if said.unit == "cell" else N_("The unit is the nucleus.")
        yield language.say(unit)
    yield from map(language.sentence, said.notes)
    if stored.comparison:
        yield language.sentence(stored.comparison)


def _groups(said: Summary, language: Language) -> Iterator[GroupTable]:
    for level, title in _LEVELS.items():
        groups = [group for group in said.groups if group.level == level]
        if level == "image" and len(groups) == 1:  # all there is to say stands above
            continue
        for start in range(0, len(groups), _BESIDE):
            beside = groups[start : start + _BESIDE]
            yield GroupTable(language.say(title), tuple(each.name for each in beside), _figures(beside, language))


def _figures(groups: Sequence[Group], language: Language) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    # Where micronuclei were counted one by one in some groups alone, the others lack these figures.
    fullest = sorted(groups, key=lambda group: len(group.measures), reverse=True)
    labels = dict.fromkeys(measure.label for group in fullest for measure in group.measures)
    columns = [{measure.label: _figure(measure, language) for measure in group.measures} for group in groups]
    images = (language.say("Images"), tuple((language.number(group.images), "") for group in groups))
    return (images, *((language.sentence(x), tuple(each.get(x, _NOT_KNOWN) for each in columns)) for x in labels))


def _figure(measure: Measure, language: Language) -> tuple[str, str]:
    """Return a figure, and its interval and counts."""
    counts = _count(measure, language)
    if measure.value is None:
        return ("–" if measure.total == 0 else counts or "–", counts if measure.total == 0 else "")  # noqa: RUF001
    if measure.low is None:
        return language.number(measure.value, 2), ""
    return language.number(measure.value, 1), f"{_interval(measure, language)}; {counts}"
