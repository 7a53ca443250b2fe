"""The classes of blood cells, and how one set of classes maps onto another.

Class names follow the ICSH guidelines (Lee et al. 2008, doi:10.1111/j.1751-553X.2008.01100.x, for
marrow; Palmer et al. 2015, doi:10.1111/ijlh.12327, for blood), written with underscores as in
annotation files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.errors import RecipeError
from napari_hemalens.records.synonyms import meaning

Lineage = Literal["myeloid", "erythroid", "lymphoid", "megakaryocytic", "other"]


@dataclass(frozen=True, slots=True)
class CellClass:
    """A class of cells.

    Attributes
    ----------
    name : str
        As in annotation files.
    lineage : Lineage
        `myeloid` here means granulocytes and monocytes with their precursors: the M of the M:E
        ratio.
    always_listed : bool
        Whether reports list the class even if the weights cannot recognise it; others appear once a
        person assigns them.
    nucleated : bool
        Nucleated cells make up the differential; red cells and platelets are counted beside it.
    key : str
        The key that assigns this class, the same in every dock: a digit or a capital letter, '' for none.
    short : str
        Two to five letters for the label on a box, '?' for cells that cannot be classified.
    """

    name: str
    lineage: Lineage
    key: str = ""
    short: str = ""
    nucleated: bool = True
    always_listed: bool = True


CELL_CLASSES: tuple[CellClass, ...] = (
    CellClass("blast", "other", "1", "blast"),
    CellClass("promyelocyte", "myeloid", "2", "pro"),
    CellClass("myelocyte", "myeloid", "3", "myelo"),
    CellClass("metamyelocyte", "myeloid", "4", "meta"),
    CellClass("band_neutrophil", "myeloid", "5", "band"),
    CellClass("segmented_neutrophil", "myeloid", "6", "seg"),
    CellClass("eosinophil", "myeloid", "E", "eos"),
    CellClass("basophil", "myeloid", "B", "baso"),
    CellClass("monocyte", "myeloid", "9", "mono"),
    CellClass("erythroblast", "erythroid", "7", "ebl"),
    CellClass("lymphocyte", "lymphoid", "8", "lym"),
    CellClass("plasma_cell", "lymphoid", "P", "plas"),
    CellClass("megakaryocyte", "megakaryocytic", "G", "mega"),
    CellClass("mast_cell", "other", "", "mast", always_listed=False),
    CellClass("macrophage", "other", "", "macro", always_listed=False),
    CellClass("other", "other", "", "other"),
    CellClass("unclassifiable", "other", "0", "?", always_listed=False),
    CellClass("erythrocyte", "erythroid", "", "RBC", nucleated=False),
    CellClass("platelet", "megakaryocytic", "", "plt", nucleated=False),
)
"""All classes that a person can assign, in the order of a differential."""

UNCLASSIFIABLE = "unclassifiable"

COARSE_CLASSES = ("WBC", "granulocyte", "neutrophil")
"""Nucleated classes that say less than those above: a count of these lists cells that are called so under that name."""

# Classes of other data sets and of the tasks. They are never shown beside a class above with the same key.
_OTHER_CLASSES = (
    CellClass("granulocyte", "myeloid", "6", "gran"),
    CellClass("neutrophil", "myeloid", "6", "neut"),
    CellClass("WBC", "other", "", "WBC"),
    CellClass("RBC", "erythroid", "", "RBC", nucleated=False),
    CellClass("Platelets", "megakaryocytic", "", "plt", nucleated=False),
    CellClass("normal", "other", "2", "norm"),
    CellClass("micronucleus", "other", "1", "MN"),
    CellClass("none", "other", "2", "no"),
    # The stages of a field.
    CellClass("benign", "other", "1", "ben"),
    CellClass("early", "other", "2", "early"),
    CellClass("pre", "other", "3", "pre"),
    CellClass("pro", "other", "4", "pro"),
)
_BY_NAME = {c.name: c for c in (*CELL_CLASSES, *_OTHER_CLASSES)}


def cell_class(name: str) -> CellClass:
    """Return the class called `name`, or meant by it (`records.synonyms`).

    An unknown name is a nucleated cell of no lineage, without a key; counts say so (`is_known`).
    """
    return _BY_NAME.get(name) or _BY_NAME.get(meaning(name) or "") or CellClass(name, "other", short=name[:5])


def is_known(name: str) -> bool:
    """Return whether it is known what kind of cell a class is."""
    return name in _BY_NAME or meaning(name) is not None


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """A set of classes, and the finer classes that each includes.

    Attributes
    ----------
    name : str
        Name in recipes and files.
    members : tuple of (str, tuple of str)
        Each class with the finer classes it includes, in the order of a report. A class includes
        itself.
    """

    name: str
    members: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of a report."""
        return tuple(name for name, _ in self.members)

    def class_of(self, name: str) -> str | None:
        """Return the class that includes `name`, or what `name` means (`records.synonyms`); None if there is none."""
        for each in (name, meaning(name)):
            for group, members in self.members:
                if each == group or each in members:
                    return group
        return None

    def lookup(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return, for each of `names`, the index of its class here, or -1: shape (len(names),)."""
        groups = self.classes
        found = (self.class_of(name) for name in names)
        return np.array([-1 if g is None else groups.index(g) for g in found], dtype=np.int64)

    def recognised_by(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the classes here that a network with the classes `names` can report."""
        known = {self.class_of(name) for name in names}
        return tuple(group for group in self.classes if group in known)


_GRANULOCYTES = (
    "promyelocyte",
    "myelocyte",
    "metamyelocyte",
    "band_neutrophil",
    "segmented_neutrophil",
    "eosinophil",
    "basophil",
)

MARROW_12 = Taxonomy(
    "marrow-12",
    tuple(
        (c.name, ())
        for c in CELL_CLASSES
        if c.lineage == "myeloid" or c.name in {"erythroblast", "lymphocyte", "erythrocyte", "platelet"}
    ),
)
"""The 12 classes of the packed weights."""

ICSH = Taxonomy("icsh", tuple((c.name, ()) for c in CELL_CLASSES))
"""All classes that a person can assign: the 12, and those unknown to the packed weights."""

WANG_7 = Taxonomy(
    "wang-7",
    (
        ("granulocyte", (*_GRANULOCYTES, "neutrophil")),
        # Wang et al. count red precursors as erythrocytes; mature red cells are not part of
        # a differential.
        ("erythroblast", ()),
        ("lymphocyte", ()),
        ("megakaryocyte", ()),
        ("plasma_cell", ()),
        ("monocyte", ()),
        ("other", ("blast", "mast_cell", "macrophage", "unclassifiable")),
        ("erythrocyte", ()),
        ("platelet", ()),
    ),
)
"""The seven classes of Wang et al. 2021.

Its erythrocyte row is the erythroblast row here; red cells and platelets are separate.
"""

BLOOD_3 = Taxonomy(
    "blood-3",
    (
        ("WBC", (*(c.name for c in CELL_CLASSES if c.nucleated), *COARSE_CLASSES[1:])),
        ("RBC", ("erythrocyte",)),
        ("Platelets", ("platelet",)),
    ),
)
"""The three classes of BCCD. WBC includes every nucleated cell, as in an analyser's count."""

_INCLUDES = {
    "WBC": frozenset(dict(BLOOD_3.members)["WBC"]),
    "granulocyte": frozenset(dict(WANG_7.members)["granulocyte"]),
    "neutrophil": frozenset({"band_neutrophil", "segmented_neutrophil"}),
}


def known_as(name: str, classes: Sequence[str]) -> tuple[int, ...]:
    """Return which of some classes a name says the same as, or includes; none if nothing is known of it.

    'RBC' is known as 'erythrocyte', and 'WBC' as every nucleated class.

    Parameters
    ----------
    name : str
        A class, however it is spelt.
    classes : sequence of str
        What is known.
    """
    if name in classes:
        return (classes.index(name),)
    meant = meaning(name) or name
    meanings = [meaning(each) or each for each in classes]
    if meant in meanings:
        return (meanings.index(meant),)
    return tuple(i for i, each in enumerate(meanings) if each in _INCLUDES.get(meant, ()))


TAXONOMIES = {t.name: t for t in (MARROW_12, ICSH, WANG_7, BLOOD_3)}


def taxonomy(name: str) -> Taxonomy:
    """Return the taxonomy called `name`."""
    if name not in TAXONOMIES:
        raise RecipeError(f"No taxonomy {name!r}. Known: {', '.join(TAXONOMIES)}.")
    return TAXONOMIES[name]
