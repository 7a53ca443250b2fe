"""The results of a project by slide, patient and group, and two groups of patients compared.

>>> from napari_hemalens.workflows.project_comparison import compare_project
>>> compared = compare_project("my project", groups=("control", "case"))  # doctest: +SKIP
>>> for test in compared.found.tests:  # doctest: +SKIP
...     print(test.class_name, test.fisher_adjusted, test.rank_adjusted)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from napari_hemalens.atomic import writing
from napari_hemalens.config.report import LanguageCode
from napari_hemalens.errors import ProjectError
from napari_hemalens.progress import counted
from napari_hemalens.projects import document, queue, slides_table
from napari_hemalens.projects.queue import QueuedRun
from napari_hemalens.projects.slides_table import ProjectSlide, SlidesTable
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections, pooled_differential
from napari_hemalens.records.differential import Differential
from napari_hemalens.records.notes import pooled_notes
from napari_hemalens.records.taxonomy import ICSH
from napari_hemalens.reports.group_page import TextTable, comparison_page, comparison_tables, source_lines
from napari_hemalens.reports.group_tables import comparison_text, write_comparison
from napari_hemalens.reports.groups import CellCount, GroupComparison, compare_groups
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.stored_results import StoredSmear, read_stored
from napari_hemalens.workflows.project_queue import outcomes_of
from napari_hemalens.workflows.work import open_work

__all__ = [
    "PAGE",
    "WORK",
    "ProjectComparison",
    "TextTable",
    "compare_project",
    "comparison_text",
    "countable_runs",
    "write_page",
]

WORK = "work"
"""In place of the name of a run: the cells that Detect keeps in the project, as a person left them."""

PAGE = "comparison.html"

_Counted: TypeAlias = Mapping[str, CellCount]
"""The cells of each slide that has results, by its path in `slides.csv`."""


@dataclass(frozen=True, slots=True)
class ProjectComparison:
    """What was counted and compared, and where it was written.

    Attributes
    ----------
    found : GroupComparison
        Slides, patients, groups and tests.
    source : str
        Name of the run, or 'work'.
    project, folder : Path
        Of the project; where the tables and the page are.
    recipe : mapping of str to Any
        Options of the run; empty of 'work'.
    language : LanguageCode
        Of the page; the tables are for machines.
    """

    found: GroupComparison
    source: str
    project: Path
    folder: Path
    recipe: Mapping[str, Any]
    language: LanguageCode = "en"

    @property
    def page(self) -> Path:
        """The page of HTML."""
        return self.folder / PAGE

    @property
    def tables(self) -> tuple[TextTable, ...]:
        """Tests, where there are any, then groups, patients and slides, in its language."""
        return comparison_tables(self.found, Language.of(self.language))

    @property
    def refusal(self) -> str:
        """Why groups are not compared, in its language; empty where they are."""
        return Language.of(self.language).sentence(self.found.refusal)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences to show with the figures, in its language."""
        return tuple(map(Language.of(self.language).sentence, self.found.notes))


def compare_project(
    project: str | Path,
    run: str | None = None,
    groups: tuple[str, str] | None = None,
    out: str | Path | None = None,
    *,
    language: LanguageCode = "en",
) -> ProjectComparison:
    """Count the results of a project by slide, patient and group, compare two groups, and write tables and a page.

    Parameters
    ----------
    project : path
        Its folder. What is said of patients and groups is what `slides.csv` says now.
    run : str, optional
        A run of Detect or Classify in its queue, by name, or 'work': the cells that Detect keeps in the project, as a
        person left them. By default the last run that has results.
    groups : (str, str), optional
        Two groups, the control first; by default the only two that there are. Groups that cannot be compared are
        counted all the same, and `found.refusal` says why.
    out : path, optional
        Folder for `slides.csv`, `patients.csv`, `groups.csv`, `tests.csv` and `comparison.html`; by default
        `results/<run>-groups` in the project.
    language : {'en', 'de'}
        Of the page.

    Raises
    ------
    HemaLensError
        If the folder is no project, there is no such run, it has no results, or a group is none.
    """
    folder = Path(project)
    document.read(folder)
    table = slides_table.read(folder)
    chosen = None if run == WORK else _chosen(folder, run)
    source = WORK if chosen is None else chosen.name
    counts, classes, doubts = _of_work(folder, table) if chosen is None else _of_run(folder, chosen, table)
    slides = [_about(counts[slide.path], slide) for slide in table if slide.path in counts]
    if not slides:
        raise ProjectError(
            f"Detect keeps cells of none of the slides of {folder}: open one and run Detect, or run "
            "the queue and compare what it found."
            if chosen is None
            else f"No slide of {folder} has results in {source}."
        )
    found = compare_groups(slides, classes, groups, table.groups())
    missing = _without_results(table, counts, "Detect" if chosen is None else source)
    found = replace(found, notes=(*missing, *doubts, *found.notes))
    place = folder / "results" / f"{source}-groups" if out is None else Path(out)
    compared = ProjectComparison(found, source, folder, place, {} if chosen is None else chosen.recipe, language)
    with _explained(place):
        write_comparison(found, place)
    return write_page(compared, language)


