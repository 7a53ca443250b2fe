"""Pictures of cells, read away from the window when they are first asked for, and kept in bounded memory. No Qt."""

from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_hemalens.errors import HemaLensError
from napari_hemalens.gui.running import Listener, Runner
from napari_hemalens.workflows.cell_pictures import cut_pictures
from napari_hemalens.workflows.images import Slide

Window: TypeAlias = tuple[float, ...]
"""y0, x0, y1, x1 in level-0 pixels."""

_KEPT = 6000  # pictures, 93 MB
_WAITING = 300  # pictures that were asked for last: who scrolls on need not wait for what was passed
_AT_ONCE = 64  # pictures of one job
_BESIDE = 64  # others of an image that is decoded as a whole


@dataclass(frozen=True, slots=True)
class PicturedImage:
    """An image whose cells are to be seen.

    Attributes
    ----------
    key : hashable
        What tells it from others.
    name : str
        For messages.
    open : callable
        Makes the slide; called in another thread.
    whole : bool
        Whether opening it takes long, so that other cells are read along with those that were asked for.
    """

    key: Hashable
    name: str = field(compare=False)
    open: Callable[[], Slide] = field(compare=False)
    whole: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Pictures:
    """Pictures (n, side, side, 3) of windows of an image, or why there are none."""

    image: PicturedImage
    windows: Sequence[Window]
    pixels: Sequence[NDArray[np.uint8]] = ()
    failure: str = ""


class CellPictures:
    """Pictures by image and window.

    Parameters
    ----------
    runner : Runner
        Reads them.
    beside : callable
        Returns the windows of all cells of an image.

    Attributes
    ----------
    arrived : Signal
        Some that were asked for are there.
    failed : Signal
        A sentence: which image cannot be read, and why. It is not tried again.
    """

    arrived = Signal()
    failed = Signal(str)

    def __init__(self, runner: Runner, beside: Callable[[PicturedImage], Iterable[Window]]) -> None:
        self._runner, self._beside = runner, beside
        self._kept: OrderedDict[tuple[Hashable, Window], NDArray[np.uint8]] = OrderedDict()
        self._waiting: OrderedDict[tuple[Hashable, Window], PicturedImage] = OrderedDict()
        self._unreadable: set[Hashable] = set()
        self._reading = False

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, image: PicturedImage, window: Window) -> NDArray[np.uint8] | None:
        """Return a picture (side, side, 3), or None while it is being read."""
        place = image.key, window
        found = self._kept.get(place)
        if found is not None:
            self._kept.move_to_end(place)
            return found
        if image.key not in self._unreadable:
            self._waiting[place] = image
            self._waiting.move_to_end(place)
            if len(self._waiting) > _WAITING:
                self._waiting.popitem(last=False)
            self._read()
        return None

    def keep_only(self, images: Iterable[PicturedImage]) -> None:
        """Forget the pictures of all other images, and try again what could not be read."""
        keys = {image.key for image in images}
        for places in (self._kept, self._waiting):
            for place in [place for place in places if place[0] not in keys]:
                del places[place]
        self._unreadable.clear()

    def _read(self) -> None:
        if self._reading or not self._waiting:
            return
        self._reading = True
        wanted: dict[PicturedImage, dict[Window, None]] = {}
        while self._waiting and sum(map(len, wanted.values())) < _AT_ONCE:
            (_, window), image = self._waiting.popitem()  # what was asked for last is on screen
            wanted.setdefault(image, {})[window] = None
        for image, windows in wanted.items():
            others = self._beside(image) if image.whole else ()
            new = (window for window in others if window not in windows and (image.key, window) not in self._kept)
            windows.update(dict.fromkeys([*islice(new, _BESIDE)]))
        listener = Listener(self._on_read, self._on_error, self._on_end)
        self._runner.run_in_background(_reading({image: (*windows,) for image, windows in wanted.items()}), listener)

    def _on_read(self, found: _Pictures) -> None:
        if found.failure:
            self._unreadable.add(found.image.key)
            self.failed.emit(found.failure)
            return
        for window, pixels in zip(found.windows, found.pixels, strict=True):
            self._kept[found.image.key, window] = pixels
            self._waiting.pop((found.image.key, window), None)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.arrived.emit()

    def _on_error(self, error: Exception) -> None:
        self._waiting.clear()
        self.failed.emit(f"The cells cannot be shown: {error}")

    def _on_end(self) -> None:
        self._reading = False
        self._read()


def _reading(wanted: Mapping[PicturedImage, Sequence[Window]]) -> Generator[_Pictures, None, None]:
    """Read windows of images, one image after the other; one that cannot be read does not stop the others."""
    for image, windows in wanted.items():
        try:
            with image.open() as slide:
                for rows, pixels in cut_pictures(slide, np.array(windows, dtype=np.float64)):
                    yield _Pictures(image, [windows[row] for row in rows.tolist()], [each.copy() for each in pixels])
        except HemaLensError as error:
            yield _Pictures(image, (), failure=f"{image.name}: {error}")
