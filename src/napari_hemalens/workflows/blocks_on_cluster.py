"""The cells of one image, by many workers: found or given, then looked at block by block."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from napari_hemalens.cluster.crew import Call, Errand
from napari_hemalens.formats.record_files import read_record
from napari_hemalens.workflows.batch import BatchInProgress, Parts
from napari_hemalens.workflows.block_calls import BlockJob, WithPictures, look, prepare, put_together

_PREPARED, _LOOKED = 0.1, 0.9  # of the time: cells are known, and all looked at


@dataclass(frozen=True, slots=True)
class BlocksErrand:
    """Work on one image of a batch.

    Attributes
    ----------
    job : BlockJob
        The image, and what is asked of its cells.
    batch : BatchInProgress
        All images.
    note : callable
        Told the share that is done, in 0-1, and what was done.
    """

    job: BlockJob
    batch: BatchInProgress
    note: Callable[[float, str], None]

    def errand(self) -> Errand[Parts]:
        """Look at the cells of the image; the same as looking at it in one process finds.

        What is found in a block stands in a file at once: an image that was stopped goes on from there.
        """
        path, answers = self.job.one.batch.files[0], list[WithPictures | None]()
        if self.job.blocks() is None:
            yield (Call(prepare, (self.job,), answers.append, f"the cells of {path}"),)
        if not any(answers):
            yield self._block_calls(self.job.blocks() or 0)
            self.note(_LOOKED, "putting the blocks together")
            yield (Call(put_together, (self.job,), answers.append, f"all blocks of {path}"),)
        parts, unpictured = self._answer(answers)
        self.batch.unpictured.update(unpictured)
        return parts

    @staticmethod
    def _answer(answers: list[WithPictures | None]) -> tuple[Parts, Mapping[str, str]]:
        return next(answer for answer in answers if answer is not None)

    def _block_calls(self, total: int) -> Iterator[Call]:
        key = self.job.key
        missing = [number for number in range(total) if read_record(self.job.file(number), key=key) is None]
        done = total - len(missing)

        def take(_: int) -> None:
            nonlocal done
            done += 1
            self.note(_PREPARED + (_LOOKED - _PREPARED) * done / total, f"block {done:,} of {total:,}")

        for number in missing:
            yield Call(
                look, (self.job, number), take, f"block {number + 1:,} of {total:,} of {self.job.one.batch.files[0]}"
            )
