"""Table 6 of Wei et al. 2022: networks that detect micronuclei, trained and tested alike.

Wei et al., BMC Med. Inform. Decis. Mak. 22 (2022). Protocols: TAD chooses the epoch on cells as they are, TVAD on five
copies of each (the cell and four that are turned, flipped and scaled).

Of networks that weight places, it is also measured whether these lie on the micronucleus.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from napari_hemalens.experiments.attention_hits import attention_hits, has_attention, hits_markdown
from napari_hemalens.experiments.kept_networks import KeptNetworks
from napari_hemalens.experiments.options import (
    ExperimentOptions,
    Table6Networks,
    Table6Protocol,
    TestSplit,
    TrialKey,
    check_choice,
)
from napari_hemalens.experiments.report import Comparison
from napari_hemalens.experiments.running import find_budget, recipe_for, select_rows, trials_steps
from napari_hemalens.experiments.splits import Partition, hold_back, sample_cells
from napari_hemalens.experiments.table6_networks import MEASURES, TABLES
from napari_hemalens.experiments.trial import PlannedTrial, TrialCrops
from napari_hemalens.formats.named_cells import read
from napari_hemalens.progress import Progress, Steps
from napari_hemalens.records.tasks import task

NAME = "micronucleus-table6"
SHARE = 0.2  # of the nuclei to train on, held back to choose the epoch by; of all, where they are split 6:2:2
COPIES = {"tad": 1, "tvad": 5}
_TASK = task("micronucleus")


def micronucleus_table6_steps(
    options: ExperimentOptions,
    *,
    protocol: Table6Protocol = "tad",
    split: TestSplit = "val",
    networks: Table6Networks = "paper",
) -> Steps[Comparison]:
    """Train and test the networks of a table under one budget; the table is written to `options.out`.

    Parameters
    ----------
    options : ExperimentOptions
        Data are one folder as `formats.named_cells` describes it, with the parts 'train' and 'val': nuclei with and
        without micronuclei.
    protocol : str
        'tad': the epoch is chosen on cells as they are; 'tvad': on five copies of each.
    split : str
        'val': the figures are of the part 'val', and a fifth of 'train' is held back to choose the epoch by; 'paper':
        all nuclei are split 6:2:2, image by image.
    networks : str
        'paper': its thirteen; 'efficientnet_lite0': that network plain and with the paper's attention, from ImageNet.

    Raises
    ------
    RecipeError
        If there is no such preset, row, protocol, split or table.
    """
    check_choice("protocol", protocol, get_args(Table6Protocol))
    check_choice("split", split, get_args(TestSplit))
    check_choice("networks", networks, tuple(TABLES))
    table = TABLES[networks]
    chosen, budget = select_rows(options.rows, table.rows), find_budget(options, table.budgets)
    data, seeds, total = options.folder, options.seeds, len(chosen) * len(options.seeds)
    yield Progress(0, total, "cutting crops")
    cells = split_data(data, split, budget.cells)
    # Outlines are cut for all, so that each row draws the same crops, whichever others were asked for.
    outlined = {"point": max(budget.recipe.point, *(row.point for row in table.rows.values()))}
    crops = TrialCrops.cut(cells, _TASK, budget.recipe.model_copy(update=outlined), copies=COPIES[protocol])
    comparison = Comparison(
        title=f"{table.title} on {data.name}, {protocol.upper()}{budget.suffix}",
        notes=_notes(crops, protocol, split, seeds, of_paper=networks == "paper"),
        measures=MEASURES,
        rows=chosen,
        floor=table.floor,
        run=options.record(NAME, protocol=protocol, split=split, networks=networks),
    )
    planned = (
        PlannedTrial(
            TrialKey(name, f"seed {seed}"),
            _TASK,
            crops,
            recipe_for(row, budget.recipe, seed),
            keep_network=has_attention(row),
        )
        for seed in seeds
        for name, row in chosen.items()
    )
    comparison = yield from trials_steps(comparison, planned, options.out, total=total)
    yield Progress(total, total, "looking up where attention lies")
    kept = KeptNetworks(options.trials, chosen, _TASK, cases=[f"seed {seed}" for seed in seeds])
    found = attention_hits(cells.test, kept)
    if found:
        comparison = replace(comparison, sections=(hits_markdown(found),))
        comparison.write(options.out)
    return comparison


def split_data(data: Path, split: TestSplit, number: int | None) -> Partition:
    """Return the nuclei to train on, to choose the epoch by and to test on, no image on two sides.

    Of the first two, `number` are drawn.
    """
    known, tested = (tuple(read(data, split=part)) for part in ("train", "val"))
    if split == "paper":
        known, tested = hold_back((*known, *tested), SHARE, seed=0)
    held_back = SHARE if split == "val" else SHARE / (1 - SHARE)  # of all, as the paper counts
    return Partition(*hold_back(sample_cells(known, number, seed=0), held_back, seed=0), tested)


def _notes(
    crops: TrialCrops, protocol: Table6Protocol, split: TestSplit, seeds: Sequence[int], *, of_paper: bool
) -> tuple[str, ...]:
    cells = crops.cells
    tested = "of the part val" if split == "val" else "of other images again (all were split 6:2:2, as in the paper)"
    notes = [
        f"Trained on {cells['train']:,} nuclei; the epoch with the greatest AUC on {cells['choose']:,} nuclei of other "
        f"images was kept; figures are of {cells['test']:,} nuclei {tested}, on which nothing was chosen. F1 and "
        "confusion matrices (true class by row: micronucleus, none) are at a probability of one half.",
        "AP and F1 depend on how many nuclei have a micronucleus: here "
        f"{100 * (crops.test.labels == 0).mean():.0f} %, in the paper's test set 6.5 %. Its figures are of other "
        "images and no yardstick for these.",
    ]
    if of_paper:
        notes.append("The paper's MobileNet is version 1, here it is version 2.")
    if protocol == "tvad":
        notes.append(
            "TVAD: the epoch was chosen on five copies of each nucleus held back. Copies are no independent evidence: "
            "they make no validation set larger than its nuclei."
        )
    if len(seeds) > 1:
        notes.append("Deviations are over seeds of training, on the same nuclei: they say nothing of other nuclei.")
    return tuple(notes)