def write_page(compared: ProjectComparison, language: LanguageCode) -> ProjectComparison:
    """Write the page of a comparison in a language, in place of the one before; return the comparison.

    Raises
    ------
    ProjectError
        If it cannot be written.
    """
    words, project = Language.of(language), compared.project.resolve()
    run = None if compared.source == WORK else compared.source
    text = comparison_page(compared.found, project.name, source_lines(str(project), run, compared.recipe, words), words)
    with _explained(compared.folder), writing(compared.page) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return replace(compared, language=language)


def countable_runs(project: str | Path) -> tuple[str, ...]:
    """Return the runs whose cells can be counted, by name, the last one last."""
    found = outcomes_of(project)
    return tuple(each.run.name for each in found if each.run.operation != "explain" and each.cells)


def _chosen(folder: Path, name: str | None) -> QueuedRun:
    runs = countable_runs(folder)
    if name is None and not runs:
        raise ProjectError(f"{folder} has no results of Detect or Classify yet: run its queue first.")
    run = queue.read(folder).named(name or runs[-1])
    if run.name not in runs:
        raise ProjectError(f"{run.name} has no cells to count. Known: {', '.join((*runs, WORK))}.")
    return run


def _of_run(folder: Path, run: QueuedRun, table: SlidesTable) -> tuple[_Counted, Sequence[str], Sequence[str]]:
    """Return the cells of each slide in the results of a run, the classes, and what speaks against trusting them."""
    outcome = next(each for each in outcomes_of(folder) if each.run == run)
    names = {slide.path: outcome.names[slide.path] for slide in table if slide.path in outcome.names}
    stored = read_stored(run.results(folder))
    if isinstance(stored, StoredSmear):
        said = stored.run["recipe"]
        each = {
            name: cells.differential(tissue=said["tissue"], unsure=said["unsure"])
            for name, cells in stored.fields.items()
        }
        doubts = pooled_notes([(i.name, i.said.get("notes", ())) for i in stored.images if i.name in names.values()])
        counts = {path: _of_differential(path, each.get(name)) for path, name in names.items()}
        return counts, _classes_of([stored.differential]), doubts
    results = stored.results
    counts = {path: _of_classified(path, results.get(name)) for path, name in names.items()}
    return counts, next((each.names for each in results.values()), ()), ()


def _of_work(folder: Path, table: SlidesTable) -> tuple[_Counted, Sequence[str], Sequence[str]]:
    """Return the same of the cells that Detect keeps in the project."""
    work = open_work(folder)
    choices = work.detect.choices
    places = {slide.located(folder): slide.path for slide in table}
    kept: dict[str, list[Detections]] = {}  # of a slide with several frames, those of each
    for each in work.detected:
        path = None if each.image.path is None else places.get(each.image.path.resolve())
        if path is not None:
            kept.setdefault(path, []).append(each.cells)
    found = {
        path: pooled_differential(frames, ICSH, choices.get("tissue", "marrow"), choices.get("unsure", "apart"))
        for path, frames in kept.items()
    }
    counts = {path: _of_differential(path, each) for path, each in found.items()}
    doubts = pooled_notes([(path, each.provenance.notes) for path, frames in kept.items() for each in frames])
    return counts, _classes_of(found.values()), doubts


def _classes_of(counts: Iterable[Differential]) -> tuple[str, ...]:
    """Return the nucleated classes that were recognised, or given by a person, in any of the counts."""
    rows = [row for each in counts for row in each.rows if row.count is not None or row.given]
    return tuple(dict.fromkeys(row.name for row in rows))


def _of_differential(path: str, found: Differential | None) -> CellCount:
    if found is None:  # not one cell
        return CellCount(path, {}, 0)
    counts = {row.name: (row.count or 0) + row.given for row in found.rows}
    return CellCount(path, counts, found.nucleated, unsure=found.unsure)


def _of_classified(path: str, found: Classified | None) -> CellCount:
    return CellCount(path, {}, 0) if found is None else CellCount(path, found.counts(), len(found))


def _about(counts: CellCount, slide: ProjectSlide) -> CellCount:
    """Return the cells of a slide with what it is of."""
    return replace(
        counts,
        patient=slide.patient,
        sample=slide.sample,
        stain=slide.stain,
        group=slide.group,
        patients=int(bool(slide.patient)),
    )


def _without_results(table: SlidesTable, counts: _Counted, source: str) -> tuple[str, ...]:
    missing = [slide.name for slide in table if slide.path not in counts]
    if not missing:
        return ()
    slides = counted(len(missing), "slide has", "slides have")
    listed = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
    return (f"{slides} no results in {source}: {listed}.",)


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ProjectError(f"The comparison could not be written to {place}: {error.strerror or error}.") from error
