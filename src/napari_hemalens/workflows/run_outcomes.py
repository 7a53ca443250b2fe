"""What became of the runs of a project, slide by slide, read from their results."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_hemalens.errors import HemaLensError
from napari_hemalens.formats.results import RUN, read_run
from napari_hemalens.progress import counted
from napari_hemalens.projects import document, queue, slides_table
from napari_hemalens.projects.queue import QueuedRun
from napari_hemalens.projects.slides_table import ProjectSlide


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What became of a run, slide by slide.

    Attributes
    ----------
    run : QueuedRun
        The run.
    slides : tuple of str
        Those of its slides that `slides.csv` still holds; of others nothing is said.
    cells : mapping of str to int
        How many cells were found in each slide that was looked at, by its path in `slides.csv`.
    names : mapping of str to str
        What these slides are called in the tables of the run.
    failed : mapping of str to str
        Slides that could not be looked at, with the reason.
    """

    run: QueuedRun
    slides: tuple[str, ...]
    cells: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def left(self) -> tuple[str, ...]:
        """Slides that were not looked at yet."""
        return tuple(path for path in self.slides if path not in self.cells and path not in self.failed)

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        words = [f"{len(self.cells):,} of {counted(len(self.slides), 'slide')} done"]
        words += [f"{len(self.failed):,} failed"] if self.failed else []
        return f"{', '.join(words)}. {self.run.reason}".rstrip()


def outcomes_of(project: str | Path) -> tuple[RunOutcome, ...]:
    """Return what became of each run of a project so far, but for slides that were taken out of its table.

    Raises
    ------
    ProjectError
        If there is none, since the folder is no project.
    """
    folder = Path(project)
    runs = queue.read(folder).runs
    if not runs:
        document.read(folder)
    known = slides_in_table(folder)
    return tuple(_outcome(folder, run, known) for run in runs)


def slides_in_table(folder: Path) -> frozenset[str] | None:
    """Return the slides of a project; None where its table cannot be read, which hides no run."""
    try:
        return frozenset(slide.path for slide in slides_table.read(folder))
    except HemaLensError:  # whoever shows the slides says why
        return None


def slides_left(run: QueuedRun, in_table: Collection[str] | None) -> tuple[str, ...]:
    """Return the slides of a run that the table still holds."""
    return run.slides if in_table is None else tuple(path for path in run.slides if path in in_table)


def slide_in_words(outcomes: Sequence[RunOutcome], path: str) -> tuple[str, str]:
    """Return what runs found in a slide, and why some could not look at it."""
    found, reasons = [], []
    for outcome in outcomes:
        if path in outcome.cells:
            found.append(f"{outcome.run.name}: {counted(outcome.cells[path], 'cell')}")
        elif path in outcome.failed:
            found.append(f"{outcome.run.name}: failed")
            reasons.append(outcome.failed[path])
    return ", ".join(found), "\n".join(reasons)


def end_in_words(ran: Sequence[RunOutcome]) -> str:
    """Return how runs have ended in the window, and which button tries again what failed."""
    slides, runs = sum(len(each.failed) for each in ran), sum(each.run.state == "failed" for each in ran)
    button, what = "Resume" if runs else "the same button", "it" if slides + runs == 1 else "them"
    again = "" if slides and runs else f": {button} tries {what} again"
    return f"Done; {slides + runs:,} failed, see below{again}." if slides or runs else "Done."


def _outcome(folder: Path, run: QueuedRun, in_table: Collection[str] | None) -> RunOutcome:
    place, left = run.results(folder), slides_left(run, in_table)
    if not (place / RUN).exists():
        return RunOutcome(run, left)
    said = read_run(place / RUN)
    slides = {str(ProjectSlide(path).located(folder)): path for path in (*run.removed, *run.slides)}
    by_name = {Path(path).name: path for path in run.slides}  # where the project has moved since

    def slide_of(image: str) -> str | None:
        path = slides.get(image) or by_name.get(Path(image).name)
        return path if path in left else None

    found = {path: each for each in said["images"] if (path := slide_of(str(each.get("path", ""))))}
    return RunOutcome(
        run,
        left,
        cells={path: int(each.get("cells", 0)) for path, each in found.items()},
        names={path: str(each["image"]) for path, each in found.items()},
        failed={path: each["reason"] for each in said.get("failed", ()) if (path := slide_of(str(each["image"])))},
    )
