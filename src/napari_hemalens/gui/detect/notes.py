"""Sentences about how cells were found, and are shown and counted."""

from collections.abc import Sequence

from napari.layers import Points

from napari_hemalens.gui.axes import guess_in_words
from napari_hemalens.gui.detect.field import Field
from napari_hemalens.gui.layers import BOXES_AT_MOST
from napari_hemalens.progress import counted
from napari_hemalens.records.notes import listed


def notes_on(fields: Sequence[Field], display: str, unsure: int) -> tuple[str, ...]:
    """Return what a person has to know of the cells of all fields.

    Parameters
    ----------
    fields : sequence of Field
        What was analysed.
    display : str
        Which cells are shown, in a sentence; empty for all.
    unsure : int
        How many unsure cells are counted under a class.
    """
    framed = [f.name for f in fields if f.cells.cells.provenance.frame]
    said = [f"Counted: {listed(framed)}."] if framed else []
    for f in fields:
        origin = f.cells.cells.provenance
        if f.image is not None and (guessed := guess_in_words(f.image)):
            said.append(f"{f.name}: {guessed}")
        if origin.pixel_size_source == "estimated":
            said.append(f"{f.name}: pixel size estimated from the red cells, {origin.pixel_size_um:.3g} µm.")
        if f.drawing is not None and isinstance(f.drawing.layer, Points):
            said.append(f"{f.name}: more than {BOXES_AT_MOST:,} cells, shown as points instead of boxes.")
        if f.small is not None:
            said.append(f"{f.name}: red cells and platelets are shown as points; Small cells says when.")
    said += [display] if display else []
    if unsure:
        said.append(f"{counted(unsure, 'unsure cell is', 'unsure cells are')} counted under the likeliest class.")
    return tuple(said)
