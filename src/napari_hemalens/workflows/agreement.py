"""Several observers of the same cells compared.

>>> from napari_hemalens import workflows
>>> found = workflows.agreement(["results of Ann", "Ben=ben.csv"], out="compared")  # doctest: +SKIP
>>> print(found.pairs[0].sentence)  # doctest: +SKIP
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_hemalens.config.agreement import AgreementRecipe
from napari_hemalens.errors import AnnotationError
from napari_hemalens.evaluation.agreement import Agreement, measure_agreement
from napari_hemalens.evaluation.agreement_report import FILES, agreement_text, write_agreement
from napari_hemalens.evaluation.observer_files import NETWORK, SaidCells, read_observer, said_of_boxes, said_of_labels
from napari_hemalens.evaluation.readings import Reading, pair_readings
from napari_hemalens.formats.naming import check_apart

__all__ = [
    "NETWORK",
    "Agreement",
    "SaidCells",
    "agreement",
    "agreement_text",
    "compare",
    "said_of_boxes",
    "said_of_labels",
    "write_agreement",
]


def agreement(
    readings: Sequence[str | Path] | Mapping[str, str | Path],
    out: str | Path | None = None,
    recipe: AgreementRecipe | None = None,
    **options: Any,
) -> Agreement:
    """Compare what observers said of the same cells.

    Parameters
    ----------
    readings : sequence of path, or mapping of str to path
        For each observer a folder of results, a table of cells, or annotations; a text may begin with a name, as in
        'Ann=results'.
    out : path, optional
        Folder for a page (`agreement.html`) and tables.
    recipe : AgreementRecipe, optional
        How; or give its options as keywords: `agreement(["a", "b"], network=True)`.
    **options
        Options of `AgreementRecipe`, on top of `recipe`.

    Raises
    ------
    HemaLensError
        If something cannot be read, observers share a name or no image, or an option is none.
    """
    chosen = AgreementRecipe.from_options(**(recipe or AgreementRecipe()).model_dump() | options)
    named = [*readings.items()] if isinstance(readings, Mapping) else [_named(each) for each in readings]
    if out is not None:
        check_apart(Path(out), [Path(path) for _, path in named])
        _refuse_results(Path(out))
    said = [read_observer(path, name, chosen) for name, path in named]
    found = compare(said, chosen)
    if out is not None:
        write_agreement(found, out)
    return found


def compare(said: Sequence[SaidCells], recipe: AgreementRecipe | None = None) -> Agreement:
    """Compare what was said, with the network as one more observer where the options say so.

    Raises
    ------
    AnnotationError
        If observers share a name or no image, or the network is asked for and no reading keeps what it said.
    """
    chosen = recipe or AgreementRecipe()
    readings: list[Reading] = [each.read for each in said]
    if chosen.network:
        network = next((each.network for each in said if each.network is not None), None)
        if network is None:
            raise AnnotationError("None of these readings keeps what the network said: they hold no corrections.")
        readings.append(network)
    return measure_agreement(pair_readings(readings, chosen.iou), chosen)


def _named(text: str | Path) -> tuple[str, str | Path]:
    """Return a name and a path of 'Ann=results'; a path that is there is one, whatever signs it has."""
    name, sign, path = str(text).partition("=")
    if not sign or Path(text).exists():
        return "", text
    if not path:
        raise AnnotationError(f"No file or folder follows {text!r}, as of a variable that is not set.")
    return name.strip(), path


def _refuse_results(out: Path) -> None:
    """Refuse a folder in which `cells.csv` is that of results."""
    if (out / "run.json").exists():
        raise AnnotationError(f"{out} holds results; choose another folder for {', '.join(FILES)}.")
