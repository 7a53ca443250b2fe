"""What the workers of a cluster need to have in common with a run, and see of its files."""

from collections.abc import Callable, Mapping
from contextlib import chdir
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from napari_hemalens._version import __version__
from napari_hemalens.cluster.worker import ALONE
from napari_hemalens.errors import ClusterError
from napari_hemalens.models.weights import whole_hashes

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SameRun:
    """What a worker needs to have for its cells to be those of the run.

    Attributes
    ----------
    weights : tuple of str
        Names or files.
    hashes : tuple of (str, str)
        Over weights and model card, by name.
    folder : str
        That paths are relative to.
    hemalens : str
        The version.
    """

    weights: tuple[str, ...]
    hashes: tuple[tuple[str, str], ...]
    folder: str
    hemalens: str = __version__

    @classmethod
    def of(cls, *weights: str | Path | None) -> "SameRun":
        """Return what this machine has."""
        names = tuple(str(name) for name in weights if name)
        return cls(names, _hashes(names), str(Path.cwd()))

    def run(self, function: Callable[[], T]) -> T:
        """Run a function on a worker, alone and in the folder of the run, after a check that the worker fits.

        Raises
        ------
        ClusterError
            If this process has another version or other weights, or does not see the folder.
        WeightsError
            If the weights are not there.
        """
        with ALONE:
            if not Path(self.folder).is_dir():
                raise ClusterError(
                    f"A worker does not see {self.folder}: images and this folder have to lie where all workers find "
                    "them by the same path."
                )
            with chdir(self.folder):
                self._check()
                return function()

    def _check(self) -> None:
        if self.hemalens != __version__:
            raise ClusterError(
                f"A worker has HemaLens {__version__}, this run is of {self.hemalens}: install the same there."
            )
        if _hashes(self.weights) != self.hashes:
            raise ClusterError(f"A worker has other weights by the name {', '.join(self.weights)}: install the same.")


def check_packages(versions: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """Refuse to compute by other packages than the worker that looked at an image first.

    Raises
    ------
    ClusterError
        If a version is not the expected one.
    """
    for package, version in versions.items():
        if version != expected.get(package):
            raise ClusterError(
                f"A worker computes by {package} {version}, another one by {expected.get(package, 'none')}: install "
                "the same on all, or choose the runtime torch."
            )


@lru_cache(maxsize=4)
def _hashes(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(whole_hashes(*names).items()))
