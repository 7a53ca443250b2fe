"""Which tiles of an image a detector sees, and at what scale: plain numbers that a cluster can share out, no torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_hemalens.config.options import DetectionRecipe
from napari_hemalens.errors import RecipeError
from napari_hemalens.models.cards import DetectorCard
from napari_hemalens.slides.region import Region, check_region
from napari_hemalens.slides.slide import Slide
from napari_hemalens.slides.tiles import Tile, plan


@dataclass(frozen=True, slots=True)
class TilePlan:
    """The tiles of a region at the scale of a network, and what boxes on them mean in the image.

    Attributes
    ----------
    region : Region
        What is analysed, in level-0 pixels.
    scale : float
        Network pixels a level-0 pixel.
    tiles : tuple of Tile
        In network pixels of the region.
    """

    region: Region
    scale: float
    tiles: tuple[Tile, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the region in network pixels."""
        y0, x0, y1, x1 = self.region
        return max(1, round((y1 - y0) * self.scale)), max(1, round((x1 - x0) * self.scale))

    def share(self, number: int, of: int) -> Self:
        """Return one of several plans that have about as many tiles each, and all tiles together.

        Parameters
        ----------
        number : int
            Which, from 0.
        of : int
            How many there are.

        Raises
        ------
        RecipeError
            If there is no such share.
        """
        if not 0 <= number < of:
            raise RecipeError(f"No share {number} of {of}: shares are counted from 0.")
        return replace(self, tiles=self.tiles[number::of])

    def level0(self, tile: Tile) -> Region:
        """Return the whole level-0 pixels that a tile covers."""
        bottom, right = self.region[2:]
        y0, x0, y1, x1 = self.to_level0(np.array([[tile.y0, tile.x0, tile.y1, tile.x1]]))[0].round()
        return int(y0), int(x0), min(int(y1), bottom), min(int(x1), right)

    def to_level0(self, boxes: NDArray[np.floating] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Take boxes (N, 4) in network pixels of the region to level-0 pixels."""
        stretch, corner = self._frame()
        moved: NDArray[np.float32] = (boxes * stretch + corner).astype(np.float32)
        return moved

    def from_level0(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Take boxes (N, 4) in level-0 pixels to network pixels of the region."""
        stretch, corner = self._frame()
        moved: NDArray[np.float32] = ((boxes - corner) / stretch).astype(np.float32)
        return moved

    def to_plain(self) -> dict[str, Any]:
        """Return the plan as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Return the plan that `to_plain` was asked for."""
        y0, x0, y1, x1 = plain["region"]
        tiles = tuple(Tile(**{**tile, "core": tuple(tile["core"])}) for tile in plain["tiles"])
        return cls((y0, x0, y1, x1), plain["scale"], tiles)

    def _frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return level-0 pixels a network pixel, and where the region begins: (4,) each."""
        (height, width), (y0, x0, y1, x1) = self.shape, self.region
        return np.array([(y1 - y0) / height, (x1 - x0) / width] * 2), np.array([y0, x0] * 2, dtype=np.float64)


def plan_tiles(
    slide: Slide,
    card: DetectorCard,
    recipe: DetectionRecipe,
    *,
    pixel_size_um: float | None = None,
    region: Region | None = None,
) -> TilePlan:
    """Cut a region of a slide into tiles for a detector; no pixel is read.

    Parameters
    ----------
    slide : Slide
        The image.
    card : DetectorCard
        Of the detector; its pixel size and stride are used.
    recipe : DetectionRecipe
        Its tile and overlap are used.
    pixel_size_um : float, optional
        Of the slide; that of the card where it is not known.
    region : Region, optional
        What to analyse; all of the slide by default.

    Raises
    ------
    ImageError
        If the region lies outside the slide.
    RecipeError
        If the tiles overlap by all they have.
    """
    whole = TilePlan(check_region(region, slide), (pixel_size_um or card.pixel_size_um) / card.pixel_size_um)
    tiles = plan(whole.shape, tile=recipe.tile, overlap=recipe.overlap, align=card.stride)
    return replace(whole, tiles=tiles)


def read_tile(slide: Slide, plan: TilePlan, tile: Tile, *, level: int | None = None) -> NDArray[np.uint8]:
    """Return the pixels under a tile (h, w, 3), at the level that fits, or another; not yet at the plan's scale."""
    level = slide.best_level(plan.scale) if level is None else level
    factor = slide.downsamples[level]
    height, width = slide.levels[level].shape[:2]
    y0, x0, y1, x1 = (round(edge / factor) for edge in plan.level0(tile))
    y0, x0 = min(y0, height - 1), min(x0, width - 1)
    y1, x1 = min(max(y1, y0 + 1), height), min(max(x1, x0 + 1), width)
    return slide.read(y0, x0, y1, x1, level=level)
