"""The sections of a report that smears and assays have in common: method, doubts, review, and how to make it again."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_hemalens.formats.results import RUN
from napari_hemalens.records.classified import Classified
from napari_hemalens.records.detections import Detections
from napari_hemalens.records.notes import listed
from napari_hemalens.reports.detections import FAILED
from napari_hemalens.reports.known_sentences import N_
from napari_hemalens.reports.language import Language
from napari_hemalens.reports.stored_results import StoredAssay, StoredSmear

_SOURCES = {
    "given": N_("given by a person"),
    "image": N_("stated in the image"),
    "estimated": N_("estimated from the red cells"),
    "assumed": N_("assumed from the size of the cells"),
    "unknown": N_("source not known"),
}
_KINDS = {
    "accepted": N_("class confirmed"),
    "class": N_("given another class"),
    "box": N_("box moved"),
    "class+box": N_("given another class, box moved"),
    "drawn": N_("drawn by hand"),
    "removed": N_("removed"),
}
_CHANGES = 10  # pairs of classes that are listed
_REASONS = 5  # why images could not be read; all stand in a table
_SHORT = 12  # digits of a hash on the first page


@dataclass(frozen=True, slots=True)
class Review:
    """What a person did.

    Attributes
    ----------
    sentences : tuple of str
        Who, how many cells, and of each kind of correction how many.
    changes : tuple of (str, str, str)
        Predicted class, the class that the person gave, and how many cells.
    """

    sentences: tuple[str, ...]
    changes: tuple[tuple[str, str, str], ...]


def sample_fields(patient: str, sample: str, language: Language) -> tuple[tuple[str, str], ...]:
    """Return patient and sample, each with its label; one of which nothing is said is left out."""
    return tuple(
        (label, said) for label, said in ((language.say("Patient"), patient), (language.say("Sample"), sample)) if said
    )


def method(stored: StoredSmear | StoredAssay, language: Language) -> tuple[tuple[str, str], ...]:
    """Return what was counted, and by what."""
    names = [image.name for image in stored.images]
    images = listed(names)
    if len(names) > 1:
        images = language.say_count("{n} image: {names}", "{n} images: {names}", len(names), names=images)
    weights = [f"{name} ({sha[:_SHORT]})" for name, sha in stored.run.get("weights", {}).items()]
    rows = (
        (language.say("Image"), images or language.say("none was read")),
        (language.say("Pixel size"), _pixel_size(stored, language)),
        (language.say("Weights"), ", ".join(weights) or language.say("none: all cells are a person's")),
        ("HemaLens", str(stored.run.get("hemalens", ""))),
    )
    return tuple((label, said) for label, said in rows if said)


def _pixel_size(stored: StoredSmear | StoredAssay, language: Language) -> str:
    said: dict[str, None] = {}
    for image in stored.images:
        size = image.said.get("pixel_size_um")
        source = language.say(_SOURCES.get(str(image.said.get("pixel_size_source")), _SOURCES["unknown"]))
        known = f"{_significant(size, language)} µm ({source})" if isinstance(size, (int, float)) else ""
        said[known or language.say("not known")] = None
    return listed(list(said))


def _significant(size: float, language: Language) -> str:
    digits = max(0, 2 - int(np.floor(np.log10(size)))) if size > 0 else 0
    text = f"{size:.{digits}f}"
    return language.number(float(text), len(text.rstrip("0").partition(".")[2]))


def run_doubts(stored: StoredSmear | StoredAssay, language: Language) -> Iterator[str]:
    """Yield what the run left undone, a sentence each."""
    failures = stored.run.get("failed", ())
    failed = [str(each.get("image")) for each in failures]
    if failed:
        yield language.say_count(
            "{n} image could not be read: {names}.",
            "{n} images could not be read: {names}.",
            len(failed),
            names=listed(failed),
        )
        yield from _reasons([str(each["reason"]) for each in failures if each.get("reason")], language)
    left = [str(name) for name in stored.run.get("not_looked_at", ())]
    if left:
        yield language.say_count(
            "{n} image was not looked at: {names}.",
            "{n} images were not looked at: {names}.",
            len(left),
            names=listed(left),
        )


def _reasons(reasons: Sequence[str], language: Language) -> Iterator[str]:
    yield from map(language.sentence, reasons[:_REASONS])
    others = len(reasons[_REASONS:])
    if others:
        yield language.say_count(
            "Why {n} other could not be read is said in {file}.",
            "Why {n} others could not be read is said in {file}.",
            others,
            file=FAILED,
        )


def review(
    stored: StoredSmear | StoredAssay, records: Sequence[Detections | Classified], observer: str, language: Language
) -> Review:
    """Return who looked at how many cells, and what changed."""
    counts: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for image in stored.images:
        counts.update(image.said.get("corrections", {}).get("counts", {}))
        names.update(image.said.get("corrections", {}).get("observers", {}))
    total = sum(int(image.said.get("cells", 0)) for image in stored.images) + counts["removed"]
    who = _observers(names + Counter({"": counts.total() - names.total()}), observer, language)
    if not counts:
        return Review((who, language.say("No cell was confirmed or changed by a person.")), ())
    seen = language.say_count(
        "{n} of {total} cells was confirmed or changed.",
        "{n} of {total} cells were confirmed or changed.",
        counts.total(),
        total=language.number(total),
    )
    kinds = (f"{language.say(title)}: {language.number(counts[k])}" for k, title in _KINDS.items() if counts[k])
    return Review((f"{who} {seen}", "; ".join(kinds)), tuple(_changes(records, language)))


def _observers(names: Mapping[str, int], given: str, language: Language) -> str:
    """Return who looked at the cells: as it is given, else as it was kept with each correction, with their cells."""
    if given or not any(names):
        return language.say("Observer: {name}.", name=given) if given else language.say("Observer: not named.")
    if len(names) == 1:
        return language.say("Observer: {name}.", name=next(iter(names)))
    said = (
        language.say_count("{name} ({n} cell)", "{name} ({n} cells)", number, name=name or language.say("not named"))
        for name, number in sorted(names.items(), key=lambda each: (not each[0], -each[1], each[0]))
    )
    return language.say("Observers: {names}.", names=", ".join(said))


def _changes(records: Sequence[Detections | Classified], language: Language) -> Iterator[tuple[str, str, str]]:
    pairs: Counter[tuple[str, str]] = Counter()
    for cells in records:
        given = np.isin(cells.correction_kinds, ("class", "class+box"))
        pairs.update(zip(cells.predicted_class_names[given].tolist(), cells.class_names[given].tolist(), strict=True))
    for (before, after), number in pairs.most_common(_CHANGES):
        yield language.class_title(before), language.class_title(after), language.number(number)


def details(stored: StoredSmear | StoredAssay, language: Language) -> tuple[tuple[str, str], ...]:
    """Return hashes, versions and options of the run."""
    run = stored.run
    digest = hashlib.sha256((stored.folder / RUN).read_bytes()).hexdigest()
    rows = (
        *((f"SHA-256, {name}", str(sha)) for name, sha in run.get("weights", {}).items()),
        (f"SHA-256, {RUN}", digest),
        *((language.say("Licence of {name}", name=name), str(said)) for name, said in run.get("licences", {}).items()),
        (language.say("Versions"), _joined(run.get("versions", {}))),
        (language.say("Options"), _joined(run.get("recipe", {}))),
        (language.say("Images"), ", ".join(str(image.said.get("path", image.name)) for image in stored.images)),
    )
    return tuple((label, said) for label, said in rows if said)


def _joined(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)
