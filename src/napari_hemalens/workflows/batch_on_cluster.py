"""Many images on a cluster: the workers look at several at once, and what they find is kept as it comes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from napari_hemalens.cluster.connection import connected
from napari_hemalens.cluster.crew import Call, Errand, run_errands
from napari_hemalens.config.cluster import ClusterRecipe
from napari_hemalens.progress import Progress, Steps, finish
from napari_hemalens.workflows.batch import Parts
from napari_hemalens.workflows.block_calls import BlockJob
from napari_hemalens.workflows.blocks_on_cluster import BlocksErrand
from napari_hemalens.workflows.finding import AskedOfImages
from napari_hemalens.workflows.results_folder import RECORDS
from napari_hemalens.workflows.same_run import SameRun
from napari_hemalens.workflows.slide_calls import SlideJob
from napari_hemalens.workflows.slide_on_cluster import SlideErrand


def find_whole(same: SameRun, one: AskedOfImages) -> tuple[Parts, Mapping[str, str]]:
    """Look at one image on a worker; return what is found, and pictures that could not be drawn, with the reason."""
    return same.run(lambda: finish(one.find_steps(0))), one.batch.unpictured


def whole_errand(same: SameRun, asked: AskedOfImages, i: int) -> Errand[Parts]:
    """Look at the image of an index in one call."""
    answers: list[tuple[Parts, Mapping[str, str]]] = []
    yield (Call(find_whole, (same, asked.only(i)), answers.append, str(asked.batch.files[i])),)
    parts, unpictured = answers[0]
    asked.batch.unpictured.update(unpictured)
    return parts


def find_on_cluster_steps(
    asked: AskedOfImages, weights: Sequence[str | Path | None], recipe: ClusterRecipe
) -> Steps[None]:
    """Look at the images of a batch on a cluster; yields after each, and at least twice a second.

    See `finding.find_all_steps` for the parameters and errors.
    """
    batch, same = asked.batch, SameRun.of(*weights)
    total, done, shares = len(batch.files), 0, dict[int, float]()
    said = "waiting for workers"

    def note(i: int, share: float, message: str) -> None:
        nonlocal said
        shares[i], said = share, f"{batch.files[i].name}: {message}"

    def errand(i: int) -> Errand[None]:
        if not batch.take_over(i, asked.inputs(i), asked.endings):
            yield from _errand(same, asked, i, partial(note, i))

    yield Progress(0, total, "connecting to the cluster")
    with (
        connected(recipe) as client,
        closing(run_errands(client, map(errand, range(total)), retries=recipe.retries)) as answers,
    ):
        for ended in answers:
            if ended is None:
                yield Progress(done, total, said, at=(done + sum(shares.values())) / total)
                continue
            if ended.error is not None:
                batch.fail(ended.number, ended.error)
            done += 1
            shares.pop(ended.number, None)
            yield Progress(done, total, batch.message(ended.number), reused=ended.number in batch.kept)


def _errand(same: SameRun, asked: AskedOfImages, i: int, note: Callable[[float, str], None]) -> Errand[None]:
    """Look at the image of an index, by as many workers as it is worth, and keep what is found."""
    batch = asked.batch
    if asked.tiled is not None:
        slide = SlideErrand(SlideJob(same, batch.files[i], asked.tiled), batch, i, note)
        batch.keep(i, (yield from slide.errand()))
        slide.delete_tiles()
    elif asked.blocks is not None:
        job = BlockJob(same, asked.only(i), batch.out / RECORDS / f"{batch.stems[i]}.blocks", batch.keys[i])
        batch.keep(i, (yield from BlocksErrand(job, batch, note).errand()))
        job.delete()
    else:
        batch.keep(i, (yield from whole_errand(same, asked, i)))
