"""Which run of a project's queue goes on, and how far it is. No Qt."""

from dataclasses import dataclass, field

from napari_hemalens.progress import Progress


@dataclass(slots=True)
class QueueProgress:
    """What the steps of a queue have said so far.

    Attributes
    ----------
    run : str
        Name of the run that goes on; '' before the first.
    reached : int
        How many of its slides were looked at.
    begun : set of str
        Names of the runs that were begun.
    """

    run: str = ""
    reached: int = 0
    begun: set[str] = field(default_factory=set)

    def note(self, progress: Progress) -> bool:
        """Take note of a step; return whether another run begins with it."""
        run = progress.message.partition(":")[0]
        begins = run != self.run
        if begins:
            self.run, self.reached = run, 0
            self.begun.add(run)
        self.reached = max(self.reached, progress.done)  # the pictures, which come last, are counted from 0 again
        return begins
