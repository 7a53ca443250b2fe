"""TIFF, OME-TIFF and the slide formats built on them, read tile by tile or strip by strip."""

import weakref
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import zarr
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffPage, TiffPageSeries
from zarr.abc.buffer import Buffer, BufferPrototype
from zarr.abc.store import ByteRequest, Store
from zarr.storage import WrapperStore

from napari_hemalens.errors import ImageError
from napari_hemalens.formats.decoding import check_fits
from napari_hemalens.formats.tiff_files import open_tiff
from napari_hemalens.slides import pixel_size
from napari_hemalens.slides.channel_names import read_tiff_channel_names
from napari_hemalens.slides.converted import Coloured, Inverted, WithoutFourth
from napari_hemalens.slides.pictures import read_picture
from napari_hemalens.slides.stored import Stored

_CACHE = 128 << 20  # bytes: a row of tiles from strips 20,000 pixels wide takes half of it
_GREY = (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE)
_OTHER_JPEG = (33003, 33004, 33005, 33007, 34712, 34892)  # of Aperio and other scanners, among them JPEG 2000
_IN_PIECES = (*_GREY, PHOTOMETRIC.RGB, PHOTOMETRIC.YCBCR, PHOTOMETRIC.PALETTE, PHOTOMETRIC.MASK)


class RecentChunks(WrapperStore[Store]):  # type: ignore[misc]
    """A store that caches the chunks decoded last.

    Tiles overlap, and strips cross a whole row of tiles: without a cache, each strip would be
    decoded again for every tile it touches. At least one chunk is kept, so that an image in one
    piece is decoded once.

    Parameters
    ----------
    store : Store
        Decodes the chunks; read-only.
    release : callable
        Closes the file behind `store`. Called by `close`, or when this object is garbage-collected.
    size : int
        Size of the cache, in bytes.
    """

    def __init__(self, store: Store, release: Callable[[], object], size: int = _CACHE) -> None:
        super().__init__(store)
        self._release = weakref.finalize(self, release)
        self._size = size
        self._held = 0
        self._chunks: OrderedDict[str, Buffer] = OrderedDict()

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Return the chunk `key`, from the cache or newly decoded."""
        if not self._release.alive:  # tifffile would open the file again
            raise ValueError("it is closed")
        if key in self._chunks:
            self._chunks.move_to_end(key)
            return self._chunks[key]
        chunk = await super().get(key, prototype, byte_range)
        if chunk is not None and key not in self._chunks:  # another read may have been faster
            self._chunks[key] = chunk
            self._held += len(chunk)
            while self._held > self._size and len(self._chunks) > 1:
                self._held -= len(self._chunks.popitem(last=False)[1])
        return chunk

    def close(self) -> None:
        """Close the file; nothing can be read afterwards."""
        self._release()
        self._chunks.clear()


def read_tiff(path: Path) -> Stored:
    """Open the largest image of a TIFF file, with its pyramid.

    Uncompressed images in one piece are memory-mapped; all others are decoded on access. The file is
    closed by `release`, or when the last level is garbage-collected. Colours that only a whole picture is converted
    from (CMYK, Lab, Y'CbCr that is no JPEG) are read whole.
    """
    with ExitStack() as files:
        tif = files.enter_context(open_tiff(path))
        index, series = max(enumerate(tif.series), key=lambda item: _area(item[1]))
        page = series.keyframe
        if page.photometric not in _IN_PIECES or (page.photometric == PHOTOMETRIC.YCBCR and not _is_jpeg(page)):
            return _read_whole(path, page)
        _check_length(series)
        _check_chunks(series)
        if all(level.dataoffset is not None and level.keyframe.is_memmappable for level in series.levels):
            levels = tuple(level.asarray(out="memmap") for level in series.levels)
            release = None  # a mapping lasts as long as its array
        else:
            decoded = series.aszarr()
            files.callback(decoded.close)
            store = RecentChunks(decoded, files.pop_all().close)
            levels = _arrays(zarr.open(store, mode="r", zarr_format=2))
            release = store.close
        levels, axes = _meant(levels, series)
        return Stored(
            levels,
            axes=axes,
            rgb=None if {3, 4}.intersection(series.shape) else False,
            steps_um=pixel_size.read_tiff_steps(tif, page, index),
            channels=read_tiff_channel_names(tif, index, _length(series, "C")),
            release=release,
        )


def _meant(levels: tuple[Any, ...], series: TiffPageSeries) -> tuple[tuple[Any, ...], str | None]:
    """Return the levels as grey or RGB, and their axes; None where the file does not name all of them."""
    page = series.keyframe
    axes = None if "Q" in series.axes else series.axes  # tifffile's letter for an unnamed axis
    if page.photometric == PHOTOMETRIC.MINISWHITE and page.dtype.kind in "bu":
        return tuple(Inverted(level, 2**page.bitspersample - 1) for level in levels), axes
    if page.photometric == PHOTOMETRIC.PALETTE and page.colormap is not None:
        return tuple(Coloured.from_colormap(level, page.colormap) for level in levels), f"{series.axes}S"
    if page.photometric == PHOTOMETRIC.RGB and page.extrasamples == (EXTRASAMPLE.UNSPECIFIED,):
        return tuple(WithoutFourth(level, series.axes.index("S")) for level in levels), axes
    return levels, axes


def _is_jpeg(page: TiffPage) -> bool:
    """Whether decoding turns Y'CbCr into RGB."""
    return page.compression in (COMPRESSION.OJPEG, COMPRESSION.JPEG, *_OTHER_JPEG)


def _read_whole(path: Path, page: TiffPage) -> Stored:
    try:
        return read_picture(path)
    except OSError as error:  # UnidentifiedImageError
        colours = PHOTOMETRIC(page.photometric).name
        raise ImageError(f"its colours are {colours}, stored as nothing reads them; save it as grey or RGB.") from error


def _area(series: TiffPageSeries) -> int:
    return _length(series, "Y") * _length(series, "X")


def _length(series: TiffPageSeries, axis: str) -> int:
    return int(dict(zip(series.axes, series.shape, strict=True)).get(axis, 0))


def _arrays(node: zarr.Array | zarr.Group) -> tuple[Any, ...]:
    if isinstance(node, zarr.Array):
        return (node,)
    return tuple(node[str(level)] for level in range(len(list(node.array_keys()))))


def _check_length(series: TiffPageSeries) -> None:
    """Refuse a truncated file now, rather than half-way through a run."""
    for level in series.levels:
        for page in (level.pages[0], level.pages[-1]):
            if page is None:  # not stored: read as 0
                continue
            ends = (start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=False))
            if max(ends, default=0) > page.parent.filehandle.size:
                raise ImageError("it is truncated: its image data extend beyond its end.")


def _check_chunks(series: TiffPageSeries) -> None:
    """Refuse an image whose pieces do not fit into memory, each of which is decoded at once."""
    for level in series.levels:
        page = level.keyframe
        if not page.is_memmappable:
            check_fits(page.chunks, page.dtype.itemsize)
