"""The steps of a queue say which run goes on, and how far it is."""

from napari_hemalens.gui.project.queue_progress import QueueProgress
from napari_hemalens.progress import Progress


def test_slides_are_counted_by_run_and_pictures_are_not() -> None:
    queue = QueueProgress()
    steps = ((0, "detect-1: begins"), (2, "detect-1: a.png: 3 cells"), (1, "detect-1: a.png: drawn"))
    assert [queue.note(Progress(done, 2, said)) for done, said in steps] == [True, False, False]
    assert (queue.run, queue.reached) == ("detect-1", 2)
    assert queue.note(Progress(1, 2, "classify-1: a.png: 3 cells"))
    assert (queue.run, queue.reached, queue.begun) == ("classify-1", 1, {"detect-1", "classify-1"})
