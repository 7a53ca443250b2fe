"""Annotated cells that nothing is compared with, since their class stands in no row: counted, and said."""

from collections import Counter
from collections.abc import Mapping, Sequence

from napari_hemalens.records.detections import Detections
from napari_hemalens.records.taxonomy import TAXONOMIES, Taxonomy


def left_out(truth: Sequence[Detections], taxonomy: Taxonomy) -> dict[str, int]:
    """Return how many annotated cells each class has that is none of a taxonomy's, the most frequent first."""
    numbers = sum((Counter(t.counts()) for t in truth), Counter[str]())
    return {name: number for name, number in numbers.most_common() if taxonomy.class_of(name) is None}


def left_out_in_words(numbers: Mapping[str, int], *, option: bool = False) -> str:
    """Return a sentence on cells that are not compared; what is found of them counts as a false alarm.

    Parameters
    ----------
    numbers : mapping of str to int
        As `left_out` returns them.
    option : bool
        Whether a taxonomy can be chosen: then those that would compare all of them are named.
    """
    cells = ", ".join(f"{number:,} {name}" for name, number in numbers.items())
    known = [name for name, each in TAXONOMIES.items() if all(each.class_of(said) for said in numbers)]
    hint = f"; --taxonomy {' or '.join(known)} compares by classes that they have" if option and known else ""
    return f"Not compared are annotated cells of classes that stand in no row: {cells}{hint}."
