"""A report as a page of HTML that needs nothing beside itself: on screen, and on A4 paper."""

from dataclasses import dataclass, field

from napari_hemalens.reports.filling import fill_template
from napari_hemalens.reports.language import Language


@dataclass(frozen=True, slots=True)
class CountRow:
    """A line of a table of counts; all texts are as they are shown.

    Attributes
    ----------
    title, colour : str
        The class, and its colour as '#rrggbb'; empty: none.
    count, share, interval : str
        Cells, their share, and its 95 % interval; empty where there is none.
    bar : (float, float, float) or None
        Share, and ends of its interval, in per cent of the width of the bars.
    reference, place : str
        The reference range, and in words whether the share is outside.
    """

    title: str
    colour: str
    count: str
    share: str = ""
    interval: str = ""
    bar: tuple[float, float, float] | None = None
    reference: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class CountTable:
    """A table of counts.

    Attributes
    ----------
    title, unit : str
        What is counted, and what shares are in.
    scale : str
        What the full width of the bars stands for.
    rows : tuple of CountRow
        Its lines.
    foot : tuple of CountRow
        What is counted beside.
    has_reference : bool
        Whether there are reference ranges.
    """

    title: str
    unit: str
    scale: str
    rows: tuple[CountRow, ...]
    foot: tuple[CountRow, ...] = ()
    has_reference: bool = False


@dataclass(frozen=True, slots=True)
class GroupTable:
    """Figures of groups beside each other.

    Attributes
    ----------
    title : str
        What the groups are.
    names : tuple of str
        A column each.
    rows : tuple of (str, tuple of (str, str))
        Name of a figure; for each group the figure, and what there is to say of it.
    """

    title: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A cell in the gallery.

    Attributes
    ----------
    data : str
        The picture as a URL that holds it.
    caption, mark : str
        How sure its class is; and 'unsure', 'doubtful', 'given' or nothing.
    """

    data: str
    caption: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The pictures of a class.

    Attributes
    ----------
    title, colour, said : str
        The class, its colour, and how many of its cells are shown.
    pictures : tuple of Picture
        Least certain first.
    """

    title: str
    colour: str
    said: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All that a report shows; all texts are in its language.

    Attributes
    ----------
    title : str
        At the top.
    about, method, details : tuple of (str, str)
        What is said of patient and sample; how cells were counted; all that makes the run again.
    doubts : tuple of str
        What speaks against trusting the counts.
    counts : CountTable or None
        The differential, or the figures of all images.
    indices : tuple of (str, str, str)
        Name, value, and a remark.
    remarks : tuple of str
        What belongs to the counts.
    groups : tuple of GroupTable
        Groups of an assay.
    review : tuple of str
        Who looked at the cells, and what changed.
    changes : tuple of (str, str, str)
        What the network said, what the person said, and how often.
    gallery : tuple of Shelf
        Pictures by class.
    gallery_notes : tuple of str
        What is shown how, and what could not be.
    """

    title: str
    about: tuple[tuple[str, str], ...] = ()
    method: tuple[tuple[str, str], ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    doubts: tuple[str, ...] = ()
    counts: CountTable | None = None
    indices: tuple[tuple[str, str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    groups: tuple[GroupTable, ...] = ()
    review: tuple[str, ...] = ()
    changes: tuple[tuple[str, str, str], ...] = ()
    gallery: tuple[Shelf, ...] = ()
    gallery_notes: tuple[str, ...] = field(default=())


def render(page: Page, language: Language) -> str:
    """Return the page as HTML; whatever a person or a file name says in it is text, never markup."""
    return fill_template("report.html", page=page, language=language.code, _=language.say)
